/* SQL that the statements on ext_file share. */
#ifndef STATE_FILE_SQL_H
#define STATE_FILE_SQL_H

#include "state/file_state.h"

/* Is there work for a claimant of row f: before the submission, or an end whose duties are not all
 * done? The statement's own work goes on in Redshift meanwhile. */
#define FILE_SQL_HAS_WORK                                                                          \
    "(f.state in ('RECEIVED', 'PREPARED') or "                                                     \
    "(f.state in ('REJECTED', 'FAILED', 'GONE', 'SUPERSEDED') "                                    \
    "and (f.noticed_at is null or f.cleaned_at is null)))"

/* Is anything at all left to do for row f, in Redshift or here? */
#define FILE_SQL_IS_UNSETTLED                                                                      \
    "(" FILE_SQL_HAS_WORK " or (f.state not in ('GONE', 'SUPERSEDED', 'SPLIT') "                   \
    "and (f.noticed_at is null or f.cleaned_at is null or f.archived_at is null)))"

/*
 * Is row f the upload that an event tells of? By its version; without one by its etag, and by its
 * place among the events of the key, because the same bytes may be put again. What is empty, in
 * the event or the row, may be any.
 */
#define FILE_SQL_IS_UPLOAD(version_id, etag, sequencer)                                            \
    "case when " version_id " <> '' then f.version_id = " version_id " else " etag                 \
    " in ('', f.etag) and (f.sequencer = '' or " sequencer " in ('', f.sequencer)) end"

/* The attempts at row f once its lease is taken: a lease that nobody gave up was that of an attempt
 * that was killed. */
#define FILE_SQL_ATTEMPTS "f.attempts + case when f.lease_owner is null then 0 else 1 end"

/* Is there what this claim asks for? */
static inline const char *file_sql_work(const struct file_claim *claim)
{
    if (claim->adopts != NULL) {
        return "f.state = 'RECEIVED'";
    }
    return claim->also_under_way ? FILE_SQL_IS_UNSETTLED : FILE_SQL_HAS_WORK;
}

#endif
