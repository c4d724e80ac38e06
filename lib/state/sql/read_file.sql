-- Reads the record of a file.
with file_after as (
    select f.*, f.ctid as locked_ctid
    from :"file" f
    where f.file_id = :'file_id'::uuid
), statements_after as (
    :statements
)
select :record
:record_tables;
