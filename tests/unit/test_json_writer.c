#include "unit/unit.h"

#include "base/json_writer.h"

#include <stdio.h>

static void assert_quoted(struct slice text, const char *expected)
{
    struct strbuf out = STRBUF_INIT;
    json_append_quoted(&out, text);
    assert_string_equal(out.data, expected);
    strbuf_release(&out);
}

static void test_text_is_escaped_where_it_must_be(void **state)
{
    (void)state;
    assert_quoted(SLICE(""), "\"\"");
    assert_quoted(slice_of(NULL, 0), "\"\"");
    assert_quoted(SLICE("plain / text"), "\"plain / text\"");
    assert_quoted(SLICE("\"\\"), "\"\\\"\\\\\"");
    assert_quoted(SLICE("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    assert_quoted(SLICE("a\nb\\c"), "\"a\\nb\\\\c\"");
    assert_quoted(SLICE("\x7F"), "\"\x7F\"");
    assert_quoted(SLICE("a\0b"), "\"a\\u0000b\"");
}

static void test_every_control_character_is_escaped(void **state)
{
    static const char controls[] = "\b\f\n\r\t";
    static const char letters[] = "bfnrt";
    (void)state;
    for (char byte = 0; byte < 0x20; byte++) {
        char expected[16];
        size_t named = slice_find(SLICE(controls), byte);
        if (named != SLICE_NONE) {
            (void)snprintf(expected, sizeof(expected), "\"\\%c\"", letters[named]);
        } else {
            (void)snprintf(expected, sizeof(expected), "\"\\u%04x\"", byte);
        }
        assert_quoted(slice_of(&byte, 1), expected);
    }
}

static void test_utf8_stays_and_other_bytes_are_replaced(void **state)
{
    (void)state;
    assert_quoted(SLICE("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
                  "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
    assert_quoted(SLICE("\xE2\x80\xA8"), "\"\xE2\x80\xA8\"");
    assert_quoted(SLICE("\xFF"), "\"\xEF\xBF\xBD\"");
    assert_quoted(SLICE("a\xE9z"), "\"a\xEF\xBF\xBDz\"");
    assert_quoted(SLICE("\xE2\x82"), "\"\xEF\xBF\xBD\"");
    assert_quoted(SLICE("\xE2\x82\"\n"), "\"\xEF\xBF\xBD\\\"\\n\"");
    assert_quoted(SLICE("\xED\xA0\x80"),
                  "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""); /* a surrogate */
    assert_quoted(SLICE("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void test_commas_and_colons_stand_where_they_belong(void **state)
{
    struct strbuf out = STRBUF_INIT;
    struct json_writer writer = json_writer_to(&out);
    (void)state;
    json_write_object(&writer);
    json_write_member_string(&writer, "text", SLICE("a\"b"));
    json_write_member_i64(&writer, "number", INT64_MIN);
    json_write_member_bool(&writer, "yes", true);
    json_write_member_bool(&writer, "no", false);
    json_write_name(&writer, SLICE("list"));
    json_write_array(&writer);
    json_write_i64(&writer, 1);
    json_write_null(&writer);
    json_write_array(&writer);
    json_write_array_end(&writer);
    json_write_array(&writer);
    json_write_bool(&writer, true);
    json_write_array_end(&writer);
    json_write_object(&writer);
    json_write_object_end(&writer);
    json_write_string(&writer, SLICE("x"));
    json_write_raw(&writer, SLICE("[2, 3]"));
    json_write_raw(&writer, SLICE("1.50"));
    json_write_array_end(&writer);
    json_write_name(&writer, SLICE("empty\n"));
    json_write_object(&writer);
    json_write_object_end(&writer);
    json_write_member_i64(&writer, "last", INT64_MAX);
    json_write_object_end(&writer);
    assert_string_equal(out.data,
                        "{\"text\":\"a\\\"b\",\"number\":-9223372036854775808,\"yes\":true,"
                        "\"no\":false,\"list\":[1,null,[],[true],{},\"x\",[2, 3],1.50],"
                        "\"empty\\n\":{},\"last\":9223372036854775807}");
    strbuf_release(&out);
}

static void test_a_value_can_stand_alone_behind_other_text(void **state)
{
    struct strbuf out = STRBUF_INIT;
    (void)state;
    strbuf_append_text(&out, "data: ");
    struct json_writer writer = json_writer_to(&out);
    json_write_string(&writer, SLICE("x"));
    assert_string_equal(out.data, "data: \"x\"");
    strbuf_append_char(&out, '\n');
    writer = json_writer_to(&out);
    json_write_array(&writer);
    json_write_array_end(&writer);
    assert_string_equal(out.data, "data: \"x\"\n[]");
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_escaped_where_it_must_be),
        cmocka_unit_test(test_every_control_character_is_escaped),
        cmocka_unit_test(test_utf8_stays_and_other_bytes_are_replaced),
        cmocka_unit_test(test_commas_and_colons_stand_where_they_belong),
        cmocka_unit_test(test_a_value_can_stand_alone_behind_other_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
