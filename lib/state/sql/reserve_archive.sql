-- Reserves the key of the archive copy. The first one that was reserved stays.
with before as (
    :fence
), changed as (
    update :"file" f set
        archived_key = coalesce(f.archived_key, :'archived_key'::text)
    from before
    where f.file_id = before.file_id
    returning f.*, before.locked_ctid
), file_after as (
    select * from changed
), statements_after as (
    :statements
)
select :record
:record_tables;
