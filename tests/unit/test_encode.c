#include "unit/unit.h"

#include "base/array.h"
#include "base/encode.h"

#include <stdio.h>

typedef void encode_function(struct strbuf *out, struct slice bytes);
typedef int decode_function(struct strbuf *out, struct slice text, struct error *err);

struct pair {
    struct slice plain;
    struct slice encoded;
};

/* What is in the buffer already must stay in front of the result. */
static void assert_encodes(encode_function *encode, struct slice plain, struct slice encoded)
{
    struct strbuf out = STRBUF_INIT;
    strbuf_append_char(&out, '>');
    encode(&out, plain);
    assert_int_equal(out.size, encoded.size + 1);
    assert_memory_equal(out.data + 1, encoded.data, encoded.size);
    strbuf_release(&out);
}

static void assert_decodes(decode_function *decode, struct slice encoded, struct slice plain)
{
    struct strbuf out = STRBUF_INIT;
    struct error err;
    strbuf_append_char(&out, '>');
    assert_int_equal(decode(&out, encoded, &err), 0);
    assert_int_equal(out.size, plain.size + 1);
    assert_memory_equal(out.data + 1, plain.data, plain.size);
    strbuf_release(&out);
}

/* A refused text must leave nothing behind. */
static void assert_refused(decode_function *decode, struct slice text, const char *part)
{
    struct strbuf out = STRBUF_INIT;
    struct error err;
    strbuf_append_text(&out, "kept");
    assert_int_equal(decode(&out, text, &err), -1);
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_says(err.message, part);
    assert_int_equal(out.size, strlen("kept"));
    assert_string_equal(out.data, "kept");
    strbuf_release(&out);
}

static void all_bytes(char bytes[256])
{
    for (size_t i = 0; i < 256; i++) {
        bytes[i] = (char)i;
    }
}

/* --- percent --- */

static void test_uri_keeps_the_unreserved_only(void **state)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char plain = (char)byte;
        char encoded[4];
        bool is_kept = byte != 0 && strchr(unreserved, byte) != NULL;
        (void)snprintf(encoded, sizeof(encoded), is_kept ? "%c" : "%%%02X", byte);
        assert_encodes(encode_uri, slice_of(&plain, 1), slice_from(encoded));
        assert_encodes(encode_uri_path, slice_of(&plain, 1),
                       byte == '/' ? SLICE("/") : slice_from(encoded));
    }
}

