-- The state of every object version that ever arrived, its journey, and the statements that were submitted
-- for it.

create table if not exists rdscnfg.ext_file (
    file_id uuid primary key,
    pipeline text not null default 'load',
    bucket text not null,
    key text not null,
    version_id text not null default '',
    etag text not null,
    size_bytes bigint not null,
    last_modified timestamptz not null,
    reupload_no int4 not null default 0,
    sequencer text not null default '',
    source_key text,
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
    claim_no int4 not null default 0,
    attempts int4 not null default 0,
    next_attempt_at timestamptz,
    waiting_since timestamptz,
    waiting_reason varchar(4000),

    private_key text,
    promised_records bigint,
    file_records bigint,
    loadable_records bigint,

    statement_kind varchar(20) not null default '',
    statement_no int4 not null default 0,
    target_schema text,
    target_table text,
    rows_loaded bigint,

    audited_at timestamptz,
    archived_key text,
    archived_at timestamptz,
    source_deleted_at timestamptz,
    noticed_at timestamptz,
    cleaned_at timestamptz,

    unique (bucket, key, version_id, etag, size_bytes, last_modified, reupload_no)
);

alter table rdscnfg.ext_file add column if not exists waiting_reason varchar(4000);

-- A version never changes. If HEAD ever said otherwise, it must not become a second file.
create unique index if not exists ext_file_version on rdscnfg.ext_file (bucket, key, version_id)
    where version_id <> '';

-- The condition is that of the view ext_due, word for word, so that the view can use the index.
create index if not exists ext_file_unsettled on rdscnfg.ext_file (state_at)
    where state in ('RECEIVED', 'PREPARED', 'SUBMITTED', 'LOADED', 'TRANSFORMING')
        or (state <> 'SPLIT' and (noticed_at is null or cleaned_at is null))
        or (state in ('DONE', 'REJECTED', 'FAILED', 'TRANSFORM_FAILED') and archived_at is null);

create unique index if not exists ext_file_archived on rdscnfg.ext_file (bucket, archived_key);

create table if not exists rdscnfg.ext_file_history (
    ext_file_history_sid bigint generated always as identity primary key,
    file_id uuid not null references rdscnfg.ext_file (file_id),
    state varchar(20) not null,
    entered_at timestamptz not null,
    claim_no int4 not null,
    statement_no int4 not null,
    note varchar(4000)
);

create index if not exists ext_file_history_file on rdscnfg.ext_file_history (file_id);

create table if not exists rdscnfg.ext_statement (
    work_id uuid not null,
    kind varchar(20) not null check (kind in ('load', 'transform', 'merge', 'undo')),
    number int4 not null check (number > 0),
    name text not null,
    target text not null,
    sql text not null,
    numbered_at timestamptz not null,
    submitted_at timestamptz,
    statement_id text unique,
    started_at timestamptz,
    ended_at timestamptz,
    rows bigint,
    outcome varchar(20) check (outcome in ('IN', 'NOTHING')),
    error text,

    primary key (work_id, kind, number)
);

-- Every column of ext_file, and the newest load and transformation of the file beside them.
create or replace view rdscnfg.ext_file_status as
select
    f.file_id, f.pipeline, f.bucket, f.key, f.version_id, f.etag, f.size_bytes, f.last_modified, f.reupload_no,
    f.sequencer, f.source_key, f.received_at, f.state, f.state_at, f.reason, f.ext_file_config_sid,
    f.ext_interface_cid, f.parent_file_id, f.split_prefix, f.lease_owner, f.lease_until, f.claim_no, f.attempts,
    f.next_attempt_at, f.waiting_since, f.private_key, f.promised_records, f.file_records, f.loadable_records,
    f.statement_kind, f.statement_no, f.target_schema, f.target_table, f.rows_loaded, f.audited_at, f.archived_key,
    f.archived_at, f.source_deleted_at, f.noticed_at, f.cleaned_at,
    coalesce(l.number, 0) as load_no,
    f.target_schema as load_schema,
    f.target_table as load_table,
    l.sql as load_sql,
    l.statement_id as load_statement_id,
    l.started_at as load_started_at,
    l.ended_at as load_ended_at,
    coalesce(t.number, 0) as transform_no,
    t.sql as transform_sql,
    t.statement_id as transform_statement_id,
    t.started_at as transform_started_at,
    t.ended_at as transform_ended_at,
    f.waiting_reason
from rdscnfg.ext_file f
left join lateral (
    select * from rdscnfg.ext_statement s
    where s.work_id = f.file_id and s.kind = 'load'
    order by s.number desc limit 1
) l on true
left join lateral (
    select * from rdscnfg.ext_statement s
    where s.work_id = f.file_id and s.kind = 'transform'
    order by s.number desc limit 1
) t on true;

