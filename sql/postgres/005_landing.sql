-- Where files land, and how far the search for objects without a row has come. Without rows nothing is searched.

create table if not exists rdscnfg.ext_landing (
    bucket text not null check (bucket <> ''),
    prefix text not null,
    pipeline text not null default 'load' check (pipeline = 'load'),
    is_active boolean not null default true,
    search_after text not null default '',
    search_began_at timestamptz,
    search_ended_at timestamptz,

    primary key (bucket, prefix)
);

comment on table rdscnfg.ext_landing is 'Prefixes below which files land; the schedule searches them for objects that have no row in ext_file';
comment on column rdscnfg.ext_landing.bucket is 'Bucket of the objects';
comment on column rdscnfg.ext_landing.prefix is 'What the keys of the objects begin with, for example external_input/; empty: the whole bucket';
comment on column rdscnfg.ext_landing.pipeline is 'Pipeline that handles the files';
comment on column rdscnfg.ext_landing.is_active is 'false: the prefix is not searched';
comment on column rdscnfg.ext_landing.search_after is 'The search goes on with the first key after this one; empty: with a new round from the first key on';
comment on column rdscnfg.ext_landing.search_began_at is 'When the newest round of the search began; null: none ever did';
comment on column rdscnfg.ext_landing.search_ended_at is 'When a round of the search last came to the last key; null: none ever did';
