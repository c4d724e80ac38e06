/*
 * Changes of files on a real Postgres: fences, values, history, audit rows, releases. tests/e2e/
 * test_file_tables.py applies sql/postgres and runs this.
 */
#include "wire/claims.h"

static bool change_file(struct fixture *f, const struct file_change *change)
{
    bool done = false;
    if (file_state_change(&f->pg, &file_tables, change, &f->arena, &done, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    return done;
}

static int fail_change(struct fixture *f, const struct file_change *change)
{
    bool done;
    return file_state_change(&f->pg, &file_tables, change, &f->arena, &done, &f->err);
}

/* Of the file that the first invocation holds, a second later. */
static struct file_change a_change(struct fixture *f, enum file_state from, enum file_state to)
{
    return (struct file_change){.file_id = id_of(f, 1),
                                .claim_no = 1,
                                .from = FILE_FROM(from),
                                .to = to,
                                .now_ms = NOW_MS + 1000};
}

#define STATE "select concat_ws(' ', state, state_at, claim_no, load_no) as t from rdscnfg.ext_file"
#define UNCHANGED "RECEIVED 2026-11-20 20:27:53.104+00 1 0"

/* ---- values ---------------------------------------------------------------------------------*/

static void test_a_change_sets_what_it_is_told(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    const struct file_value values[] = {
        FILE_TEXT("private_key", SLICE("it's \"p\" \\ \n caf\xC3\xA9 $1")),
        FILE_TEXT("load_statement_id", SLICE("")),
        FILE_NUMBER("load_no", 1),
        FILE_NUMBER("promised_records", INT64_MAX),
        FILE_TIME("load_started_at", NOW_MS + 7),
        FILE_NULL("load_sql"),
        FILE_NUMBER("file_records", 0),
    };
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_PREPARED);
    hold_file(f, &record);
    must_run(f, "update rdscnfg.ext_file set load_sql = '[]'");
    change.values = values;
    change.value_count = sizeof(values) / sizeof(values[0]);
    change.note = SLICE("it's note \\ 1");
    assert_true(change_file(f, &change));
    assert_tells(f,
                 "select concat_ws('|', private_key, '<' || load_statement_id || '>', load_no, "
                 "promised_records, load_started_at, coalesce(load_sql, 'none'), file_records) as "
                 "t from rdscnfg.ext_file",
                 "it's \"p\" \\ \n caf\xC3\xA9 $1|<>|1|9223372036854775807|"
                 "2026-11-20 20:27:53.111+00|none|0");
    assert_tells(f, STATE, "PREPARED 2026-11-20 20:27:54.104+00 1 1");
    assert_tells(f, HISTORY, "RECEIVED 1 0; PREPARED 1 1 it's note \\ 1");
    assert_tells(f, "select max(entered_at)::text as t from rdscnfg.ext_file_history",
                 "2026-11-20 20:27:54.104+00");
    assert_tells(f, "select lease_owner as t from rdscnfg.ext_file", "first owner");
}

/* Two invocations may give a name at the same time: both go on with the first. */
static void test_a_first_text_stays(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"the first", "another"};
    struct file_record record;
    hold_file(f, &record);
    for (size_t i = 0; i < 2; i++) {
        const struct file_value values[] = {FILE_FIRST_TEXT("archived_key", slice_from(names[i]))};
        struct file_change change = a_change(f, FILE_RECEIVED, FILE_RECEIVED);
        change.values = values;
        change.value_count = 1;
        assert_true(change_file(f, &change));
        assert_tells(f, "select archived_key as t from rdscnfg.ext_file", "the first");
    }
}

static void test_the_same_state_makes_no_history(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    const struct file_value values[] = {FILE_TEXT("reason", SLICE("because"))};
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_RECEIVED);
    hold_file(f, &record);
    change.values = values;
    change.value_count = 1;
    change.note = SLICE("not written");
    assert_true(change_file(f, &change));
    assert_tells(f, "select reason as t from rdscnfg.ext_file", "because");
    assert_tells(f, STATE, UNCHANGED); /* since then, too */
    assert_tells(f, HISTORY, "RECEIVED 1 0");
}

