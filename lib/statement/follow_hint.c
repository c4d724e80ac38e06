/* The pure part of follow.h, apart so that it links without Postgres and AWS. */
#include "statement/follow.h"

#include "base/banned.h"

static bool is_told(const struct statement_hint *hint, struct slice status)
{
    return slice_equal(hint->told, status);
}

/* Does the file wait for the end of a statement of this kind, or did it end without effect? */
static bool hears(const struct file_record *record, const struct statement_rules *rules)
{
    enum file_state state = record->state;
    return state == rules->numbered || state == rules->submitted || state == rules->failed ||
           (rules->may_reject && state == FILE_REJECTED);
}

enum hint_meaning follow_read_hint(const struct file_record *record,
                                   const struct statement_rules *rules,
                                   const struct statement_hint *hint)
{
    const struct statement_record *statement = &record->statement;
    bool is_current = slice_equal(statement->kind, hint->kind) && statement->number == hint->number;
    if (slice_find(hint->statement_id, ':') != SLICE_NONE || !hears(record, rules) ||
        !slice_equal(statement->kind, rules->kind)) {
        return HINT_NOTHING;
    }
    if (is_current && slice_equal(statement->statement_id, hint->statement_id)) {
        bool is_judged = statement->outcome != STATEMENT_OPEN;
        return is_judged && !file_state_is_end(record->state) ? HINT_NOTHING : HINT_RECORDED;
    }
    if (is_current && statement->statement_id.size == 0 && statement->outcome == STATEMENT_OPEN) {
        return HINT_FIRST_SEEN;
    }
    return is_told(hint, SLICE("FINISHED")) ? HINT_OTHER : HINT_NOTHING;
}
