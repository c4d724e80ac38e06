-- Makes the row of an upload that was removed or replaced before it could be looked at, unless it is known. Nothing
-- is due for it. Uploads that look the same each get their own row. Of two that are recorded at the same time one
-- meets a conflict: it is neither recorded nor known, and the statement has to be run again.
with known as (
    select
    from :"file" f
    where f.bucket = :'bucket'::text and f.key = :'key'::text and (:is_upload)
    limit 1
), made as (
    insert into :"file" (
        file_id, bucket, key, version_id, etag, size_bytes, last_modified, reupload_no, sequencer, received_at,
        state, state_at, reason, noticed_at, cleaned_at)
    select
        :'new_file_id'::uuid,
        :'bucket'::text,
        :'key'::text,
        :'version_id'::text,
        :'etag'::text,
        :'size_bytes'::bigint,
        to_timestamp(:'last_modified_ms'::double precision / 1000),
        (
            select coalesce(max(f.reupload_no) + 1, 0)
            from :"file" f
            where f.bucket = :'bucket'::text
                and f.key = :'key'::text
                and f.version_id = :'version_id'::text
                and f.etag = :'etag'::text
                and f.size_bytes = :'size_bytes'::bigint
                and f.last_modified = to_timestamp(:'last_modified_ms'::double precision / 1000)
        ),
        :'sequencer'::text,
        :now,
        :'state'::text,
        :now,
        left(nullif(:'reason'::text, ''), 4000),
        :now,
        :now
    where not exists (select from known)
    on conflict do nothing
    returning *
), noted as (
    insert into :"history" (file_id, state, entered_at, claim_no, statement_no, note)
    select m.file_id, m.state, m.state_at, 0, 0, m.reason
    from made m
)
select exists (select from made) as is_recorded, exists (select from known) as is_known;
