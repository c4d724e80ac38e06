-- Takes the lease of a file, whatever its state. The row comes back in either case.
with :lease_taken, file_after as (
    select * from taken
    union all
    select f.* from before f where not exists (select from taken)
), statements_after as (
    :statements
)
select exists (select from taken) as is_taken,
    :record
:record_tables;
