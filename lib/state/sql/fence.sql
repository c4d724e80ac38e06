-- The row of the file, locked, if the fence holds. A writer without a lease has the claim_no 0.
select f.*, f.ctid as locked_ctid
from :"file" f
where f.file_id = :'file_id'::uuid
    and f.state = any (:'states'::text[])
    and :'claim_no'::int4 in (0, f.claim_no)
    and f.statement_kind = :'current_kind'::text
    and f.statement_no = :'current_number'::int4
for update