-- A statement whose event never came is looked at after ten minutes.
create or replace view rdscnfg.ext_due as
select
    f.file_id as work_id,
    'file'::text as unit,
    case
        when f.lease_owner is not null then 'lease'
        when f.state in ('SUBMITTED', 'TRANSFORMING') then 'statement'
        when f.state in ('RECEIVED', 'PREPARED', 'LOADED') then 'step'
        else 'duties'
    end as what,
    case
        when f.lease_owner is not null then f.lease_until
        when f.state in ('SUBMITTED', 'TRANSFORMING')
            then greatest(f.state_at + interval '10 minutes', f.next_attempt_at)
        else coalesce(f.next_attempt_at, f.state_at)
    end as due_at
from rdscnfg.ext_file f
where f.state in ('RECEIVED', 'PREPARED', 'SUBMITTED', 'LOADED', 'TRANSFORMING')
    or (f.state <> 'SPLIT' and (f.noticed_at is null or f.cleaned_at is null))
    or (f.state in ('DONE', 'REJECTED', 'FAILED', 'TRANSFORM_FAILED') and f.archived_at is null);

comment on table rdscnfg.ext_file is 'One row for each object version: its state, its marks, and who works on it';
comment on column rdscnfg.ext_file.file_id is 'Id of the file in statement names, private keys and ledgers; also the load id';
comment on column rdscnfg.ext_file.pipeline is 'Pipeline that handles the file';
comment on column rdscnfg.ext_file.bucket is 'Bucket of the object';
comment on column rdscnfg.ext_file.key is 'Key of the object, decoded';
comment on column rdscnfg.ext_file.version_id is 'Version of the object; empty on an unversioned bucket';
comment on column rdscnfg.ext_file.etag is 'ETag that HEAD returned, without quotes';
comment on column rdscnfg.ext_file.size_bytes is 'Size that HEAD returned';
comment on column rdscnfg.ext_file.last_modified is 'Last-Modified that HEAD returned';
comment on column rdscnfg.ext_file.reupload_no is 'Counts uploads of identical bytes within the same second: each one after the first was archived or gone gets its own row';
comment on column rdscnfg.ext_file.sequencer is 'Order of the events of one key; empty for manual events';
comment on column rdscnfg.ext_file.source_key is 'Key of the object that holds the bytes, for example a copy in the archive; null: key';
comment on column rdscnfg.ext_file.received_at is 'When the file was first seen';
comment on column rdscnfg.ext_file.state is 'RECEIVED, PREPARED, SUBMITTED, LOADED, TRANSFORMING, DONE; REJECTED (file or configuration), FAILED (ours or AWS''s), TRANSFORM_FAILED (rows are in staging), GONE, SUPERSEDED, SPLIT';
comment on column rdscnfg.ext_file.state_at is 'When the file entered the state';
comment on column rdscnfg.ext_file.reason is 'Why the file ended as it did, for people';
comment on column rdscnfg.ext_file.ext_file_config_sid is 'Configuration that matched';
comment on column rdscnfg.ext_file.ext_interface_cid is 'Interface of that configuration';
comment on column rdscnfg.ext_file.parent_file_id is 'File that this one was split from';
comment on column rdscnfg.ext_file.split_prefix is 'Record prefix of a split part';
comment on column rdscnfg.ext_file.lease_owner is 'Random name of the claim that works on the file; null: nobody does';
comment on column rdscnfg.ext_file.lease_until is 'When others may take the file over';
comment on column rdscnfg.ext_file.claim_no is 'Rises with every claim and fences every write';
comment on column rdscnfg.ext_file.attempts is 'Claims that were taken over because nobody released them';
comment on column rdscnfg.ext_file.next_attempt_at is 'When the next attempt may begin, after a failure that may pass; while a statement runs: when to look at it again';
comment on column rdscnfg.ext_file.waiting_since is 'When the failures began that may pass by themselves; null: there is no such failure';
comment on column rdscnfg.ext_file.waiting_reason is 'The newest of these failures, for people';
comment on column rdscnfg.ext_file.private_key is 'Private object that COPY reads';
comment on column rdscnfg.ext_file.promised_records is 'Record count that the trailer states';
comment on column rdscnfg.ext_file.file_records is 'Records counted in the file: with blank lines, without header and trailer';
comment on column rdscnfg.ext_file.loadable_records is 'Records that COPY should load: without blank lines';
comment on column rdscnfg.ext_file.statement_kind is 'Kind of the current statement, the newest that was numbered; empty: none';
comment on column rdscnfg.ext_file.statement_no is 'Number of the current statement; fences the writes that follow from its events; 0: none';
comment on column rdscnfg.ext_file.target_schema is 'Redshift schema that the file is loaded into';
comment on column rdscnfg.ext_file.target_table is 'Redshift table that the file is loaded into';
comment on column rdscnfg.ext_file.rows_loaded is 'Rows that the load brought into the staging table';
comment on column rdscnfg.ext_file.audited_at is 'When the audit row was written';
comment on column rdscnfg.ext_file.archived_key is 'Key of the archive copy, reserved before the copy is made';
comment on column rdscnfg.ext_file.archived_at is 'When the archive copy was verified and the source, if still this file''s, deleted; or nothing was left to archive';
comment on column rdscnfg.ext_file.source_deleted_at is 'When S3 had deleted the source';
comment on column rdscnfg.ext_file.noticed_at is 'When the notification of the outcome was sent';
comment on column rdscnfg.ext_file.cleaned_at is 'When the private objects were removed';

