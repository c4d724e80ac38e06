-- Claims the newest row of an upload whose object is not in its place any more, with work left that nobody else
-- has. Where nothing can be claimed, the row that fits best comes back.
with before as (
    select f.*, f.ctid as locked_ctid
    from :"file" f
    where f.bucket = :'bucket'::text
        and f.key = :'key'::text
        and (:is_upload)
        and (:in_scope)
        and (:lease_is_free)
    order by f.received_at desc, f.reupload_no desc
    limit 1
    for update
), taken as (
    update :"file" f set
        :lease
    from before
    where f.file_id = before.file_id
    returning f.*, before.locked_ctid
), other as (
    select f.*, f.ctid as locked_ctid
    from :"file" f
    where f.bucket = :'bucket'::text
        and f.key = :'key'::text
        and (:is_upload)
        and not exists (select from taken)
    order by (:in_scope) desc, f.received_at desc, f.reupload_no desc
    limit 1
), file_after as (
    select * from taken
    union all
    select * from other
), statements_after as (
    :statements
)
select
    case
        when exists (select from taken) then 'WON'
        when (:in_scope) then 'BUSY'
        else 'NOTHING'
    end as outcome,
    :record
:record_tables;
