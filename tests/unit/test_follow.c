#include "unit/unit.h"

#include "base/array.h"
#include "statement/follow.h"

#define ID "dd2e1ec9-2ee3-49a0-819f-905fa7d75a4a"
#define OTHER_ID "11111111-2ee3-49a0-819f-905fa7d75a4a"

/* An event of number 2 of a load meets a file whose current statement is number 2 of a load, unless
 * a row says otherwise. */
struct row {
    const char *name;
    const struct statement_rules *rules; /* of the event's kind; NULL: of the load */
    enum file_state state;
    const char *kind;   /* of the current statement; NULL: "load" */
    const char *stored; /* its id; NULL: none */
    enum statement_outcome outcome;
    int64_t number;    /* of the event; 0: 2 */
    const char *heard; /* the id of the event */
    const char *told;
    enum hint_meaning meaning;
};

static const char *const meaning_names[] = {
    [HINT_RECORDED] = "RECORDED",
    [HINT_FIRST_SEEN] = "FIRST_SEEN",
    [HINT_OTHER] = "OTHER",
    [HINT_NOTHING] = "NOTHING",
};

static struct slice text_or(const char *text, const char *fallback)
{
    return slice_from(text != NULL ? text : fallback);
}

static void assert_meaning(const struct row *row)
{
    const struct statement_rules *rules = row->rules != NULL ? row->rules : &statement_load;
    const struct file_record record = {
        .state = row->state,
        .statement = {.kind = text_or(row->kind, "load"),
                      .number = 2,
                      .statement_id = slice_from(row->stored),
                      .outcome = row->outcome},
    };
    const struct statement_hint hint = {
        .kind = rules->kind,
        .number = row->number != 0 ? row->number : 2,
        .statement_id = slice_from(row->heard),
        .told = slice_from(row->told),
    };
    enum hint_meaning meaning = follow_read_hint(&record, rules, &hint);
    if (meaning != row->meaning) {
        fail_msg("%s: is %s, must be %s", row->name, meaning_names[meaning],
                 meaning_names[row->meaning]);
    }
}

#define IN(state_, stored_) .state = FILE_##state_, .stored = (stored_)
#define EVENT(id, state_) .heard = (id), .told = #state_
#define IS(meaning_) .meaning = HINT_##meaning_

