-- Is nobody's lease of row f, of any table of units, live?
f.lease_owner is null or f.lease_until <= :now
