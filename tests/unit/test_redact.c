#include "unit/unit.h"

#include "base/array.h"
#include "base/encode.h"
#include "base/json_writer.h"
#include "base/redact.h"

#include <stdio.h>

#define MARK "[redacted]"

static void assert_redacted(struct slice text, const char *expected)
{
    struct strbuf out = STRBUF_INIT;
    redact_append(&out, text);
    assert_string_equal(out.data, expected);
    strbuf_release(&out);
}

static int forget_all(void **state)
{
    (void)state;
    redact_forget_all();
    return 0;
}

static void test_without_secrets_text_stays(void **state)
{
    (void)state;
    struct strbuf out = STRBUF_INIT;
    strbuf_append_text(&out, "before ");
    redact_append(&out, SLICE("swordfish \\ % +"));
    assert_string_equal(out.data, "before swordfish \\ % +");
    strbuf_release(&out);
    assert_redacted((struct slice){NULL, 0}, "");
}

static void test_every_occurrence_goes(void **state)
{
    (void)state;
    redact_register(SLICE("swordfish"));
    assert_redacted(SLICE("swordfish"), MARK);
    assert_redacted(SLICE("a swordfish, swordfishswordfish."), "a " MARK ", " MARK MARK ".");
    assert_redacted(SLICE("Swordfish swordfis swordfi"), "Swordfish swordfis " MARK);
    assert_redacted(SLICE("sswordfish"), "s" MARK);
    assert_redacted(SLICE("swordswordfish"), "sword" MARK);
}

static const struct {
    const char *secret;
    const char *text;
    const char *expected;
} short_secrets[] = {
    {"report1", "report1", MARK},
    {"report1", "a report1, (report1) report1.", "a " MARK ", (" MARK ") " MARK "."},
    {"report1", "report12 1report1 _report1 report1_", NULL},
    {"report1", "report1report1", NULL},
    {"report12", "report123 1report12 report12report12", MARK "3 1" MARK " " MARK MARK},
    {"12345", "12345 123456 at 12345", MARK " 123456 at " MARK},
    {"a", "a cat and a dog", MARK " cat and " MARK " dog"},

    /* A character is not a byte, and other alphabets have letters, too. */
    {"\xC3\xA9t\xC3\xA9 \xC3\xA9t\xC3\xA9", "x\xC3\xA9t\xC3\xA9 \xC3\xA9t\xC3\xA9", NULL},
    {"\xC3\xA9t\xC3\xA9 \xC3\xA9t\xC3\xA9s", "x\xC3\xA9t\xC3\xA9 \xC3\xA9t\xC3\xA9sx",
     "x" MARK "x"},
    {"pot", "pot\xC3\xA9 \xD0\x96pot pot\xCC\x81", NULL},
    {"pot", "\xE2\x80\x9Cpot\xE2\x80\x9D \xC3\x97pot\xC3\xB7 pot\xE2\x80\xA6",
     "\xE2\x80\x9C" MARK "\xE2\x80\x9D \xC3\x97" MARK "\xC3\xB7 " MARK "\xE2\x80\xA6"},
    {"pot", "=\xCB\x9Cpot\xCB\x9C \xD2\x82pot \xCF\xB6pot",
     "=\xCB\x9C" MARK "\xCB\x9C \xD2\x82" MARK " \xCF\xB6" MARK},
    {"pot", "\xFFpot\xFF pot\xC3", "\xFF" MARK "\xFF " MARK "\xC3"},
    {"pot", "\xA9\xA9\xA9\xA9pot \xA9pot", "\xA9\xA9\xA9\xA9" MARK " \xA9" MARK},
    {"pot\xC3\xA9", "pot\xC3\xA9 pot\xC3\xA9s", MARK " pot\xC3\xA9s"},

    /* A side on which the secret is no word asks for nothing. */
    {"!abc", "x!abc x!abcd", "x" MARK " x!abcd"},
    {"abc!", "abc!x xabc!", MARK "x xabc!"},
    {"a b", "a b a bc xa b", MARK " a bc xa b"},
    {"$$", "x$$y", "x" MARK "y"},

    /* Escaped itself. */
    {"a\"b", "\"a\\\"b\" a%22b xa\\\"b a%22bx", "\"" MARK "\" " MARK " xa\\\"b a%22bx"},
    {"a/b", "\\u0061/b a%2Fb x\\u0061/b x%61%2Fb", MARK " " MARK " x\\u0061/b x%61%2Fb"},

    /* The last letter of an escape is no letter of the text. */
    {"abc12", "line\\nabc12 \\tabc12 \\\\\\nabc12", "line\\n" MARK " \\t" MARK " \\\\\\n" MARK},
    {"abc12", "\\u0022abc12\\u0022 \\u0020abc12", "\\u0022" MARK "\\u0022 \\u0020" MARK},
    {"abc12", "p%3Dabc12%26q p%20abc12+q", "p%3D" MARK "%26q p%20" MARK "+q"},
    {"abc12", "nabc12 u0022abc12 3Dabc12 0%abc12 %2abc12 \\u022abc12",
     "nabc12 u0022abc12 3Dabc12 0%" MARK " %2abc12 \\u022abc12"},
    {"abc12", "c:\\abc12 x\\\\abc12", "c:" MARK " x\\\\" MARK},

    /* The beginning of one at a cut. */
    {"report1", "a report", "a " MARK},
    {"report1", "a report...", "a " MARK},
    {"report1", "a xreport", NULL},
    {"report1", "a repor", NULL},
};

