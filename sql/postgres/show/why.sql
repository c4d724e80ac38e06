-- What happened to the files under a key, or a part of one, the newest upload last.
--
--     psql -X -v key=DEMO_20261101 -f sql/postgres/show/why.sql

\pset pager off
\pset footer off
\echo 'Files:'
select f.file_id, f.key, f.state, coalesce(f.reason, o.why, '') as reason
from rdscnfg.ext_file f
left join rdscnfg.ext_file_open o on o.file_id = f.file_id
where strpos(f.key, :'key') > 0
order by f.received_at, f.reupload_no;
\echo 'Journey:'
select right(j.file_id::text, 12) as file, date_trunc('milliseconds', j.happened_at) as at, j.what, j.detail
from rdscnfg.ext_file_journey j
join rdscnfg.ext_file f on f.file_id = j.file_id
where strpos(j.key, :'key') > 0
order by f.received_at, f.reupload_no, j.file_id, j.happened_at, j.place, j.what;
