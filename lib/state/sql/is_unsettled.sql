-- Is anything left to do for row f, in Redshift or here?
(:has_work)
    or (f.state not in ('GONE', 'SUPERSEDED', 'SPLIT')
        and (f.noticed_at is null or f.cleaned_at is null or f.archived_at is null))
