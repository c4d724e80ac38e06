#include "unit/unit.h"

#include "base/array.h"
#include "base/error.h"
#include "base/redact.h"
#include "base/utf8.h"

#include <stdio.h>

static void test_kinds_have_names_and_say_whether_to_retry(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum error_kind kind;
        bool retryable;
    } kinds[] = {
        {"Invalid", ERROR_INVALID, false},       {"Configuration", ERROR_CONFIGURATION, false},
        {"NotFound", ERROR_NOT_FOUND, false},    {"Conflict", ERROR_CONFLICT, false},
        {"Denied", ERROR_DENIED, false},         {"Limit", ERROR_LIMIT, false},
        {"Remote", ERROR_REMOTE, false},         {"Busy", ERROR_BUSY, true},
        {"Network", ERROR_NETWORK, true},        {"Timeout", ERROR_TIMEOUT, true},
        {"System", ERROR_SYSTEM, true},          {"Cancelled", ERROR_CANCELLED, false},
        {"Unknown", (enum error_kind)99, false},
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct error err;
        memset(&err, 'x', sizeof(err));
        assert_string_equal(error_kind_name(kinds[i].kind), kinds[i].name);
        assert_int_equal(error_set(&err, kinds[i].kind, "line %d of %s", 3, "a.txt"), -1);
        assert_int_equal(err.kind, kinds[i].kind);
        assert_int_equal(err.retryable, kinds[i].retryable);
        assert_int_equal(err.status, 0);
        assert_string_equal(err.code, "");
        assert_string_equal(err.message, "line 3 of a.txt");
    }
}

static void test_nobody_needs_to_listen(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERROR_INVALID, "x"), -1);
    assert_int_equal(error_prefix(NULL, "x"), -1);
    assert_int_equal(error_pass(NULL, &(struct error){.kind = ERROR_BUSY}), -1);
    error_set_code(NULL, SLICE("x"));
}

static void test_a_failure_is_passed_on_whole(void **state)
{
    (void)state;
    struct error failure;
    struct error err = {.kind = ERROR_INVALID, .message = "another"};
    error_set(&failure, ERROR_BUSY, "too fast");
    failure.status = 503;
    error_set_code(&failure, SLICE("SlowDown"));
    assert_int_equal(error_pass(&err, &failure), -1);
    assert_memory_equal(&err, &failure, sizeof(err));
}

static void test_prefixes_pile_up_and_keep_the_rest(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_BUSY, "too fast");
    err.status = 503;
    error_set_code(&err, SLICE("SlowDown"));
    assert_int_equal(error_prefix(&err, "part %d", 7), -1);
    assert_int_equal(error_prefix(&err, "upload of %s", "k"), -1);
    assert_string_equal(err.message, "upload of k: part 7: too fast");
    assert_int_equal(err.kind, ERROR_BUSY);
    assert_true(err.retryable);
    assert_int_equal(err.status, 503);
    assert_string_equal(err.code, "SlowDown");
}

static void test_an_old_message_may_be_an_argument(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_REMOTE, "inner");
    error_set(&err, ERROR_INVALID, "outer (%s)", err.message);
    assert_string_equal(err.message, "outer (inner)");
    error_prefix(&err, "again (%s)", err.message);
    assert_string_equal(err.message, "again (outer (inner)): outer (inner)");
}

static void test_long_messages_are_cut_between_characters(void **state)
{
    (void)state;
    struct error err;
    char text[3000];
    /* The cut moves over all the bytes of two-, three- and four-byte characters. */
    static const char *const characters[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t shift = 0; shift < 12; shift++) {
        size_t size = shift;
        memset(text, 'x', size);
        while (size < 2500) {
            const char *character = characters[shift % 3];
            memcpy(text + size, character, strlen(character) + 1);
            size += strlen(character);
        }
        error_set(&err, ERROR_INVALID, "%s", text);
        size_t length = strlen(err.message);
        assert_true(length <= sizeof(err.message) - 1 && length >= sizeof(err.message) - 4);
        assert_string_equal(err.message + length - 3, "...");
        assert_true(utf8_find_invalid(slice_from(err.message)) == SLICE_NONE);
        error_prefix(&err, "%s", text);
        assert_string_equal(err.message + strlen(err.message) - 3, "...");
        assert_true(utf8_find_invalid(slice_from(err.message)) == SLICE_NONE);
    }
}

/* What a log would show of an error whose messages hold the secret SWORDFISH. */
static void assert_shows_nothing(const struct error *err)
{
    struct strbuf shown = STRBUF_INIT;
    redact_append(&shown, slice_from(err->message));
    if (strpbrk(shown.data, "SWORDFISH") != NULL) {
        fail_msg("%s", shown.data);
    }
    strbuf_release(&shown);
}

/* Wherever the cut falls, also in an error that becomes part of another. */
static void test_a_cut_leaves_nothing_of_a_secret(void **state)
{
    (void)state;
    struct error err;
    char text[1100];
    redact_register(SLICE("SWORDFISH"));
    for (size_t at = sizeof(err.message) - 20; at < sizeof(err.message) + 5; at++) {
        memset(text, 'x', sizeof(text));
        memcpy(text + at, "SWORDFISH and more", sizeof("SWORDFISH and more"));
        error_set(&err, ERROR_INVALID, "%s", text);
        assert_shows_nothing(&err);
        error_set(&err, ERROR_INVALID, "(%s) he said", err.message + 100);
        assert_shows_nothing(&err);
        error_set(&err, ERROR_INVALID, "%s", text + 200);
        error_prefix(&err, "%.*s", 198, text);
        assert_shows_nothing(&err);
    }
    redact_forget_all();
}

static void test_a_message_that_just_fits_is_whole(void **state)
{
    (void)state;
    struct error err;
    char text[sizeof(err.message) + 1];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 2] = '\0';
    error_set(&err, ERROR_INVALID, "%s", text);
    assert_string_equal(err.message, text);
    error_set(&err, ERROR_INVALID, "%s", text + 3);
    error_prefix(&err, "y");
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    assert_null(strstr(err.message, "..."));
}

static void test_codes_are_cut_to_fit(void **state)
{
    (void)state;
    struct error err;
    char text[200];
    error_set(&err, ERROR_REMOTE, "x");
    memset(text, 'c', sizeof(text));
    error_set_code(&err, slice_of(text, sizeof(text)));
    assert_int_equal(strlen(err.code), sizeof(err.code) - 1);
    error_set_code(&err, slice_of(NULL, 0));
    assert_string_equal(err.code, "");
}

static void test_codes_are_known_again(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_CONFLICT, "x");
    assert_true(error_is(&err, SLICE("")));
    assert_false(error_is(&err, SLICE("23505")));
    error_set_code(&err, SLICE("23505"));
    assert_true(error_is(&err, SLICE("23505")));
    assert_false(error_is(&err, SLICE("23")));
    assert_false(error_is(&err, SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_have_names_and_say_whether_to_retry),
        cmocka_unit_test(test_nobody_needs_to_listen),
        cmocka_unit_test(test_a_failure_is_passed_on_whole),
        cmocka_unit_test(test_prefixes_pile_up_and_keep_the_rest),
        cmocka_unit_test(test_an_old_message_may_be_an_argument),
        cmocka_unit_test(test_long_messages_are_cut_between_characters),
        cmocka_unit_test(test_a_cut_leaves_nothing_of_a_secret),
        cmocka_unit_test(test_a_message_that_just_fits_is_whole),
        cmocka_unit_test(test_codes_are_cut_to_fit),
        cmocka_unit_test(test_codes_are_known_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
