-- Renews the lease of a unit of work, of any table of units, if it is still held.
update :"unit" f set
    lease_until = to_timestamp(:'until_ms'::double precision / 1000)
where f.:"unit_id" = :'work_id'::uuid and f.lease_owner = :'owner'::text
returning true as is_held;