static void test_a_change_may_give_the_lease_up(void **state)
{
    struct fixture *f = *state;
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_PREPARED);
    struct file_claim again = another_claim(f);
    struct file_record record;
    hold_file(f, &record);
    change.release = true;
    assert_true(change_file(f, &change));
    assert_tells(f,
                 "select concat_ws('|', lease_owner, lease_until, attempts) as t "
                 "from rdscnfg.ext_file",
                 "0");
    assert_tells(f, HISTORY, "RECEIVED 1 0; PREPARED 1 0");
    assert_int_equal(claim_file(f, &again, &record), CLAIM_WON);
    assert_int_equal(record.state, FILE_PREPARED);
}

static void test_values_that_cannot_be_stored(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct file_value value;
        enum error_kind kind;
        const char *code;
    } bad[] = {
        {{FILE_VALUE_TEXT, "reason", SLICE_INIT("a\0b"), 0}, ERROR_INVALID, ""},
        {{FILE_VALUE_TEXT, "reason", SLICE_INIT("a\xC3"), 0}, ERROR_INVALID, ""},
        {{FILE_VALUE_TEXT, "no_such_column", SLICE_INIT("a"), 0}, ERROR_CONFIGURATION, "42703"},
        {{FILE_VALUE_NUMBER, "load_no", {"", 0}, INT64_MAX}, ERROR_INVALID, "22003"},
        {{FILE_VALUE_TIME, "noticed_at", {"", 0}, INT64_MAX}, ERROR_INVALID, "22008"},
        {{FILE_VALUE_NULL, "bucket", {"", 0}, 0}, ERROR_CONFLICT, "23502"},
    };
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_REJECTED);
    struct file_record record;
    hold_file(f, &record);
    change.value_count = 1;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        change.values = &bad[i].value;
        assert_int_equal(fail_change(f, &change), -1);
        assert_failed(f, bad[i].kind, bad[i].code, false);
        assert_says(f->err.message, "change the file's state");
    }
    assert_tells(f, STATE, UNCHANGED);
    assert_tells(f, HISTORY, "RECEIVED 1 0");
}

static void test_an_archive_name_is_given_once(void **state)
{
    struct fixture *f = *state;
    const struct file_value name[] = {FILE_TEXT("archived_key", SLICE("archive/527/a_1"))};
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_RECEIVED);
    struct file_claim other = another_claim(f);
    struct file_record record;
    hold_file(f, &record);
    other.identity.key = SLICE("in/other_527.txt");
    assert_int_equal(claim_file(f, &other, &record), CLAIM_WON);
    change.values = name;
    change.value_count = 1;
    assert_true(change_file(f, &change));
    assert_true(change_file(f, &change)); /* it keeps its own */
    change.file_id = record.file_id;
    assert_int_equal(fail_change(f, &change), -1);
    assert_failed(f, ERROR_CONFLICT, "23505", false);
    assert_null(strstr(f->err.message, "archive/527"));
    must_run(f, "update rdscnfg.ext_file set bucket = 'other' where key = 'in/other_527.txt'");
    assert_true(change_file(f, &change)); /* another bucket */
}

/* ---- fences ---------------------------------------------------------------------------------*/

