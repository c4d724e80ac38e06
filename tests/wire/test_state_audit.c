/* Audit rows on a real Postgres. */
#include "wire/files.h"

#include "base/strbuf.h"

/* --- audit rows --- */

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
    struct file_statement_end change = an_end(f, FILE_DONE, STATEMENT_IN);
    const struct audit_row row = an_audit_row();
    struct file_record record;
    submit_load(f, &record);
    make_interface(f);
    change.audit = &row;
    assert_true(end_statement(f, &change, &record));
    assert_true(record.is_audited);
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
    assert_tells(f, HISTORY, "RECEIVED 1 0; PREPARED 1 1 load 1; SUBMITTED 1 1 s1; DONE 1 1 s1");
    /* The state is another one now, so the fence does not hold, and there is no second row. */
    assert_false(end_statement(f, &change, &record));
    assert_int_equal(ask_number(f, &f->pg, "select count(*) as n from rdscnfg.ext_file_audit"), 1);
}

static void test_a_write_without_an_audit_row_keeps_the_mark(void **state)
{
    struct fixture *f = *state;
    struct file_end change = an_end_without_load(f, FILE_REJECTED);
    struct file_record record;
    hold_file(f, &record);
    make_interface(f);
    must_run(f, "update rdscnfg.ext_file set audited_at = '2026-11-20Z'");
    assert_true(end_file(f, &change, &record));
    assert_true(record.is_audited);
    assert_tells(f, AUDIT, "none");
    assert_tells(f, "select audited_at::text as t from rdscnfg.ext_file", "2026-11-20 00:00:00+00");
}

static void test_audit_times_are_those_of_the_zone(void **state)
{
    struct fixture *f = *state;
    struct file_mark change = a_mark(f, FILE_AUDITED);
    struct audit_row row = an_audit_row();
    struct file_record record;
    bool done;
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
    for (size_t i = 0; i < COUNT_OF(zones); i++) {
        must_run(f, "truncate rdscnfg.ext_file_audit");
        store.tables.timezone = slice_from(zones[i]);
        assert_true(mark(f, &change, &record));
        assert_tells(f, AUDIT,
                     arena_format(&f->arena,
                                  "999999999999999999999999999999|rdsftetl|dc_x_pa_flavor|ABORTED|"
                                  "N|%s",
                                  times[i])
                         .data);
    }
    assert_tells(f, HISTORY, "RECEIVED 1 0");
    store.tables.timezone = SLICE("Mars/Olympus");
    assert_int_equal(file_mark(&store, &change, &f->arena, &done, &record, &f->err), -1);
    assert_failed(f, ERROR_INVALID, "22023", false);
}

static void test_what_an_audit_row_leaves_out_is_null(void **state)
{
    struct fixture *f = *state;
    struct file_end change = an_end_without_load(f, FILE_REJECTED);
    const struct audit_row row = {.interface_id = SLICE("999999999999999999999999999999"),
                                  .status = SLICE("FAILED"),
                                  .start_ms = NOW_MS,
                                  .end_ms = NOW_MS};
    struct file_record record;
    hold_file(f, &record);
    make_interface(f);
    change.audit = &row;
    assert_true(end_file(f, &change, &record));
    assert_tells(f,
                 "select concat_ws('|', merge_query is null, update_query is null, error_msg is "
                 "null, escape_char is null, '<' || tgt_schema_name || tgt_table_name || '>') as t "
                 "from rdscnfg.ext_file_audit",
                 "t|t|t|t|<>");
}

static void test_an_interface_that_is_gone_costs_the_audit_row_only(void **state)
{
    struct fixture *f = *state;
    struct file_end change = an_end_without_load(f, FILE_REJECTED);
    const struct audit_row row = an_audit_row();
    struct file_record record;
    hold_file(f, &record);
    change.audit = &row;
    assert_true(end_file(f, &change, &record));
    assert_int_equal(record.state, FILE_REJECTED);
    assert_true(record.is_audited);
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
    struct file_end change = an_end_without_load(f, FILE_REJECTED);
    struct audit_row row = an_audit_row();
    struct file_record record;
    hold_file(f, &record);
    make_interface(f);
    row.schema = row.table = row.escape_char = repeated(f, "\xC3\xA9", 300);
    row.merge_query = row.update_query = row.error_msg = repeated(f, "\xC3\xA9", 70000);
    change.reason = row.error_msg;
    change.audit = &row;
    assert_true(end_file(f, &change, &record));
    assert_int_equal(record.reason.size, 8000);
    assert_tells(f,
                 "select concat_ws(' ', length(tgt_schema_name), length(tgt_table_name), "
                 "length(escape_char), length(merge_query), length(update_query), "
                 "length(error_msg)) as t from rdscnfg.ext_file_audit",
                 "200 200 50 65535 65535 4000");
    assert_int_equal(
        ask_number(f, &f->pg, "select max(length(note)) as n from rdscnfg.ext_file_history"), 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TABLES(test_an_audit_row_is_written_with_the_state),
        CASE_TABLES(test_a_write_without_an_audit_row_keeps_the_mark),
        CASE_TABLES(test_audit_times_are_those_of_the_zone),
        CASE_TABLES(test_what_an_audit_row_leaves_out_is_null),
        CASE_TABLES(test_an_interface_that_is_gone_costs_the_audit_row_only),
        CASE_TABLES(test_long_texts_are_cut_to_their_columns),
    };
    return RUN_ON_SERVER("test_state_audit", tests);
}
