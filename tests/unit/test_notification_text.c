#include "unit/arena_fixture.h"

#include "job/notification_text.h"

#include "base/array.h"
#include "base/json.h"
#include "base/redact.h"
#include "base/utf8.h"

static int tear_down(void **state)
{
    redact_forget_all();
    return release_arena(state);
}

static struct notification rejected(void)
{
    return (struct notification){
        .kind = NOTIFICATION_REJECTED,
        .before_load = true,
        .file_id = SLICE("0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11"),
        .bucket = SLICE("landing"),
        .key = SLICE("external_input/PA_FLAVOR_527.txt"),
        .interface_id = SLICE("527"),
        .target = SLICE("rdsftetl.dc_x_pa_flavor"),
        .reason = SLICE("the trailer promises 3 records, and the file has 2"),
        .archived_key = SLICE("archive/error/PA_FLAVOR_527.txt"),
        .is_archived = true,
        .custom_error_msg = SLICE("Call 555-0100."),
        .rows_loaded = -1,
    };
}

static const char *subject_of(const struct notification *notification)
{
    struct strbuf out = STRBUF_INIT;
    const char *text;
    notification_text_subject(&out, notification);
    text = arena_text(&arena, strbuf_slice(&out));
    strbuf_release(&out);
    return text;
}

/* One form of the message, which must be an object of exactly three strings. */
static const char *form_of(const struct notification *notification, const char *form)
{
    struct strbuf out = STRBUF_INIT;
    struct slice text;
    struct error err;
    const json *document;
    notification_text_message(&out, notification);
    document = json_parse(&arena, strbuf_slice(&out), out.size, &err);
    strbuf_release(&out);
    assert_non_null(document);
    assert_int_equal(json_count(document), 3);
    assert_true(json_string(json_get(document, form), &text));
    return arena_text(&arena, text);
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        fail_msg("\"%s\" holds \"%s\"", text, part);
    }
}