static const struct {
    const char *what;
    struct file_change change;
    int file;
    bool done;
} fences[] = {
    {"the claim", {.claim_no = 2, .from = FILE_FROM(FILE_SUBMITTED)}, 1, true},
    {"an older claim", {.claim_no = 1, .from = FILE_FROM(FILE_SUBMITTED)}, 1, false},
    {"a later claim", {.claim_no = 3, .from = FILE_FROM(FILE_SUBMITTED)}, 1, false},
    {"state and load", {.by_load = true, .load_no = 4, .from = FILE_FROM(FILE_SUBMITTED)}, 1, true},
    {"an older load", {.by_load = true, .load_no = 3, .from = FILE_FROM(FILE_SUBMITTED)}, 1, false},
    {"no load", {.by_load = true, .load_no = 0, .from = FILE_FROM(FILE_SUBMITTED)}, 1, false},
    {"a later transformation",
     {.by_load = true, .load_no = 4, .transform_no = 1, .from = FILE_FROM(FILE_SUBMITTED)},
     1,
     false},
    {"another state", {.by_load = true, .load_no = 4, .from = FILE_FROM(FILE_PREPARED)}, 1, false},
    {"one of two states",
     {.by_load = true, .load_no = 4, .from = FILE_FROM(FILE_PREPARED) | FILE_FROM(FILE_SUBMITTED)},
     1,
     true},
    {"all but the state", {.claim_no = 2, .from = ~FILE_FROM(FILE_SUBMITTED)}, 1, false},
    {"both",
     {.claim_no = 2, .by_load = true, .load_no = 4, .from = FILE_FROM(FILE_SUBMITTED)},
     1,
     true},
    {"the right load of a stale owner",
     {.claim_no = 1, .by_load = true, .load_no = 4, .from = FILE_FROM(FILE_SUBMITTED)},
     1,
     false},
    {"another file", {.from = FILE_FROM(FILE_SUBMITTED)}, 2, false},
};

static void test_fences(void **state)
{
    struct fixture *f = *state;
    const struct file_value values[] = {FILE_TEXT("reason", SLICE("changed"))};
    for (size_t i = 0; i < sizeof(fences) / sizeof(fences[0]); i++) {
        struct file_change change = fences[i].change;
        struct file_record record;
        must_run(f, "truncate rdscnfg.ext_file, rdscnfg.ext_file_history");
        hold_file(f, &record);
        must_run(f, "update rdscnfg.ext_file set state = 'SUBMITTED', claim_no = 2, load_no = 4");
        change.file_id = id_of(f, fences[i].file);
        change.to = FILE_LOADED;
        change.now_ms = NOW_MS;
        change.values = values;
        change.value_count = 1;
        change.release = true;
        if (change_file(f, &change) != fences[i].done) {
            fail_msg("fence of %s", fences[i].what);
        }
        assert_tells(f,
                     "select concat_ws(' ', state, reason, lease_owner) as t from rdscnfg.ext_file",
                     fences[i].done ? "LOADED changed" : "SUBMITTED first owner");
        assert_tells(f, HISTORY, fences[i].done ? "RECEIVED 1 0; LOADED 2 4" : "RECEIVED 1 0");
    }
}

static int change_by(struct pg *pg, struct arena *arena, const void *what)
{
    bool done;
    return file_state_change(pg, &file_tables, what, arena, &done, NULL) == 0 ? done : -1;
}

/* Ends the transaction of the other session while the change waits for it; was the change done? */
static int change_after_commit(struct fixture *f, const struct file_change *change)
{
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    pid_t child = act_elsewhere(change_by, change, gate);
    open_gate(gate);
    await_lock(f, &f->pg);
    assert_int_equal(pg_commit(&f->other, &f->err), 0);
    return outcome_elsewhere(child);
}

/* A change that waited for another transaction looks again at what that left. */
static void test_a_change_that_waited_looks_again(void **state)
{
    struct fixture *f = *state;
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_PREPARED);
    struct file_record record;
    hold_file(f, &record);
    for (int is_taken = 0; is_taken <= 1; is_taken++) {
        assert_int_equal(pg_begin(&f->other, &f->err), 0);
        assert_int_equal(run(f, &f->other,
                             is_taken ? "update rdscnfg.ext_file set claim_no = claim_no + 1"
                                      : "update rdscnfg.ext_file set attempts = attempts + 1"),
                         0);
        change.from = FILE_FROM(record.state);
        change.to = is_taken ? FILE_REJECTED : FILE_PREPARED;
        assert_int_equal(change_after_commit(f, &change), !is_taken);
        record.state = FILE_PREPARED;
    }
    assert_tells(f, "select concat_ws(' ', state, attempts, claim_no) as t from rdscnfg.ext_file",
                 "PREPARED 1 2");
    assert_tells(f, HISTORY, "RECEIVED 1 0; PREPARED 1 0");
}

