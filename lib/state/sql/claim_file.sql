-- Makes the row of an object version if there is none, and claims it if there is work in the scope.
--
-- Identical bytes may be put again within the same second after the first upload was archived or gone: the object
-- then only looks the same, and its later event shows that it is a new upload, which gets its own row.
--
-- An event that came again may find a later upload of the same bytes in the place of its own: then it is not known
-- which event is that upload's.
--
-- No row comes back when another claim made the row at the same time: then the statement has to be run again.
with before as (
    select f.*, f.ctid as locked_ctid
    from :"file" f
    where f.bucket = :'bucket'::text
        and f.key = :'key'::text
        and f.version_id = :'version_id'::text
        and f.etag = :'etag'::text
        and f.size_bytes = :'size_bytes'::bigint
        and f.last_modified = to_timestamp(:'last_modified_ms'::double precision / 1000)
    order by f.reupload_no desc
    limit 1
    for update
), judged as (
    select
        f.*,
        (:in_scope) as has_scope,
        (:lease_is_free) as is_free,
        ((f.archived_at is not null or f.state in ('GONE', 'SUPERSEDED')) and f.version_id = '' and :is_earlier)
            as is_reuploaded
    from before f
), taken as (
    update :"file" f set
        :lease,
        ext_file_config_sid = coalesce(f.ext_file_config_sid, nullif(:'config_sid'::text, '')::int4),
        ext_interface_cid = coalesce(f.ext_interface_cid, nullif(:'interface_id'::text, '')::numeric),
        state = case when :'scope'::text = 'adoption' then 'SUBMITTED' else f.state end,
        state_at = case when :'scope'::text = 'adoption' then :now else f.state_at end,
        statement_kind = case when :'scope'::text = 'adoption' then 'load' else f.statement_kind end,
        statement_no = case when :'scope'::text = 'adoption' then 1 else f.statement_no end,
        target_schema =
            case when :'scope'::text = 'adoption' then :'adopted_schema'::text else f.target_schema end,
        target_table = case when :'scope'::text = 'adoption' then :'adopted_table'::text else f.target_table end
    from judged j
    where f.file_id = j.file_id and j.has_scope and j.is_free and not j.is_reuploaded
    returning f.*, j.locked_ctid
), made as (
    insert into :"file" (
        file_id, bucket, key, version_id, etag, size_bytes, last_modified, reupload_no, sequencer, source_key,
        received_at, state, state_at, ext_file_config_sid, ext_interface_cid, lease_owner, lease_until, claim_no,
        statement_kind, statement_no, target_schema, target_table)
    select
        :'new_file_id'::uuid,
        :'bucket'::text,
        :'key'::text,
        :'version_id'::text,
        :'etag'::text,
        :'size_bytes'::bigint,
        to_timestamp(:'last_modified_ms'::double precision / 1000),
        coalesce((select j.reupload_no + 1 from judged j), 0),
        case
            when not exists (
                select
                from :"file" f
                where f.bucket = :'bucket'::text
                    and f.key = :'key'::text
                    and f.version_id = ''
                    and f.etag = :'etag'::text
                    and f.sequencer = :'sequencer'::text)
                then :'sequencer'::text
            else ''
        end,
        nullif(:'source_key'::text, ''),
        :now,
        case when :'scope'::text = 'adoption' then 'SUBMITTED' else 'RECEIVED' end,
        :now,
        nullif(:'config_sid'::text, '')::int4,
        nullif(:'interface_id'::text, '')::numeric,
        :'owner'::text,
        to_timestamp(:'until_ms'::double precision / 1000),
        1,
        case when :'scope'::text = 'adoption' then 'load' else '' end,
        case when :'scope'::text = 'adoption' then 1 else 0 end,
        case when :'scope'::text = 'adoption' then :'adopted_schema'::text end,
        case when :'scope'::text = 'adoption' then :'adopted_table'::text end
    where not exists (select from judged j where not j.is_reuploaded)
    on conflict (bucket, key, version_id, etag, size_bytes, last_modified, reupload_no) do nothing
    returning *, null::tid as locked_ctid
), claimed as (
    select * from taken
    union all
    select * from made
), written as (
    insert into :"statement" (work_id, kind, number, name, target, sql, numbered_at, submitted_at, statement_id)
    select c.file_id, c.statement_kind, c.statement_no, '', '', '', :now, :now, :'adopted_statement_id'::text
    from claimed c
    where :'scope'::text = 'adoption'
    returning *
), noted as (
    insert into :"history" (file_id, state, entered_at, claim_no, statement_no, note)
    select c.file_id, entered.state, :now, c.claim_no, entered.statement_no, entered.note
    from claimed c
    cross join (values
        ('RECEIVED', 0, null),
        ('SUBMITTED', 1, 'taken over from the Python framework')
    ) as entered (state, statement_no, note)
    where case entered.state when 'RECEIVED' then c.claim_no = 1 else :'scope'::text = 'adoption' end
    order by entered.statement_no
), file_after as (
    select * from claimed
    union all
    select f.* from before f
    where not exists (select from claimed) and exists (select from judged j where not j.is_reuploaded)
), statements_after as (
    :statements_written
)
select
    case
        when exists (select from claimed) then 'WON'
        when exists (select from judged j where j.has_scope) then 'BUSY'
        else 'NOTHING'
    end as outcome,
    :record
:record_tables;
