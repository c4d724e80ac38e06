-- Finds the newest earlier upload of identical bytes whose source was deleted at the time of the event or later:
-- that took the bytes of the event's upload with it, and the copy in the archive still has them.
with file_after as (
    select f.*, f.ctid as locked_ctid
    from :"file" f
    where f.bucket = :'bucket'::text
        and f.key = :'key'::text
        and f.version_id = ''
        and f.etag = :'etag'::text
        and f.archived_key is not null
        and f.source_deleted_at >= to_timestamp(:'event_ms'::double precision / 1000)
        and :is_earlier
    order by f.received_at desc, f.reupload_no desc
    limit 1
), statements_after as (
    :statements
)
select :record
:record_tables;
