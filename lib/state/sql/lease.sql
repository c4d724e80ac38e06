-- What is set in row f, of any table of units, when its lease is taken. A lease that nobody released belonged to
-- an attempt that died.
lease_owner = :'owner'::text,
lease_until = to_timestamp(:'until_ms'::double precision / 1000),
claim_no = f.claim_no + 1,
attempts = f.attempts + case when f.lease_owner is null then 0 else 1 end