/* One of seven characters is redacted where it is a whole word, one of eight everywhere. */
static void test_short_secrets_go_where_they_are_whole_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(short_secrets); i++) {
        redact_forget_all();
        redact_register(slice_from(short_secrets[i].secret));
        assert_redacted(slice_from(short_secrets[i].text), short_secrets[i].expected != NULL
                                                               ? short_secrets[i].expected
                                                               : short_secrets[i].text);
    }
    redact_forget_all();
    redact_register((struct slice){NULL, 0});
    assert_redacted(SLICE("nothing is secret"), "nothing is secret");
}

/* A short one that is part of a long one, and the other way round. */
static void test_short_and_long_secrets_together(void **state)
{
    (void)state;
    redact_register(SLICE("abc"));
    redact_register(SLICE("abc-defghi"));
    assert_redacted(SLICE("abc abc-defghi xabc-defghix abcd"), MARK " " MARK " x" MARK "x abcd");
}

/* Every form of awkward secrets is found, and nothing of them is left over. */
static void test_all_encoded_forms(void **state)
{
    (void)state;
    static const struct slice secrets[] = {
        SLICE_INIT("p\"a\\s/s w\\\"ord"),     SLICE_INIT("tab\tnewline\nreturn\r"),
        SLICE_INIT("\b\f\x01\x1F\x7F!"),      SLICE_INIT("\xC3\xA9t\xC3\xA9 \xE2\x82\xAC 100%"),
        SLICE_INIT("\\\\\\\"\"\\end\\"),      SLICE_INIT("100%25+1&a=b c"),
        SLICE_INIT("\xF0\x9F\x98\x80 smile"), SLICE_INIT("not\xFFutf8\x80"),
    };
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        struct strbuf once = STRBUF_INIT;
        struct strbuf twice = STRBUF_INIT;
        struct strbuf percent = STRBUF_INIT;
        redact_forget_all();
        redact_register(secrets[i]);
        assert_redacted(secrets[i], MARK);
        encode_uri(&percent, secrets[i]);
        assert_redacted(strbuf_slice(&percent), MARK);
        if (i != 7) { /* what is not UTF-8 cannot be written as JSON */
            json_append_quoted(&once, secrets[i]);
            assert_redacted(strbuf_slice(&once), "\"" MARK "\"");
            json_append_quoted(&twice, strbuf_slice(&once));
            assert_says(twice.data, "\\\"");
            struct slice inner = slice_take(slice_skip(strbuf_slice(&twice), 3), twice.size - 6);
            assert_redacted(inner, MARK);
        }
        strbuf_release(&once);
        strbuf_release(&twice);
        strbuf_release(&percent);
    }
}

