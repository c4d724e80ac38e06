-- The current statement of the file ended, and the file moves on, or waits for the next number. A time of -1 or an
-- empty id is not known: what is stored stays. Marks that were set for another end are taken away, and so is any
-- lease: its holder has nothing left to do.
with before as (
    :fence
), changed as (
    update :"file" f set
        :enter_state,
        reason = left(nullif(:'reason'::text, ''), 4000),
        waiting_since = case when :'next_attempt_ms'::bigint > 0 then coalesce(f.waiting_since, :now) end,
        waiting_reason = case
            when :'next_attempt_ms'::bigint > 0
                then left(coalesce(nullif(:'reason'::text, ''), nullif(:'note'::text, '')), 4000)
        end,
        next_attempt_at = case
            when :'next_attempt_ms'::bigint > 0
                then to_timestamp(:'next_attempt_ms'::bigint::double precision / 1000)
        end,
        rows_loaded = case
            when f.statement_kind <> 'load' then f.rows_loaded
            when :'outcome'::text = 'IN' then nullif(:'rows'::bigint, -1)
        end,
        noticed_at = case when not :'is_end'::boolean and f.state = :'state'::text then f.noticed_at end,
        cleaned_at = case when not :'is_end'::boolean and f.state = :'state'::text then f.cleaned_at end,
        archived_key = case
            when f.archived_at is null and f.state in ('FAILED', 'REJECTED') then null -- a name for failures
            else f.archived_key
        end,
        audited_at = case when :'is_audited'::boolean then :now else f.audited_at end,
        lease_owner = null,
        lease_until = null
    from before
    where f.file_id = before.file_id
    returning f.*, before.locked_ctid, before.state as old_state
), written as (
    update :"statement" s set
        statement_id = coalesce(nullif(:'statement_id'::text, ''), s.statement_id),
        started_at = coalesce(
            to_timestamp(nullif(:'started_ms'::bigint, -1)::double precision / 1000), s.started_at),
        ended_at = coalesce(to_timestamp(nullif(:'ended_ms'::bigint, -1)::double precision / 1000), s.ended_at),
        rows = nullif(:'rows'::bigint, -1),
        outcome = nullif(:'outcome'::text, ''),
        error = case
            when :'outcome'::text = 'NOTHING' then coalesce(nullif(:'reason'::text, ''), nullif(:'note'::text, ''))
        end
    from changed c
    where s.work_id = c.file_id and s.kind = c.statement_kind and s.number = c.statement_no
    returning s.*
), noted as (
    :history_row
), audited as (
    :audit_row
), file_after as (
    select * from changed
), statements_after as (
    :statements_written
)
select :record
:record_tables;