/* ---- audit rows -----------------------------------------------------------------------------*/

#define AUDIT                                                                                      \
    "select coalesce(string_agg(concat_ws('|', ext_interface_cid, tgt_schema_name, "               \
    "tgt_table_name, file_process_status, file_prcsd_flag, file_process_date, start_time, "        \
    "end_time), '; ' order by ext_file_audit_sid), 'none') as t from rdscnfg.ext_file_audit"

static struct audit_row an_audit_row(void)
{
    return (struct audit_row){.interface_id = SLICE("999999999999999999999999999999"),
                              .schema = SLICE("rdsftetl"),
                              .table = SLICE("dc_x_pa_flavor"),
                              .status = SLICE("FINISHED"),
                              .merge_query = SLICE("call it('x')"),
                              .update_query = SLICE("insert into \"t\""),
                              .error_msg = SLICE("it's \\ caf\xC3\xA9\nsecond line"),
                              .escape_char = SLICE("\""),
                              .start_ms = NOW_MS - 3000,
                              .end_ms = NOW_MS - 1};
}

static void make_interface(struct fixture *f)
{
    must_run(f, "insert into rdscnfg.ext_interface (ext_interface_cid, interface_name) values "
                "(999999999999999999999999999999, 'LONGEST')");
}

static void test_an_audit_row_is_written_with_the_state(void **state)
{
    struct fixture *f = *state;
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_DONE);
    const struct audit_row row = an_audit_row();
    struct file_record record;
    hold_file(f, &record);
    make_interface(f);
    change.audit = &row;
    assert_true(change_file(f, &change));
    assert_tells(f, AUDIT,
                 "999999999999999999999999999999|rdsftetl|dc_x_pa_flavor|FINISHED|Y|"
                 "2026-11-21 01:57:54.104|2026-11-21 01:57:50.104|2026-11-21 01:57:53.103");
    assert_tells(f,
                 "select concat_ws('|', merge_query, update_query, error_msg, escape_char, "
                 "created_date, modified_date) as t from rdscnfg.ext_file_audit",
                 "call it('x')|insert into \"t\"|it's \\ caf\xC3\xA9\nsecond line|\"|"
                 "2026-11-21 01:57:54.104|2026-11-21 01:57:54.104");
    assert_tells(f, "select audited_at::text as t from rdscnfg.ext_file",
                 "2026-11-20 20:27:54.104+00");
    assert_tells(f, HISTORY, "RECEIVED 1 0; DONE 1 0");
    /* The state is another one now, so the fence does not hold, and there is no second row. */
    assert_false(change_file(f, &change));
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file_audit"), 1);
}

static void test_audit_times_are_those_of_the_zone(void **state)
{
    struct fixture *f = *state;
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_RECEIVED);
    struct audit_row row = an_audit_row();
    struct file_record record;
    hold_file(f, &record);
    make_interface(f);
    row.status = SLICE("ABORTED");
    change.audit = &row;
    change.now_ms = INT64_C(1774746600000); /* 2026-03-29 01:10 UTC: summer time has begun */
    row.start_ms = INT64_C(1774745999999);  /* a moment before that */
    row.end_ms = INT64_C(1774746000000);
    static const char *const zones[] = {"Europe/Berlin", "Asia/Calcutta", "UTC"};
    static const char *const times[] = {
        "2026-03-29 03:10:00|2026-03-29 01:59:59.999|2026-03-29 03:00:00",
        "2026-03-29 06:40:00|2026-03-29 06:29:59.999|2026-03-29 06:30:00",
        "2026-03-29 01:10:00|2026-03-29 00:59:59.999|2026-03-29 01:00:00",
    };
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        must_run(f, "truncate rdscnfg.ext_file_audit");
        file_tables.timezone = slice_from(zones[i]);
        assert_true(change_file(f, &change));
        assert_tells(f, AUDIT,
                     arena_format(&f->arena,
                                  "999999999999999999999999999999|rdsftetl|dc_x_pa_flavor|ABORTED|"
                                  "N|%s",
                                  times[i])
                         .data);
    }
    assert_tells(f, HISTORY, "RECEIVED 1 0");
    file_tables.timezone = SLICE("Mars/Olympus");
    assert_int_equal(fail_change(f, &change), -1);
    assert_failed(f, ERROR_INVALID, "22023", false);
}

