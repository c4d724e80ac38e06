-- The files that are due now, the longest due first. Statements come last: most of them simply run.
select d.work_id::text as file_id
from :"due" d
where d.unit = 'file' and d.due_at <= :now
order by d.what = 'statement', d.due_at, d.work_id
limit :'limit'::bigint;
