-- The moment of the write.
to_timestamp(:'now_ms'::double precision / 1000)
