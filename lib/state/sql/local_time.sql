-- A moment in the configured zone, as names in the archive have it.
select to_char(
    to_timestamp(:'time_ms'::double precision / 1000) at time zone :'timezone'::text,
    'YYYY-MM-DD-HH24-MI-SS') as local_time;
