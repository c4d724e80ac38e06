-- The history row, if the state changed.
insert into :"history" (file_id, state, entered_at, claim_no, statement_no, note)
select c.file_id, c.state, :now, c.claim_no, c.statement_no, left(nullif(:'note'::text, ''), 4000)
from changed c
where c.old_state <> c.state
