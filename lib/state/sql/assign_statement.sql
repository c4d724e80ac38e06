-- Gives the file the next number of a statement, and stores all that determines the request. What was prepared for
-- the first load comes with it if is_prepared: then any waiting for the file's bytes is over. A count of -1 is not
-- known.
with before as (
    :fence
), changed as (
    update :"file" f set
        :enter_state,
        statement_kind = :'kind'::text,
        statement_no = :'number'::int4,
        waiting_since = case when not :'is_prepared'::boolean then f.waiting_since end,
        waiting_reason = case when not :'is_prepared'::boolean then f.waiting_reason end,
        private_key =
            case when :'is_prepared'::boolean then nullif(:'private_key'::text, '') else f.private_key end,
        promised_records =
            case when :'is_prepared'::boolean then nullif(:'promised_records'::bigint, -1) else f.promised_records end,
        file_records =
            case when :'is_prepared'::boolean then nullif(:'file_records'::bigint, -1) else f.file_records end,
        loadable_records =
            case when :'is_prepared'::boolean then nullif(:'loadable_records'::bigint, -1) else f.loadable_records end,
        target_schema =
            case when :'is_prepared'::boolean then nullif(:'target_schema'::text, '') else f.target_schema end,
        target_table =
            case when :'is_prepared'::boolean then nullif(:'target_table'::text, '') else f.target_table end
    from before
    where f.file_id = before.file_id
    returning f.*, before.locked_ctid, before.state as old_state
), written as (
    insert into :"statement" (work_id, kind, number, name, target, sql, numbered_at)
    select c.file_id, c.statement_kind, c.statement_no, :'name'::text, :'target'::text, :'sql'::text, :now
    from changed c
    returning *
), noted as (
    :history_row
), file_after as (
    select * from changed
), statements_after as (
    :statements_written
)
select :record
:record_tables;
