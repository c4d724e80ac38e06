-- The state of every object version that ever arrived, and its journey.

create table if not exists rdscnfg.ext_file (
    file_id uuid primary key,
    bucket text not null,
    key text not null,
    version_id text not null default '',
    etag text not null,
    size_bytes bigint not null,
    last_modified timestamptz not null,
    appearance int4 not null default 0,
    sequencer text not null default '',
    received_at timestamptz not null,

    state varchar(20) not null default 'RECEIVED' check (state in (
        'RECEIVED', 'PREPARED', 'SUBMITTED', 'LOADED', 'TRANSFORMING', 'DONE',
        'REJECTED', 'FAILED', 'TRANSFORM_FAILED', 'GONE', 'SUPERSEDED', 'SPLIT')),
    state_at timestamptz not null,
    reason varchar(4000),

    ext_file_config_sid int4,
    ext_interface_cid numeric(30),
    parent_file_id uuid references rdscnfg.ext_file (file_id),
    split_prefix text,

    lease_owner text,
    lease_until timestamptz,
    lease_request_id text,
    claim_no int4 not null default 0,
    attempts int4 not null default 0,
    next_attempt_at timestamptz,

    private_key text,
    promised_records bigint,
    file_records bigint,
    loadable_records bigint,

    load_no int4 not null default 0,
    load_schema text,
    load_table text,
    load_sql text,
    load_statement_id text,
    load_started_at timestamptz,
    load_ended_at timestamptz,
    rows_loaded bigint,

    transform_no int4 not null default 0,
    transform_sql text,
    transform_statement_id text,
    transform_started_at timestamptz,
    transform_ended_at timestamptz,

    audited_at timestamptz,
    archived_key text,
    archived_at timestamptz,
    noticed_at timestamptz,
    cleaned_at timestamptz,

    unique (bucket, key, version_id, etag, size_bytes, last_modified, appearance)
);

-- A version never changes; were HEAD ever to tell otherwise, it must not become a second file.
create unique index if not exists ext_file_version on rdscnfg.ext_file (bucket, key, version_id)
    where version_id <> '';

create index if not exists ext_file_unsettled on rdscnfg.ext_file (state, next_attempt_at)
    where noticed_at is null or cleaned_at is null;

create unique index if not exists ext_file_archived on rdscnfg.ext_file (bucket, archived_key);

create table if not exists rdscnfg.ext_file_history (
    ext_file_history_sid bigint generated always as identity primary key,
    file_id uuid not null references rdscnfg.ext_file (file_id),
    state varchar(20) not null,
    entered_at timestamptz not null,
    claim_no int4 not null,
    load_no int4 not null,
    note varchar(4000)
);

create index if not exists ext_file_history_file on rdscnfg.ext_file_history (file_id);

