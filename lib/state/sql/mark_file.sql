-- Marks one duty of the file as done: audited, noticed, archived, copied (the source was not ours to delete), lost
-- (nothing was left to archive) or cleaned. The last mark, the clean-up or a notification after it, releases the lease.
with before as (
    :fence
), changed as (
    update :"file" f set
        audited_at = case when :'duty'::text = 'audited' then :now else f.audited_at end,
        noticed_at = case when :'duty'::text = 'noticed' then :now else f.noticed_at end,
        archived_at = case when :'duty'::text in ('archived', 'copied', 'lost') then :now else f.archived_at end,
        source_deleted_at = case when :'duty'::text = 'archived' then :now else f.source_deleted_at end,
        archived_key = case when :'duty'::text <> 'lost' then f.archived_key end,
        cleaned_at = case when :'duty'::text = 'cleaned' then :now else f.cleaned_at end,
        lease_owner = case when not marks.are_complete then f.lease_owner end,
        lease_until = case when not marks.are_complete then f.lease_until end
    from before
    cross join lateral (
        select (before.noticed_at is not null or :'duty'::text = 'noticed')
            and (before.cleaned_at is not null or :'duty'::text = 'cleaned') as are_complete
    ) marks
    where f.file_id = before.file_id
    returning f.*, before.locked_ctid
), audited as (
    :audit_row
), file_after as (
    select * from changed
), statements_after as (
    :statements
)
select :record
:record_tables;
