-- What people ask of the files: what is open and why, and what happened to one of them.

create or replace view rdscnfg.ext_file_open as
select
    f.file_id,
    f.bucket,
    f.key,
    f.state,
    f.received_at,
    d.what,
    coalesce(f.waiting_since, f.state_at) as open_since,
    d.due_at as next_attempt_at,
    f.attempts,
    case
        when d.what = 'lease' and f.lease_until > now() then 'an invocation works on it'
        when d.what = 'lease' then 'the invocation that worked on it died; the schedule resumes it'
        when d.what = 'statement' and s.outcome is null
            then concat_ws('; before that: ',
                'Redshift runs statement ' || coalesce(s.statement_id, '(its id is not known)'), f.waiting_reason)
        when f.waiting_since is not null
            then coalesce(f.waiting_reason, s.error, 'a step failed; the log of the file id says why')
        when d.what = 'step' then 'its next step is due'
        else 'left to do: ' || concat_ws(', ',
            case when f.archived_at is null and f.state not in ('GONE', 'SUPERSEDED') then 'archive' end,
            case when f.noticed_at is null then 'notification' end,
            case when f.cleaned_at is null then 'clean-up' end)
    end as why
from rdscnfg.ext_due d
join rdscnfg.ext_file f on f.file_id = d.work_id
left join rdscnfg.ext_statement s
    on s.work_id = f.file_id and s.kind = f.statement_kind and s.number = f.statement_no
where d.unit = 'file';

create or replace view rdscnfg.ext_file_journey as
with happened as (
    select h.file_id, h.entered_at as happened_at, 1 as place, h.state::text as what, h.note::text as detail
    from rdscnfg.ext_file_history h
    union all
    select s.work_id, e.happened_at, e.place, s.kind || ' ' || s.number || ' ' || e.what, e.detail
    from rdscnfg.ext_statement s
    cross join lateral (values
        (s.numbered_at, 2, 'numbered', null),
        (s.submitted_at, 3, 'submitted', s.statement_id),
        (s.ended_at, 0, 'ended', coalesce(s.error, s.rows || ' rows'))
    ) as e (happened_at, place, what, detail)
    union all
    select f.file_id, e.happened_at, 4, e.what, e.detail
    from rdscnfg.ext_file f
    cross join lateral (values
        (f.audited_at, 'audited', null),
        (f.archived_at, 'archived', f.archived_key),
        (f.source_deleted_at, 'source deleted', null),
        (case when f.state not in ('GONE', 'SUPERSEDED') then f.noticed_at end, 'notified', null),
        (case when f.state not in ('GONE', 'SUPERSEDED') then f.cleaned_at end, 'cleaned up', null),
        (case when f.waiting_since is not null and exists (select from rdscnfg.ext_due d where d.work_id = f.file_id) then f.next_attempt_at end, 'next attempt', f.waiting_reason)
    ) as e (happened_at, what, detail)
)
select f.file_id, f.bucket, f.key, f.state, h.happened_at, h.what, h.detail, h.place
from happened h
join rdscnfg.ext_file f on f.file_id = h.file_id
where h.happened_at is not null;

comment on view rdscnfg.ext_file_open is 'The files for which anything is left to do, and why they are not done yet; for people';
comment on column rdscnfg.ext_file_open.file_id is 'Id of the file';
comment on column rdscnfg.ext_file_open.bucket is 'Bucket of the object';
comment on column rdscnfg.ext_file_open.key is 'Key of the object';
comment on column rdscnfg.ext_file_open.state is 'State of the file';
comment on column rdscnfg.ext_file_open.received_at is 'When the file was first seen';
comment on column rdscnfg.ext_file_open.what is 'What is due: lease, statement, step or duties, as in ext_due';
comment on column rdscnfg.ext_file_open.open_since is 'When the failures began that keep it waiting; without any, when it entered the state';
comment on column rdscnfg.ext_file_open.next_attempt_at is 'When it is due; a time in the past: with the next schedule event';
comment on column rdscnfg.ext_file_open.attempts is 'Invocations that died while they worked on it';
comment on column rdscnfg.ext_file_open.why is 'Why it is not done yet';

comment on view rdscnfg.ext_file_journey is 'Everything that happened to each file; order by happened_at, place';
comment on column rdscnfg.ext_file_journey.file_id is 'Id of the file';
comment on column rdscnfg.ext_file_journey.bucket is 'Bucket of the object';
comment on column rdscnfg.ext_file_journey.key is 'Key of the object';
comment on column rdscnfg.ext_file_journey.state is 'State of the file now';
comment on column rdscnfg.ext_file_journey.happened_at is 'When it happened, or is to happen (next attempt)';
comment on column rdscnfg.ext_file_journey.what is 'A state that it entered, a step of a statement, a duty that was done, or the next attempt';
comment on column rdscnfg.ext_file_journey.detail is 'Reason, statement id, rows, key of the archive copy';
comment on column rdscnfg.ext_file_journey.place is 'Orders what happened at the same time';