static void test_other_writers_escapes(void **state)
{
    (void)state;
    redact_register(SLICE("a/b \"\xC3\xA9\" \xF0\x9F\x98\x80z"));
    assert_redacted(SLICE("a\\/b \\\"\\u00e9\\\" \\ud83d\\ude00z"), MARK);
    assert_redacted(SLICE("a\\/b \\u0022\\u00E9\\u0022 \\uD83D\\uDE00z."), MARK ".");
    assert_redacted(SLICE("\\u0061/b \\\"\xC3\xA9\\\" \xF0\x9F\x98\x80z"), MARK);
    assert_redacted(SLICE("a\\\\/b \\\\\\\"\\\\u00e9\\\\\\\" \\\\ud83d\\\\ude00z"), MARK);
    assert_redacted(SLICE("a%2fb+%22%c3%a9%22+%f0%9f%98%80z"), MARK);
    assert_redacted(SLICE("a/b%20%22%C3%A9%22+%F0%9F%98%80z"), MARK);
    /* Near misses: another letter, a bad escape, half a pair. */
    assert_redacted(SLICE("a\\/b \\u0022\\u00E8\\u0022 x"), "a\\/b \\u0022\\u00E8\\u0022 x");
    assert_redacted(SLICE("a\\/b \\u00"), "a\\/b \\u00");
    assert_redacted(SLICE("a\\/b \\\"\\u00e9\\\" \\ud83d\\u0041z"),
                    "a\\/b \\\"\\u00e9\\\" \\ud83d\\u0041z");
    assert_redacted(SLICE("a%2fb+%2g%c3%a9%22"), "a%2fb+%2g%c3%a9%22");
}

static void test_overlapping_secrets_leave_nothing(void **state)
{
    (void)state;
    redact_register(SLICE("abcdefgh"));
    redact_register(SLICE("abcdefghij"));
    redact_register(SLICE("defghijklm"));
    assert_redacted(SLICE("<abcdefgh>"), "<" MARK ">");
    assert_redacted(SLICE("<abcdefghij>"), "<" MARK ">");
    assert_redacted(SLICE("<abcdefghijklm>"), "<" MARK ">");
    assert_redacted(SLICE("<defghijklmabcdefgh>"), "<" MARK MARK ">");
}

static void test_the_beginning_at_a_cut_goes_too(void **state)
{
    (void)state;
    redact_register(SLICE("pass word/secret"));
    assert_redacted(SLICE("was pass word/sec..."), "was " MARK);
    assert_redacted(SLICE("was pass word/sec"), "was " MARK);
    assert_redacted(SLICE("was pass w"), "was " MARK);
    assert_redacted(SLICE("was pass "), "was pass ");
    assert_redacted(SLICE("was pass%20word%2..."), "was " MARK);
    assert_redacted(SLICE("was pass\\u0020word\\u00..."), "was " MARK);
    assert_redacted(SLICE("was pass word..and"), "was pass word..and");
}

