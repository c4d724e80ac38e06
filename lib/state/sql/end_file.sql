-- The file ends, and no statement brings the end. A writer without a claim takes any lease away.
with before as (
    :fence
), changed as (
    update :"file" f set
        :enter_state,
        reason = left(nullif(:'reason'::text, ''), 4000),
        waiting_since = null,
        waiting_reason = null,
        next_attempt_at = null,
        noticed_at = case when :'is_silent'::boolean then :now end,
        cleaned_at = null,
        audited_at = case when :'is_audited'::boolean then :now else f.audited_at end,
        lease_owner = case when :'claim_no'::int4 <> 0 then f.lease_owner end,
        lease_until = case when :'claim_no'::int4 <> 0 then f.lease_until end
    from before
    where f.file_id = before.file_id
    returning f.*, before.locked_ctid, before.state as old_state
), noted as (
    :history_row
), audited as (
    :audit_row
), file_after as (
    select * from changed
), statements_after as (
    :statements
)
select :record
:record_tables;
