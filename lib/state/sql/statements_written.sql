-- The statements of the file as they are after this statement. It does not see in the table what it writes itself,
-- so `written` has that.
select w.*
from written w
union all
select s.*
from :"statement" s
join file_after f on f.file_id = s.work_id
where not exists (
    select from written w where w.work_id = s.work_id and w.kind = s.kind and w.number = s.number)