/* Time goes with the length of a run of backslashes: with its square, this would take hours. */
static void test_long_runs_of_backslashes(void **state)
{
    (void)state;
    const size_t size = 4000000;
    struct strbuf text = STRBUF_INIT;
    struct strbuf out = STRBUF_INIT;
    char *run = malloc(size);
    assert_non_null(run);
    memset(run, '\\', size);
    redact_register(SLICE("sword\"fish"));
    redact_register(SLICE("\\a secret"));
    strbuf_append_text(&text, "sword");
    strbuf_append(&text, slice_of(run, size));
    strbuf_append_text(&text, "\"fish ");
    strbuf_append(&text, slice_of(run, size));
    strbuf_append_text(&text, "a secret ");
    strbuf_append(&text, slice_of(run, size));
    strbuf_append_text(&text, "a%20secret");
    redact_append(&out, strbuf_slice(&text));
    strbuf_clear(&text);
    strbuf_append_text(&text, MARK " " MARK " ");
    strbuf_append(&text, slice_of(run, size - 1));
    strbuf_append_text(&text, MARK);
    assert_int_equal(out.size, text.size);
    assert_memory_equal(out.data, text.data, text.size);
    strbuf_release(&text);
    strbuf_release(&out);
    free(run);
}

static void test_the_oldest_gives_way(void **state)
{
    (void)state;
    char secret[32];
    for (int i = 0; i < 33; i++) {
        (void)snprintf(secret, sizeof(secret), "secret-number-%02d", i);
        redact_register(slice_from(secret));
        redact_register(slice_from(secret)); /* takes no second place */
    }
    assert_redacted(SLICE("secret-number-00 secret-number-01 secret-number-32"),
                    "secret-number-00 " MARK " " MARK);
    redact_forget_all();
    assert_redacted(SLICE("secret-number-32"), "secret-number-32");
}

/* Nor does one go that is in use, as registering it again says. */
static void test_one_that_is_registered_again_is_the_youngest(void **state)
{
    (void)state;
    char secret[32];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(secret, sizeof(secret), "secret-number-%02d", i);
        if (i % 20 == 0) {
            redact_register(SLICE("in use all the time"));
        }
        redact_register(slice_from(secret));
        assert_redacted(SLICE("in use all the time"), MARK);
    }
    assert_redacted(SLICE("secret-number-68 secret-number-69 secret-number-99"),
                    "secret-number-68 " MARK " " MARK);
}

static void test_secret_names(void **state)
{
    (void)state;
    static const char *const secret[] = {
        "authorization",
        "Proxy-Authorization",
        "x-amz-security-token",
        "X_Amz_Security_Token",
        "password",
        "PGPASSWORD",
        "passwd",
        "pwd",
        "SecretString",
        "secret_string",
        "SecretBinary",
        "cookie",
        "Set-Cookie",
        "secretAccessKey",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "token",
        "api-key",
        "clientSecret",
        "X-Amz-Signature",
        "X-Aws-Parameters-Secrets-Token",
        "secret",
        "-_password_-",
    };
    static const char *const harmless[] = {
        "",           "ClientToken", "NextToken", "secret_postgres", "SecretId", "key",
        "x-amz-date", "passwords",   "word",      "ookie",           "-_-",
    };
    for (size_t i = 0; i < COUNT_OF(secret); i++) {
        assert_true(redact_is_secret_name(slice_from(secret[i])));
    }
    for (size_t i = 0; i < COUNT_OF(harmless); i++) {
        assert_false(redact_is_secret_name(slice_from(harmless[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_without_secrets_text_stays, forget_all),
        cmocka_unit_test_teardown(test_every_occurrence_goes, forget_all),
        cmocka_unit_test_teardown(test_short_secrets_go_where_they_are_whole_words, forget_all),
        cmocka_unit_test_teardown(test_short_and_long_secrets_together, forget_all),
        cmocka_unit_test_teardown(test_all_encoded_forms, forget_all),
        cmocka_unit_test_teardown(test_other_writers_escapes, forget_all),
        cmocka_unit_test_teardown(test_overlapping_secrets_leave_nothing, forget_all),
        cmocka_unit_test_teardown(test_the_beginning_at_a_cut_goes_too, forget_all),
        cmocka_unit_test_teardown(test_long_runs_of_backslashes, forget_all),
        cmocka_unit_test_teardown(test_the_oldest_gives_way, forget_all),
        cmocka_unit_test_teardown(test_one_that_is_registered_again_is_the_youngest, forget_all),
        cmocka_unit_test(test_secret_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
