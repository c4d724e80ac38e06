-- Which objects of a listing have no row, by their places in the list? A row knows an object if it is of a later
-- upload of the key, or of the same second and has its etag. S3 counts seconds.
-- The limit makes Postgres look up each key, whatever it believes about the size of the table.
select listed.place
from rows from (
    json_to_recordset(:'objects'::json) as (key text, etag text, modified_ms bigint)
) with ordinality as listed (key, etag, modified_ms, place)
cross join lateral (select to_timestamp(listed.modified_ms / 1000) as modified) as upload
left join lateral (
    select true as is_known
    from :"file" f
    where f.bucket = :'bucket'::text
        and f.key = listed.key
        and (
            date_trunc('second', f.last_modified) > upload.modified
            or (date_trunc('second', f.last_modified) = upload.modified and f.etag = listed.etag))
    limit 1
) as known on true
where known.is_known is null
order by listed.place;
