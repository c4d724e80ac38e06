-- Where the record comes from: the CTEs `file_after` and `statements_after`.
from file_after f
left join statements_after s
    on s.work_id = f.file_id and s.kind = f.statement_kind and s.number = f.statement_no
left join lateral (
    select a.started_at, a.ended_at
    from statements_after a
    where a.work_id = f.file_id and a.kind = 'load' and a.outcome = 'IN'
    order by a.number desc
    limit 1
) l on true