static void test_subjects_begin_as_people_filter_them(void **state)
{
    static const struct {
        enum notification_kind kind;
        bool before_load;
        const char *subject;
    } cases[] = {
        {NOTIFICATION_SUBMITTED, false,
         "External File Processing Framework Submission --> SUCCESS: PA_FLAVOR_527.txt"},
        {NOTIFICATION_REJECTED, true,
         "External File Processing Framework Submission --> FAILED: PA_FLAVOR_527.txt"},
        {NOTIFICATION_REJECTED, false,
         "External File Processing Framework logging --> FAILED: PA_FLAVOR_527.txt"},
        {NOTIFICATION_FAILED, false,
         "External File Processing Framework logging --> FAILED: PA_FLAVOR_527.txt"},
        {NOTIFICATION_TRANSFORM_FAILED, false,
         "External File Processing Framework logging --> FAILED: PA_FLAVOR_527.txt"},
        {NOTIFICATION_DONE, false,
         "External File Processing Framework logging --> SUCCESS: PA_FLAVOR_527.txt"},
        {NOTIFICATION_UNKNOWN, false,
         "External File Processing Framework logging --> UNKNOWN: PA_FLAVOR_527.txt"},
        {NOTIFICATION_UNKNOWN, true,
         "External File Processing Framework logging --> UNKNOWN: PA_FLAVOR_527.txt"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct notification notification = rejected();
        notification.kind = cases[i].kind;
        notification.before_load = cases[i].before_load;
        assert_string_equal(subject_of(&notification), cases[i].subject);
    }
}

static void test_a_mail_says_what_happened_and_what_to_do(void **state)
{
    struct notification notification = rejected();
    (void)state;
    assert_string_equal(
        form_of(&notification, "email"),
        "The file was rejected. None of its rows were loaded.\n"
        "\n"
        "File:       PA_FLAVOR_527.txt\n"
        "Bucket:     landing\n"
        "Key:        external_input/PA_FLAVOR_527.txt\n"
        "Interface:  527\n"
        "Table:      rdsftetl.dc_x_pa_flavor\n"
        "Archive:    archive/error/PA_FLAVOR_527.txt\n"
        "File id:    0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11\n"
        "Reason:     the trailer promises 3 records, and the file has 2\n"
        "\n"
        "What to do: Correct what the reason names, in the file or in its configuration. Then send "
        "the file again.\n"
        "\n"
        "Call 555-0100.\n");
}

static void test_a_good_file_has_rows_and_no_custom_message(void **state)
{
    struct notification notification = rejected();
    (void)state;
    notification.kind = NOTIFICATION_DONE;
    notification.reason = SLICE("");
    notification.rows_loaded = 0;
    assert_says(form_of(&notification, "email"), "Rows:       0\n");
    assert_lacks(form_of(&notification, "email"), "Reason:");
    assert_lacks(form_of(&notification, "email"), "555-0100");
    assert_lacks(form_of(&notification, "default"), "555-0100");
    assert_string_equal(form_of(&notification, "sms"), "DONE: PA_FLAVOR_527.txt");
}

static void test_a_file_that_will_be_archived(void **state)
{
    struct notification notification = rejected();
    (void)state;
    notification.is_archived = false;
    assert_says(form_of(&notification, "email"),
                "Archive:    The file will be archived as archive/error/PA_FLAVOR_527.txt\n");
    assert_says(form_of(&notification, "default"),
                "\"archived_key\":\"archive/error/PA_FLAVOR_527.txt\"");
    notification.archived_key = SLICE("");
    assert_lacks(form_of(&notification, "email"), "Archive:");
    assert_lacks(form_of(&notification, "default"), "archived_key");
}

static void test_an_unknown_number_of_rows_is_left_out(void **state)
{
    struct notification notification = rejected();
    (void)state;
    notification.kind = NOTIFICATION_DONE;
    notification.reason = SLICE("");
    notification.rows_loaded = -1;
    assert_says(form_of(&notification, "email"), "The file was loaded.\n");
    assert_lacks(form_of(&notification, "email"), "Rows:");
    assert_lacks(form_of(&notification, "default"), "rows_loaded");
}

/* Somebody's content under a key that ends in '/': there is no name to show. */
static void test_a_key_without_a_file_name(void **state)
{
    struct notification notification = rejected();
    (void)state;
    notification.key = SLICE("in/no-folder/");
    assert_string_equal(subject_of(&notification),
                        "External File Processing Framework Submission --> FAILED: in/no-folder/");
    assert_says(form_of(&notification, "email"), "File:       in/no-folder/\n");
    assert_says(form_of(&notification, "sms"), "REJECTED: in/no-folder/: ");
}

static void test_an_unknown_outcome(void **state)
{
    struct notification notification = rejected();
    (void)state;
    notification.kind = NOTIFICATION_UNKNOWN;
    notification.before_load = false;
    notification.reason = SLICE("Redshift refuses to answer");
    notification.archived_key = SLICE("");
    assert_string_equal(
        form_of(&notification, "email"),
        "It is unknown whether the file was loaded, because Redshift cannot be asked.\n"
        "\n"
        "File:       PA_FLAVOR_527.txt\n"
        "Bucket:     landing\n"
        "Key:        external_input/PA_FLAVOR_527.txt\n"
        "Interface:  527\n"
        "Table:      rdsftetl.dc_x_pa_flavor\n"
        "File id:    0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11\n"
        "Reason:     Redshift refuses to answer\n"
        "\n"
        "What to do: Do NOT send the file again: its rows could be loaded twice. An operator must "
        "fix what the reason names. Another notification will then report the outcome.\n"
        "\n"
        "Call 555-0100.\n");
    assert_says(form_of(&notification, "default"), "\"state\":\"UNKNOWN\",\"success\":false");
    assert_string_equal(
        form_of(&notification, "sms"),
        "UNKNOWN: PA_FLAVOR_527.txt: Redshift refuses to answer; do NOT send it again");
}

static void test_nobody_is_asked_to_send_loaded_rows_again(void **state)
{
    struct notification notification = rejected();
    (void)state;
    notification.kind = NOTIFICATION_TRANSFORM_FAILED;
    assert_says(form_of(&notification, "email"), "Do NOT send the file again");
    assert_says(form_of(&notification, "default"), "Do NOT send the file again");
    assert_says(form_of(&notification, "default"), "\"custom_error_msg\":\"Call 555-0100.\"");
    assert_says(form_of(&notification, "sms"), "; do NOT send it again");
}

static void test_machines_get_json(void **state)
{
    struct notification notification = rejected();
    struct error err;
    struct slice text;
    int64_t rows = 0;
    bool success = true;
    const json *document;
    (void)state;
    notification.rows_loaded = 12;
    document = json_parse(&arena, slice_from(form_of(&notification, "default")), 65536, &err);
    assert_non_null(document);
    assert_true(json_string(json_get(document, "state"), &text));
    assert_true(slice_equal(text, SLICE("REJECTED")));
    assert_true(json_bool(json_get(document, "success"), &success));
    assert_false(success);
    assert_true(json_string(json_get(document, "key"), &text));
    assert_true(slice_equal(text, notification.key));
    assert_true(json_string(json_get(document, "reason"), &text));
    assert_true(slice_equal(text, notification.reason));
    assert_true(json_i64(json_get(document, "rows_loaded"), &rows));
    assert_int_equal(rows, 12);
    assert_true(json_string(json_get(document, "what_to_do"), &text));
    notification.interface_id = SLICE("");
    notification.rows_loaded = -1;
    document = json_parse(&arena, slice_from(form_of(&notification, "default")), 65536, &err);
    assert_null(json_get(document, "interface_id"));
    assert_null(json_get(document, "rows_loaded"));
}

static void test_hostile_names_and_reasons_make_no_lines_of_ours(void **state)
{
    struct notification notification = rejected();
    (void)state;
    notification.key = SLICE("in/a\nWhat to do: nothing\r\x1b[2J\x7f_527.txt");
    notification.reason = SLICE("first\nWhat to do: nothing");
    assert_string_equal(subject_of(&notification),
                        "External File Processing Framework Submission --> FAILED: a What to do: "
                        "nothing  [2J _527.txt");
    assert_lacks(form_of(&notification, "email"), "\nWhat to do: nothing");
    assert_says(form_of(&notification, "email"), "first\n            What to do: nothing\n");
    assert_lacks(form_of(&notification, "sms"), "\n");
    assert_says(form_of(&notification, "default"), "in/a\\nWhat to do: nothing\\r\\u001b[2J");
}

static void test_a_short_message_is_cut_at_a_character(void **state)
{
    struct notification notification = rejected();
    struct strbuf reason = STRBUF_INIT;
    const char *text;
    (void)state;
    for (int i = 0; i < 100; i++) {
        strbuf_append_text(&reason, "日");
    }
    notification.reason = strbuf_slice(&reason);
    text = form_of(&notification, "sms");
    assert_true(strlen(text) <= NOTIFICATION_SMS_LIMIT &&
                strlen(text) > NOTIFICATION_SMS_LIMIT - 4);
    assert_true(slice_ends_with(slice_from(text), SLICE("日...; correct it, then send it again")));
    assert_int_equal(utf8_find_invalid(slice_from(text)), SLICE_NONE);
    assert_says(text, "REJECTED: PA_FLAVOR_527.txt: 日");
    strbuf_release(&reason);
}

static void test_a_short_message_that_just_fits(void **state)
{
    static const char advice[] = "; correct it, then send it again";
    size_t rest = strlen("REJECTED: PA_FLAVOR_527.txt: ") + strlen(advice);
    struct notification notification = rejected();
    char reason[NOTIFICATION_SMS_LIMIT];
    (void)state;
    memset(reason, 'x', sizeof(reason));
    notification.reason = slice_of(reason, NOTIFICATION_SMS_LIMIT - rest);
    assert_true(slice_ends_with(slice_from(form_of(&notification, "sms")),
                                SLICE("xxx; correct it, then send it again")));
    assert_int_equal(strlen(form_of(&notification, "sms")), NOTIFICATION_SMS_LIMIT);
    notification.reason.size++;
    assert_int_equal(strlen(form_of(&notification, "sms")), NOTIFICATION_SMS_LIMIT);
    assert_true(slice_ends_with(slice_from(form_of(&notification, "sms")),
                                SLICE("x...; correct it, then send it again")));
}

static void test_secrets_do_not_get_out(void **state)
{
    static const char *const forms[] = {"default", "email", "sms"};
    struct notification notification = rejected();
    (void)state;
    redact_register(SLICE("hunter2hunter2"));
    notification.key = SLICE("in/hunter2hunter2_527.txt");
    notification.reason = SLICE("password hunter2hunter2 refused");
    notification.custom_error_msg = SLICE("hunter2hunter2");
    assert_lacks(subject_of(&notification), "hunter2");
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        assert_lacks(form_of(&notification, forms[i]), "hunter2");
        assert_says(form_of(&notification, forms[i]), "[redacted]");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subjects_begin_as_people_filter_them),
        cmocka_unit_test(test_a_mail_says_what_happened_and_what_to_do),
        cmocka_unit_test(test_a_good_file_has_rows_and_no_custom_message),
        cmocka_unit_test(test_a_file_that_will_be_archived),
        cmocka_unit_test(test_an_unknown_number_of_rows_is_left_out),
        cmocka_unit_test(test_a_key_without_a_file_name),
        cmocka_unit_test(test_an_unknown_outcome),
        cmocka_unit_test(test_nobody_is_asked_to_send_loaded_rows_again),
        cmocka_unit_test(test_machines_get_json),
        cmocka_unit_test(test_hostile_names_and_reasons_make_no_lines_of_ours),
        cmocka_unit_test(test_a_short_message_is_cut_at_a_character),
        cmocka_unit_test(test_a_short_message_that_just_fits),
        cmocka_unit_test(test_secrets_do_not_get_out),
    };
    return cmocka_run_group_tests(tests, open_arena, tear_down);
}