static void test_what_an_audit_row_leaves_out_is_null(void **state)
{
    struct fixture *f = *state;
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_REJECTED);
    const struct audit_row row = {.interface_id = SLICE("999999999999999999999999999999"),
                                  .status = SLICE("FAILED"),
                                  .start_ms = NOW_MS,
                                  .end_ms = NOW_MS};
    struct file_record record;
    hold_file(f, &record);
    make_interface(f);
    change.audit = &row;
    assert_true(change_file(f, &change));
    assert_tells(f,
                 "select concat_ws('|', merge_query is null, update_query is null, error_msg is "
                 "null, escape_char is null, '<' || tgt_schema_name || tgt_table_name || '>') as t "
                 "from rdscnfg.ext_file_audit",
                 "t|t|t|t|<>");
}

static void test_an_interface_that_is_gone_costs_the_audit_row_only(void **state)
{
    struct fixture *f = *state;
    const struct file_value values[] = {FILE_TEXT("reason", SLICE("why"))};
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_REJECTED);
    const struct audit_row row = an_audit_row();
    struct file_record record;
    hold_file(f, &record);
    change.audit = &row;
    change.values = values;
    change.value_count = 1;
    change.release = true;
    assert_true(change_file(f, &change));
    assert_tells(f,
                 "select concat_ws('|', state, reason, audited_at is not null, lease_owner) as t "
                 "from rdscnfg.ext_file",
                 "REJECTED|why|t");
    assert_tells(f, AUDIT, "none");
}

static struct slice repeated(struct fixture *f, const char *unit, size_t times)
{
    struct strbuf text = STRBUF_INIT;
    for (size_t i = 0; i < times; i++) {
        strbuf_append_text(&text, unit);
    }
    struct slice copy = arena_copy(&f->arena, strbuf_slice(&text));
    strbuf_release(&text);
    return copy;
}

static void test_long_texts_are_cut_to_their_columns(void **state)
{
    struct fixture *f = *state;
    struct file_change change = a_change(f, FILE_RECEIVED, FILE_REJECTED);
    struct audit_row row = an_audit_row();
    struct file_record record;
    hold_file(f, &record);
    make_interface(f);
    row.schema = row.table = row.escape_char = repeated(f, "\xC3\xA9", 300);
    row.merge_query = row.update_query = row.error_msg = repeated(f, "\xC3\xA9", 70000);
    change.note = row.error_msg;
    change.audit = &row;
    assert_true(change_file(f, &change));
    assert_tells(f,
                 "select concat_ws(' ', length(tgt_schema_name), length(tgt_table_name), "
                 "length(escape_char), length(merge_query), length(update_query), "
                 "length(error_msg)) as t from rdscnfg.ext_file_audit",
                 "200 200 50 65535 65535 4000");
    assert_int_equal(
        ask_number(f, &f->pg, "select max(length(note)) as n from rdscnfg.ext_file_history"), 4000);
}

/* ---- releases and times ---------------------------------------------------------------------*/