static void test_uri_pairs(void **state)
{
    static const struct pair pairs[] = {
        {SLICE_INIT(""), SLICE_INIT("")},
        {SLICE_INIT("a b+c"), SLICE_INIT("a%20b%2Bc")},
        {SLICE_INIT("100%"), SLICE_INIT("100%25")},
        {SLICE_INIT("na\xC3\xAFve"), SLICE_INIT("na%C3%AFve")},
        {SLICE_INIT("a\0b"), SLICE_INIT("a%00b")},
        {SLICE_INIT("in/f.txt"), SLICE_INIT("in%2Ff.txt")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        assert_encodes(encode_uri, pairs[i].plain, pairs[i].encoded);
        assert_decodes(decode_form, pairs[i].encoded, pairs[i].plain);
    }
    assert_encodes(encode_uri_path, SLICE("in/a b/f.txt"), SLICE("in/a%20b/f.txt"));
}

static void test_decoding_takes_either_case_and_what_needs_no_escape(void **state)
{
    (void)state;
    assert_decodes(decode_form, SLICE("%c3%AF%2f"), SLICE("\xC3\xAF/"));
    assert_decodes(decode_form, SLICE("a/b?c=d&e \xFF"), SLICE("a/b?c=d&e \xFF"));
    assert_decodes(decode_form, SLICE("%2525"), SLICE("%25")); /* once, not twice */
}

static void test_a_plus_is_a_blank(void **state)
{
    (void)state;
    assert_decodes(decode_form, SLICE("a+b%2Bc%20d"), SLICE("a b+c d"));
    assert_decodes(decode_form, SLICE("++"), SLICE("  "));
}

static void test_bad_escapes_are_refused_with_their_offset(void **state)
{
    static const struct {
        struct slice text;
        const char *offset;
    } cases[] = {
        {SLICE_INIT("%"), "offset 0"},      {SLICE_INIT("ab%"), "offset 2"},
        {SLICE_INIT("ab%4"), "offset 2"},   {SLICE_INIT("%41%4g"), "offset 3"},
        {SLICE_INIT("%g4"), "offset 0"},    {SLICE_INIT("%%41"), "offset 0"},
        {SLICE_INIT("%4 1"), "offset 0"},   {SLICE_INIT("%+4"), "offset 0"},
        {SLICE_INIT("x%-1y"), "offset 1"},  {SLICE_INIT("%0x41"), "offset 0"},
        {SLICE_INIT("%4\x00"), "offset 0"}, {SLICE_INIT("%\xC3\xA9"), "offset 0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_refused(decode_form, cases[i].text, cases[i].offset);
    }
}

static void test_decoding_does_not_look_behind_the_slice(void **state)
{
    (void)state;
    assert_refused(decode_form, slice_take(SLICE("a%41"), 3), "offset 1");
    assert_refused(decode_form, slice_take(SLICE("a%41"), 2), "offset 1");
    assert_decodes(decode_form, slice_take(SLICE("a%41%41"), 4), SLICE("aA"));
}

/* --- base64 --- */

static void test_base64_pairs(void **state)
{
    static const struct pair pairs[] = {
        /* RFC 4648, section 10 */
        {SLICE_INIT(""), SLICE_INIT("")},
        {SLICE_INIT("f"), SLICE_INIT("Zg==")},
        {SLICE_INIT("fo"), SLICE_INIT("Zm8=")},
        {SLICE_INIT("foo"), SLICE_INIT("Zm9v")},
        {SLICE_INIT("foob"), SLICE_INIT("Zm9vYg==")},
        {SLICE_INIT("fooba"), SLICE_INIT("Zm9vYmE=")},
        {SLICE_INIT("foobar"), SLICE_INIT("Zm9vYmFy")},
        {SLICE_INIT("\x00\x00\x00"), SLICE_INIT("AAAA")},
        {SLICE_INIT("\xFF\xFF\xFF"), SLICE_INIT("////")},
        {SLICE_INIT("\xFB\xEF\xBE"), SLICE_INIT("++++")},
        {SLICE_INIT("\x00"), SLICE_INIT("AA==")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        assert_encodes(encode_base64, pairs[i].plain, pairs[i].encoded);
        assert_decodes(decode_base64, pairs[i].encoded, pairs[i].plain);
    }
}

static void test_bad_base64_is_refused(void **state)
{
    static const struct {
        struct slice text;
        const char *part;
    } cases[] = {
        {SLICE_INIT("Z"), "its length, 1,"},
        {SLICE_INIT("Zg"), "its length, 2,"},
        {SLICE_INIT("Zg="), "its length, 3,"},
        {SLICE_INIT("Zm9vY"), "its length, 5,"},
        {SLICE_INIT("Zm9v\n"), "its length, 5,"},
        {SLICE_INIT("===="), "offset 0"},
        {SLICE_INIT("Z==="), "offset 1"},
        {SLICE_INIT("Zg=v"), "offset 2"},     /* padding inside a group */
        {SLICE_INIT("Zg==Zm9v"), "offset 2"}, /* padding before the end */
        {SLICE_INIT("Zm8=Zm9v"), "offset 3"},
        {SLICE_INIT("Zm9vZ-8="), "offset 5"}, /* the URL alphabet */
        {SLICE_INIT("Zm_v"), "offset 2"},
        {SLICE_INIT(" m9v"), "offset 0"},
        {SLICE_INIT("Zm9\x00"), "offset 3"},
        {SLICE_INIT("Zm9\xFF"), "offset 3"},
        {SLICE_INIT("Zh=="), "digit at offset 1 are not zero"},
        {SLICE_INIT("Zm9="), "digit at offset 2 are not zero"},
        {SLICE_INIT("Zm9vZm9="), "digit at offset 6 are not zero"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_refused(decode_base64, cases[i].text, cases[i].part);
    }
}

static void test_all_bytes_survive_every_round_trip(void **state)
{
    static const struct {
        encode_function *encode;
        decode_function *decode;
    } codecs[] = {
        {encode_uri, decode_form},
        {encode_uri_path, decode_form},
        {encode_base64, decode_base64},
    };
    char bytes[256];
    (void)state;
    all_bytes(bytes);
    for (size_t i = 0; i < COUNT_OF(codecs); i++) {
        for (size_t size = 0; size <= sizeof(bytes); size++) {
            struct strbuf encoded = STRBUF_INIT;
            codecs[i].encode(&encoded, slice_of(bytes, size));
            assert_decodes(codecs[i].decode, strbuf_slice(&encoded), slice_of(bytes, size));
            strbuf_release(&encoded);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uri_keeps_the_unreserved_only),
        cmocka_unit_test(test_uri_pairs),
        cmocka_unit_test(test_decoding_takes_either_case_and_what_needs_no_escape),
        cmocka_unit_test(test_a_plus_is_a_blank),
        cmocka_unit_test(test_bad_escapes_are_refused_with_their_offset),
        cmocka_unit_test(test_decoding_does_not_look_behind_the_slice),
        cmocka_unit_test(test_base64_pairs),
        cmocka_unit_test(test_bad_base64_is_refused),
        cmocka_unit_test(test_all_bytes_survive_every_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