comment on table rdscnfg.ext_file_history is 'The journey of each file: every state that it entered';
comment on column rdscnfg.ext_file_history.ext_file_history_sid is 'Number of the row';
comment on column rdscnfg.ext_file_history.file_id is 'The file';
comment on column rdscnfg.ext_file_history.state is 'State that the file entered';
comment on column rdscnfg.ext_file_history.entered_at is 'When the file entered it';
comment on column rdscnfg.ext_file_history.claim_no is 'claim_no at that time';
comment on column rdscnfg.ext_file_history.statement_no is 'statement_no at that time';
comment on column rdscnfg.ext_file_history.note is 'Reason, statement id or whatever explains the step';

comment on table rdscnfg.ext_statement is 'One row for each statement that was numbered for a unit of work; a further number follows only when the one before ended without effect';
comment on column rdscnfg.ext_statement.work_id is 'Unit of work that the statement belongs to; for loads and transformations the file_id';
comment on column rdscnfg.ext_statement.kind is 'load, transform, merge or undo';
comment on column rdscnfg.ext_statement.number is 'Number among the statements of this kind, from 1';
comment on column rdscnfg.ext_statement.name is 'StatementName that is submitted; empty: another program submitted the statement';
comment on column rdscnfg.ext_statement.target is 'Where the statement runs, JSON; empty: another program submitted the statement';
comment on column rdscnfg.ext_statement.sql is 'Parts of the statement, a JSON array; empty: another program submitted the statement';
comment on column rdscnfg.ext_statement.numbered_at is 'When the number was assigned, before the statement was submitted';
comment on column rdscnfg.ext_statement.submitted_at is 'When Redshift had accepted the statement; null: not known';
comment on column rdscnfg.ext_statement.statement_id is 'Redshift Data API id; null: not known to be submitted';
comment on column rdscnfg.ext_statement.started_at is 'CreatedAt of the statement';
comment on column rdscnfg.ext_statement.ended_at is 'UpdatedAt of the statement';
comment on column rdscnfg.ext_statement.rows is 'Rows that the statement brought in; null: not known';
comment on column rdscnfg.ext_statement.outcome is 'IN: its effect is committed; NOTHING: it ended without effect; null: not known yet';
comment on column rdscnfg.ext_statement.error is 'Why the statement ended without effect';

comment on view rdscnfg.ext_file_status is 'The files with their newest load and transformation, for people';
comment on column rdscnfg.ext_file_status.load_no is 'Number of the newest load; 0: none';
comment on column rdscnfg.ext_file_status.load_schema is 'Redshift schema that the file is loaded into';
comment on column rdscnfg.ext_file_status.load_table is 'Redshift table that the file is loaded into';
comment on column rdscnfg.ext_file_status.load_sql is 'Parts of the newest load, a JSON array';
comment on column rdscnfg.ext_file_status.load_statement_id is 'Redshift Data API id of the newest load';
comment on column rdscnfg.ext_file_status.load_started_at is 'CreatedAt of the newest load';
comment on column rdscnfg.ext_file_status.load_ended_at is 'UpdatedAt of the newest load';
comment on column rdscnfg.ext_file_status.transform_no is 'Number of the newest transformation; 0: none';
comment on column rdscnfg.ext_file_status.transform_sql is 'Parts of the newest transformation, a JSON array';
comment on column rdscnfg.ext_file_status.transform_statement_id is 'Redshift Data API id of the newest transformation';
comment on column rdscnfg.ext_file_status.transform_started_at is 'CreatedAt of the newest transformation';
comment on column rdscnfg.ext_file_status.transform_ended_at is 'UpdatedAt of the newest transformation';

-- The columns that the view takes from ext_file mean the same there.
do $$
declare
    same record;
begin
    for same in
        select f.attname as name, col_description(f.attrelid, f.attnum) as comment
        from pg_attribute f
        join pg_attribute v on v.attname = f.attname and v.attrelid = 'rdscnfg.ext_file_status'::regclass
        where f.attrelid = 'rdscnfg.ext_file'::regclass and f.attnum > 0
    loop
        execute format('comment on column rdscnfg.ext_file_status.%I is %L', same.name, same.comment);
    end loop;
end $$;

comment on view rdscnfg.ext_due is 'When each unit of work that is not settled needs attention';
comment on column rdscnfg.ext_due.work_id is 'The unit of work; for a file its file_id';
comment on column rdscnfg.ext_due.unit is 'What the unit of work is: file';
comment on column rdscnfg.ext_due.what is 'lease: its holder is expected to finish by then; statement: its event is expected by then; step: the next step may begin; duties: audit, notification, archive or clean-up may begin';
comment on column rdscnfg.ext_due.due_at is 'When it is due';