static void test_a_release_lets_others_in(void **state)
{
    struct fixture *f = *state;
    struct file_claim again = another_claim(f);
    struct file_record record;
    hold_file(f, &record);
    assert_int_equal(file_state_release(&f->pg, &file_tables, record.file_id, 1, NOW_MS + 30000,
                                        &f->arena, &f->err),
                     0);
    assert_tells(f,
                 "select concat_ws('|', attempts, next_attempt_at, lease_owner, lease_until, "
                 "claim_no, state) as t from rdscnfg.ext_file",
                 "1|2026-11-20 20:28:23.104+00|1|RECEIVED");
    assert_int_equal(claim_file(f, &again, &record), CLAIM_WON);
    assert_int_equal(record.claim_no, 2);
    assert_int_equal(record.attempts, 1);
    /* The first owner wakes up late: the lease is not its to give up. */
    assert_int_equal(file_state_release(&f->pg, &file_tables, record.file_id, 1, NOW_MS + 90000,
                                        &f->arena, &f->err),
                     0);
    assert_tells(f, "select concat_ws('|', attempts, lease_owner) as t from rdscnfg.ext_file",
                 "1|second owner");
}

static void test_a_release_without_an_error_counts_nothing(void **state)
{
    struct fixture *f = *state;
    struct file_record record;
    hold_file(f, &record);
    must_run(f, "update rdscnfg.ext_file set state = 'SUBMITTED', load_no = 1");
    assert_int_equal(
        file_state_release(&f->pg, &file_tables, record.file_id, 1, 0, &f->arena, &f->err), 0);
    assert_tells(f,
                 "select concat_ws('|', attempts, next_attempt_at, lease_owner, lease_until, "
                 "claim_no, state) as t from rdscnfg.ext_file",
                 "0|1|SUBMITTED");
}

static void test_local_times(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *zone;
        int64_t time_ms;
        const char *text;
    } times[] = {
        {"UTC", NOW_MS, "2026-11-20-20-27-53"},
        {"Asia/Calcutta", NOW_MS, "2026-11-21-01-57-53"},
        {"Europe/Berlin", INT64_C(1774745999999),
         "2026-03-29-01-59-59"}, /* the clock goes forward */
        {"Europe/Berlin", INT64_C(1774746000000), "2026-03-29-03-00-00"},
        {"America/New_York", INT64_C(1793512800000), "2026-11-01-01-00-00"}, /* back: after … */
        {"America/New_York", INT64_C(1793509200000), "2026-11-01-01-00-00"}, /* … and before */
        {"UTC", 0, "1970-01-01-00-00-00"},
    };
    struct slice text;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        file_tables.timezone = slice_from(times[i].zone);
        assert_int_equal(file_state_local_time(&f->pg, &file_tables, times[i].time_ms, &f->arena,
                                               &text, &f->err),
                         0);
        assert_text(text, times[i].text);
    }
    file_tables.timezone = SLICE("Asia/Atlantis");
    assert_int_equal(file_state_local_time(&f->pg, &file_tables, NOW_MS, &f->arena, &text, &f->err),
                     -1);
    assert_failed(f, ERROR_INVALID, "22023", false);
    assert_says(f->err.message, "timezone Asia/Atlantis: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_a_change_sets_what_it_is_told),
        CASE_TABLES(test_a_first_text_stays),
        CASE_TABLES(test_the_same_state_makes_no_history),
        CASE_TABLES(test_a_change_may_give_the_lease_up),
        CASE_TABLES(test_values_that_cannot_be_stored),
        CASE_TABLES(test_an_archive_name_is_given_once),
        CASE_TABLES(test_fences),
        CASE_TABLES(test_a_change_that_waited_looks_again),
        CASE_TABLES(test_an_audit_row_is_written_with_the_state),
        CASE_TABLES(test_audit_times_are_those_of_the_zone),
        CASE_TABLES(test_what_an_audit_row_leaves_out_is_null),
        CASE_TABLES(test_an_interface_that_is_gone_costs_the_audit_row_only),
        CASE_TABLES(test_long_texts_are_cut_to_their_columns),
        CASE_TABLES(test_a_release_lets_others_in),
        CASE_TABLES(test_a_release_without_an_error_counts_nothing),
        CASE_TABLES(test_local_times),
    };
    return RUN_ON_SERVER("test_file_change", tests);
}