comment on table rdscnfg.ext_file is 'One row for each object version: where it is in its life, and who works on it';
comment on column rdscnfg.ext_file.file_id is 'Id of the file here, in statement names, private keys and ledgers; also the load id';
comment on column rdscnfg.ext_file.bucket is 'Bucket of the object';
comment on column rdscnfg.ext_file.key is 'Key of the object, decoded';
comment on column rdscnfg.ext_file.version_id is 'Version of the object; empty on an unversioned bucket';
comment on column rdscnfg.ext_file.etag is 'ETag as HEAD told it, without quotes';
comment on column rdscnfg.ext_file.size_bytes is 'Size as HEAD told it';
comment on column rdscnfg.ext_file.last_modified is 'Last-Modified as HEAD told it';
comment on column rdscnfg.ext_file.appearance is 'Rises when the same bytes were put again within the same second after the first had been archived or was gone, or when they were gone again before they were looked at';
comment on column rdscnfg.ext_file.sequencer is 'Order of events of one key; empty for manual events';
comment on column rdscnfg.ext_file.received_at is 'When the file was first seen';
comment on column rdscnfg.ext_file.state is 'RECEIVED, PREPARED, SUBMITTED, LOADED, TRANSFORMING, DONE; REJECTED (file or configuration), FAILED (ours or AWS''s), TRANSFORM_FAILED (rows are in staging), GONE, SUPERSEDED, SPLIT';
comment on column rdscnfg.ext_file.state_at is 'When the state was entered';
comment on column rdscnfg.ext_file.reason is 'Why the file ended as it did, for people';
comment on column rdscnfg.ext_file.ext_file_config_sid is 'Configuration that matched';
comment on column rdscnfg.ext_file.ext_interface_cid is 'Interface of that configuration';
comment on column rdscnfg.ext_file.parent_file_id is 'File that this one was split from';
comment on column rdscnfg.ext_file.split_prefix is 'Record prefix of a split part';
comment on column rdscnfg.ext_file.lease_owner is 'Nonce of the invocation that works on the file; null: nobody does';
comment on column rdscnfg.ext_file.lease_until is 'End of that invocation';
comment on column rdscnfg.ext_file.lease_request_id is 'Lambda request id of that invocation; the same id may take over at once';
comment on column rdscnfg.ext_file.claim_no is 'Rises with every claim and fences every write';
comment on column rdscnfg.ext_file.attempts is 'Claims that ended in an error, or never ended';
comment on column rdscnfg.ext_file.next_attempt_at is 'Not before';
comment on column rdscnfg.ext_file.private_key is 'Private object that COPY reads';
comment on column rdscnfg.ext_file.promised_records is 'Record count that the trailer states';
comment on column rdscnfg.ext_file.file_records is 'Records counted in the file, blank lines included, header and trailer not';
comment on column rdscnfg.ext_file.loadable_records is 'Records that COPY should load: blank lines not included';
comment on column rdscnfg.ext_file.load_no is 'Number of the load; rises only when the one before is known to have failed';
comment on column rdscnfg.ext_file.load_schema is 'Redshift schema that the load goes to';
comment on column rdscnfg.ext_file.load_table is 'Redshift table that the load goes to';
comment on column rdscnfg.ext_file.load_sql is 'Statements of that load, a JSON array';
comment on column rdscnfg.ext_file.load_statement_id is 'Redshift Data API id of that load';
comment on column rdscnfg.ext_file.load_started_at is 'CreatedAt of the load';
comment on column rdscnfg.ext_file.load_ended_at is 'UpdatedAt of the load';
comment on column rdscnfg.ext_file.rows_loaded is 'Rows that the load brought into the staging table';
comment on column rdscnfg.ext_file.transform_no is 'Number of the transformation; 0: none was submitted';
comment on column rdscnfg.ext_file.transform_sql is 'Statements of that transformation, a JSON array';
comment on column rdscnfg.ext_file.transform_statement_id is 'Redshift Data API id of that transformation';
comment on column rdscnfg.ext_file.transform_started_at is 'CreatedAt of the transformation';
comment on column rdscnfg.ext_file.transform_ended_at is 'UpdatedAt of the transformation';
comment on column rdscnfg.ext_file.audited_at is 'When the audit row was written';
comment on column rdscnfg.ext_file.archived_key is 'Key of the archive copy';
comment on column rdscnfg.ext_file.archived_at is 'When the archive copy was verified and the source deleted';
comment on column rdscnfg.ext_file.noticed_at is 'When the notice of the outcome was sent';
comment on column rdscnfg.ext_file.cleaned_at is 'When the private objects were removed';

comment on table rdscnfg.ext_file_history is 'The journey of each file: every state it entered';
comment on column rdscnfg.ext_file_history.ext_file_history_sid is 'Number of the row';
comment on column rdscnfg.ext_file_history.file_id is 'The file';
comment on column rdscnfg.ext_file_history.state is 'State entered';
comment on column rdscnfg.ext_file_history.entered_at is 'When';
comment on column rdscnfg.ext_file_history.claim_no is 'claim_no at that time';
comment on column rdscnfg.ext_file_history.load_no is 'load_no at that time';
comment on column rdscnfg.ext_file_history.note is 'Reason, statement id or whatever explains the step';
