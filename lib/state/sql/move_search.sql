-- Stores how far the search of a prefix has come, if it still is where this sweep found it. Of two sweeps one wins.
update :"landing" l set
    search_after = :'after'::text,
    search_began_at = to_timestamp(:'began_ms'::double precision / 1000),
    search_ended_at = case when :'is_ended'::boolean then :now else l.search_ended_at end
where l.bucket = :'bucket'::text
    and l.prefix = :'prefix'::text
    and l.search_after = :'from_after'::text
    and coalesce((extract(epoch from l.search_began_at) * 1000)::bigint, 0) = :'from_began_ms'::bigint
returning true as is_moved;
