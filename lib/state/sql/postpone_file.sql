-- The statement of the file still runs: the file is due again at that time. Its hours do not count.
update :"file" f
set next_attempt_at = to_timestamp(:'next_attempt_ms'::bigint::double precision / 1000)
where f.file_id = :'file_id'::uuid
    and f.state in ('SUBMITTED', 'TRANSFORMING')
    and f.lease_owner is null;
