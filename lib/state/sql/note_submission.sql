-- Redshift took the current statement of the file, under this id. One that was judged meanwhile stays judged. The
-- hours of a first number end here: it waited to be submitted, and now it is.
-- A writer with a claim releases its lease.
with before as (
    :fence
), open as (
    -- Locked, because a snapshot may be older than the judgement.
    select s.work_id
    from :"statement" s
    join before b on s.work_id = b.file_id and s.kind = b.statement_kind and s.number = b.statement_no
    where s.outcome is null
    for update of s
), changed as (
    update :"file" f set
        :enter_state,
        next_attempt_at = null,
        waiting_since = case when f.statement_no > 1 then f.waiting_since end,
        waiting_reason = case when f.statement_no > 1 then f.waiting_reason end,
        lease_owner = case when :'claim_no'::int4 = 0 then f.lease_owner end,
        lease_until = case when :'claim_no'::int4 = 0 then f.lease_until end
    from before
    join open on open.work_id = before.file_id
    where f.file_id = before.file_id
    returning f.*, before.locked_ctid, before.state as old_state
), written as (
    update :"statement" s set
        statement_id = :'statement_id'::text,
        submitted_at = coalesce(s.submitted_at, :now)
    from changed c
    where s.work_id = c.file_id and s.kind = c.statement_kind and s.number = c.statement_no
    returning s.*
), noted as (
    :history_row
), file_after as (
    select * from changed
), statements_after as (
    :statements_written
)
select :record
:record_tables;
