-- Is there work for the holder of row f: before the submission, or duties of an end that had no load? While
-- Redshift runs a statement there is none.
f.state in ('RECEIVED', 'PREPARED')
    or (f.state in ('REJECTED', 'FAILED', 'GONE', 'SUPERSEDED') and (f.noticed_at is null or f.cleaned_at is null))