static const struct row rows[] = {
    {"the recorded statement", IN(SUBMITTED, ID), EVENT(ID, FINISHED), IS(RECORDED)},
    {"the same, failed", IN(SUBMITTED, ID), EVENT(ID, FAILED), IS(RECORDED)},
    {"the same, aborted", IN(SUBMITTED, ID), EVENT(ID, ABORTED), IS(RECORDED)},
    {"recorded before the state was", IN(PREPARED, ID), EVENT(ID, FAILED), IS(RECORDED)},
    {"first seen", IN(PREPARED, NULL), EVENT(ID, FAILED), IS(FIRST_SEEN)},
    {"first seen in its second state", IN(SUBMITTED, NULL), EVENT(ID, FINISHED), IS(FIRST_SEEN)},

    {"a part", IN(SUBMITTED, ID), EVENT(ID ":3", FAILED), IS(NOTHING)},
    {"a part that succeeded", IN(SUBMITTED, ID), EVENT(ID ":7", FINISHED), IS(NOTHING)},
    {"a part, first seen", IN(PREPARED, NULL), EVENT(ID ":1", FINISHED), IS(NOTHING)},

    {"another id, failed", IN(SUBMITTED, ID), EVENT(OTHER_ID, FAILED), IS(NOTHING)},
    {"another id, aborted", IN(SUBMITTED, ID), EVENT(OTHER_ID, ABORTED), IS(NOTHING)},
    {"another id, finished", IN(SUBMITTED, ID), EVENT(OTHER_ID, FINISHED), IS(OTHER)},
    {"an earlier number, failed", IN(PREPARED, NULL), .number = 1, EVENT(ID, FAILED), IS(NOTHING)},
    {"an earlier number, finished", IN(PREPARED, NULL), .number = 1, EVENT(ID, FINISHED),
     IS(OTHER)},
    {"a later number, finished", IN(SUBMITTED, ID), .number = 3, EVENT(OTHER_ID, FINISHED),
     IS(OTHER)},
    {"an earlier number under the current id", IN(SUBMITTED, ID), .number = 1, EVENT(ID, FAILED),
     IS(NOTHING)},

    {"judged already, and waiting for the next number", IN(PREPARED, ID),
     .outcome = STATEMENT_NOTHING, EVENT(ID, FAILED), IS(NOTHING)},
    {"judged already, and said to be a success: the guard of the next number finds out",
     IN(PREPARED, ID), .outcome = STATEMENT_NOTHING, EVENT(ID, FINISHED), IS(NOTHING)},
    {"judged without an id: it is not seen for the first time", IN(PREPARED, NULL),
     .outcome = STATEMENT_NOTHING, EVENT(ID, FAILED), IS(NOTHING)},
    {"judged without an id, and it finished", IN(PREPARED, NULL), .outcome = STATEMENT_NOTHING,
     EVENT(ID, FINISHED), IS(OTHER)},

    {"a late success of a failed file", IN(FAILED, ID), .outcome = STATEMENT_NOTHING,
     EVENT(ID, FINISHED), IS(RECORDED)},
    {"a late success of a rejected file", IN(REJECTED, ID), .outcome = STATEMENT_NOTHING,
     EVENT(ID, FINISHED), IS(RECORDED)},
    {"a late failure: Redshift is asked, as events are hints", IN(FAILED, ID),
     .outcome = STATEMENT_NOTHING, EVENT(ID, FAILED), IS(RECORDED)},
    {"a late success under another id", IN(FAILED, ID), .outcome = STATEMENT_NOTHING,
     EVENT(OTHER_ID, FINISHED), IS(OTHER)},
    {"a late failure under another id", IN(FAILED, ID), .outcome = STATEMENT_NOTHING,
     EVENT(OTHER_ID, FAILED), IS(NOTHING)},

    {"the load is in", IN(DONE, ID), .outcome = STATEMENT_IN, EVENT(ID, FINISHED), IS(NOTHING)},
    {"the load is in, another finishes", IN(DONE, ID), .outcome = STATEMENT_IN,
     EVENT(OTHER_ID, FINISHED), IS(NOTHING)},
    {"the load is in, its transformation due", IN(LOADED, ID), .outcome = STATEMENT_IN,
     EVENT(ID, FINISHED), IS(NOTHING)},
    {"the load is in, its transformation runs", IN(TRANSFORMING, ID), .kind = "transform",
     EVENT(OTHER_ID, FINISHED), IS(NOTHING)},
    {"no statement yet", IN(RECEIVED, NULL), .kind = "", EVENT(ID, FINISHED), IS(NOTHING)},
    {"failed before it had a statement", IN(FAILED, NULL), .kind = "", EVENT(ID, FINISHED),
     IS(NOTHING)},
    {"gone", IN(GONE, NULL), .kind = "", EVENT(ID, FINISHED), IS(NOTHING)},

    {"the recorded transformation", &statement_transform, IN(TRANSFORMING, ID), .kind = "transform",
     EVENT(ID, FINISHED), IS(RECORDED)},
    {"a transformation, first seen", &statement_transform, IN(LOADED, NULL), .kind = "transform",
     EVENT(ID, FAILED), IS(FIRST_SEEN)},
    {"a late success of a transformation", &statement_transform, IN(TRANSFORM_FAILED, ID),
     .kind = "transform", .outcome = STATEMENT_NOTHING, EVENT(ID, FINISHED), IS(RECORDED)},
    {"a transformation of a file that is being loaded", &statement_transform, IN(SUBMITTED, ID),
     EVENT(OTHER_ID, FINISHED), IS(NOTHING)},
    {"a transformation of a file whose load is current", &statement_transform, IN(LOADED, ID),
     .outcome = STATEMENT_IN, EVENT(OTHER_ID, FINISHED), IS(NOTHING)},
    {"a transformation of a rejected file: it can have none", &statement_transform,
     IN(REJECTED, ID), .kind = "transform", EVENT(ID, FINISHED), IS(NOTHING)},
};

static void test_what_an_event_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_meaning(&rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_an_event_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
