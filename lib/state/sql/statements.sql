-- The statements of the file, when nothing is written to them here.
select s.*
from :"statement" s
join file_after f on f.file_id = s.work_id
