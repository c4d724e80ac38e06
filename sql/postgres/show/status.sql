-- What is unfinished, since when, when it goes on, and why; then how many files ended, by state.
--
--     psql -X -f sql/postgres/show/status.sql

\pset pager off
\pset footer off
\echo 'Unfinished files:'
select o.key, o.state, date_trunc('second', o.open_since) as since, date_trunc('second', o.next_attempt_at) as next_attempt, o.why
from rdscnfg.ext_file_open o
order by o.open_since, o.key;
\echo 'All files:'
select f.state, count(*) as files, sum(f.rows_loaded) as rows_loaded, date_trunc('second', max(f.state_at)) as newest
from rdscnfg.ext_file f
group by f.state
order by f.state;
