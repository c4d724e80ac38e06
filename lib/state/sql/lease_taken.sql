-- Takes the lease of a unit of work, of any table of units: `before` is its row, locked, and `taken` the row with
-- the new lease, if the old one is not live.
before as (
    select f.*, f.ctid as locked_ctid
    from :"unit" f
    where f.:"unit_id" = :'work_id'::uuid
    for update
), taken as (
    update :"unit" f set
        :lease
    from (select f.* from before f where :lease_is_free) free
    where f.:"unit_id" = free.:"unit_id"
    returning f.*, free.locked_ctid
)
