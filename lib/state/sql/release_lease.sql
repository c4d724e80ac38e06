-- Releases the lease of a unit of work, of any table of units. A next_attempt_ms above 0 says when to try again
-- after a failure that may pass by itself, and waiting_reason why.
update :"unit" f set
    lease_owner = null,
    lease_until = null,
    next_attempt_at = coalesce(
        to_timestamp(nullif(:'next_attempt_ms'::bigint, 0)::double precision / 1000), f.next_attempt_at),
    waiting_since =
        case when :'next_attempt_ms'::bigint > 0 then coalesce(f.waiting_since, :now) else f.waiting_since end,
    waiting_reason = case
        when :'next_attempt_ms'::bigint > 0 then left(nullif(:'waiting_reason'::text, ''), 4000)
        else f.waiting_reason
    end
where f.:"unit_id" = :'work_id'::uuid and f.claim_no = :'claim_no'::int4;
