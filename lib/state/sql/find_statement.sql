-- Finds the file whose statement has this id of the Data API.
select f.file_id::text as file_id
from :"statement" s
join :"file" f on f.file_id = s.work_id
where s.statement_id = :'statement_id'::text;
