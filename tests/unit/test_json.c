#include "unit/arena_fixture.h"

#include "base/array.h"
#include "base/json.h"
#include "base/json_scan.h"
#include "base/json_writer.h"

#include <math.h>

#define SIZE_LIMIT 1000000

static const json *parse(const char *text)
{
    struct error err;
    const json *value = json_parse(&arena, slice_from(text), SIZE_LIMIT, &err);
    if (value == NULL) {
        fail_msg("%s: %s", text, err.message);
    }
    return value;
}

/* --- documents --- */

static void test_a_document_is_read(void **state)
{
    const json *event = parse("{\"Records\":[{\"s3\":{\"object\":{\"key\":\"in/a+b.txt\","
                              "\"size\":1024}}},{\"s3\":null}],\"count\":2}");
    struct slice text;
    int64_t number = 0;
    (void)state;
    assert_int_equal(json_type(event), JSON_OBJECT);
    assert_int_equal(json_count(event), 2);
    const json *records = json_get(event, "Records");
    assert_int_equal(json_type(records), JSON_ARRAY);
    assert_int_equal(json_count(records), 2);
    const json *first = json_first(records);
    assert_true(json_string(json_at(first, "s3.object.key"), &text));
    assert_text(text, "in/a+b.txt");
    assert_true(json_i64(json_at(first, "s3.object.size"), &number));
    assert_int_equal(number, 1024);
    assert_int_equal(json_type(json_get(json_next(first), "s3")), JSON_NULL);
    assert_null(json_next(json_next(first)));
}

static void test_types_have_names(void **state)
{
    static const struct {
        const char *text;
        enum json_type type;
        const char *name;
    } cases[] = {
        {"null", JSON_NULL, "null"},        {"true", JSON_BOOL, "a boolean"},
        {"false", JSON_BOOL, "a boolean"},  {"0", JSON_NUMBER, "a number"},
        {"\"\"", JSON_STRING, "a string"},  {"[]", JSON_ARRAY, "an array"},
        {" {} ", JSON_OBJECT, "an object"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(json_type(parse(cases[i].text)), cases[i].type);
        assert_string_equal(json_type_name(cases[i].type), cases[i].name);
    }
    assert_int_equal(json_type(NULL), JSON_ABSENT);
    assert_string_equal(json_type_name(JSON_ABSENT), "absent");
}

static void test_bad_text_gives_no_document(void **state)
{
    struct error err;
    (void)state;
    assert_null(json_parse(&arena, SLICE("{\"a\":1,\n \"a\":2}"), SIZE_LIMIT, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_string_equal(err.message,
                        "JSON, line 2, column 2: the object has a member of this name already");
    assert_null(json_parse(&arena, SLICE(""), SIZE_LIMIT, &err));
    assert_null(json_parse(&arena, slice_of(NULL, 0), SIZE_LIMIT, &err));
    assert_null(json_parse(&arena, SLICE("[1,2"), SIZE_LIMIT, NULL));
}

static void test_size_is_bounded(void **state)
{
    struct error err = {.message = "untouched"};
    (void)state;
    assert_non_null(json_parse(&arena, SLICE("[12]"), 4, &err));
    assert_string_equal(err.message, "untouched");
    assert_null(json_parse(&arena, SLICE("[12]"), 3, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_string_equal(err.message, "JSON: 4 bytes; 3 are allowed");
}

/* The text is the caller's, and may be gone when the document is read. */
static void test_a_document_does_not_borrow_its_text(void **state)
{
    char text[] = "{\"name\":[\"text\",12.50]}";
    struct error err;
    struct slice value;
    (void)state;
    const json *document = json_parse(&arena, slice_from(text), SIZE_LIMIT, &err);
    memset(text, 'x', sizeof(text));
    assert_text(json_name(json_first(document)), "name");
    const json *element = json_first(json_get(document, "name"));
    assert_true(json_string(element, &value));
    assert_text(value, "text");
    assert_true(json_number_text(json_next(element), &value));
    assert_text(value, "12.50");
}

static void test_documents_in_two_arenas_do_not_mix(void **state)
{
    struct arena other;
    struct error err;
    struct slice text;
    (void)state;
    arena_init(&other, 0);
    const json *kept = parse("[\"kept\"]");
    const json *dropped = json_parse(&other, SLICE("[\"dropped\"]"), SIZE_LIMIT, &err);
    assert_non_null(dropped);
    arena_release(&other);
    assert_true(json_string(json_first(kept), &text));
    assert_text(text, "kept");
}

/* --- members --- */

static void test_names_are_exact(void **state)
{
    const json *object = parse("{\"Key\":1,\"key\":2,\"\":3,\"a.b\":4,\"\\u00e9\\n\":5}");
    static const struct {
        const char *name;
        int64_t number;
    } cases[] = {{"Key", 1}, {"key", 2}, {"", 3}, {"a.b", 4}, {"\xC3\xA9\n", 5}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t number = 0;
        assert_true(json_i64(json_get(object, cases[i].name), &number));
        assert_int_equal(number, cases[i].number);
    }
    assert_null(json_get(object, "KEY"));
    assert_null(json_get(object, "Ke"));
    assert_null(json_get(object, "Keys"));
    assert_null(json_get(parse("[\"Key\"]"), "Key"));
    assert_null(json_get(parse("\"Key\""), "Key"));
}

static void test_members_that_may_be_absent(void **state)
{
    const json *object = parse("{\"Key\":\"value\",\"number\":1}");
    (void)state;
    assert_text(json_text(object, "Key"), "value");
    assert_text(json_text(object, "number"), "");
    assert_text(json_text(object, "key"), "");
    assert_text(json_text(NULL, "key"), "");
}

static void test_paths(void **state)
{
    const json *value = parse("{\"a\":{\"b\":{\"c\":7}},\"x\":[{\"y\":1}],\"\":{\"\":8}}");
    int64_t number = 0;
    (void)state;
    assert_true(json_i64(json_at(value, "a.b.c"), &number));
    assert_int_equal(number, 7);
    assert_true(json_i64(json_at(value, "."), &number));
    assert_int_equal(number, 8);
    assert_int_equal(json_type(json_at(value, "a.b")), JSON_OBJECT);
    assert_null(json_at(value, "a.b.c.d"));
    assert_null(json_at(value, "a.c"));
    assert_null(json_at(value, "a..b"));
    assert_null(json_at(value, "a.b."));
    assert_null(json_at(value, "x.y")); /* not into arrays */
    assert_null(json_at(NULL, "a"));
}

static void test_members_keep_their_order(void **state)
{
    static const char *const names[] = {"z", "a", "m"};
    const json *member = json_first(parse("{\"z\":1,\"a\":2,\"m\":3}"));
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++, member = json_next(member)) {
        assert_text(json_name(member), names[i]);
    }
    assert_null(member);
    assert_text(json_name(json_first(parse("[1]"))), "");
}

static void test_nothing_has_nothing(void **state)
{
    struct slice text;
    int64_t whole = 0;
    uint64_t natural = 0;
    double number = 0;
    bool truth = false;
    (void)state;
    assert_null(json_get(NULL, "a"));
    assert_null(json_first(NULL));
    assert_null(json_next(NULL));
    assert_int_equal(json_count(NULL), 0);
    assert_text(json_name(NULL), "");
    assert_false(json_string(NULL, &text));
    assert_false(json_number_text(NULL, &text));
    assert_false(json_i64(NULL, &whole));
    assert_false(json_u64(NULL, &natural));
    assert_false(json_double(NULL, &number));
    assert_false(json_bool(NULL, &truth));
    assert_int_equal(json_count(parse("[]")), 0);
    assert_null(json_first(parse("{}")));
    assert_null(json_first(parse("\"x\"")));
}

/* --- values --- */

static void test_strings_are_decoded(void **state)
{
    struct slice text;
    (void)state;
    assert_true(json_string(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), &text));
    assert_text(text, "\"\\/\b\f\n\r\t");
    assert_true(json_string(parse("\"\\u00e9 \\u20AC \\ud83d\\uDE00 \xC3\xA9\""), &text));
    assert_text(text, "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xC3\xA9");
    assert_true(json_string(parse("\"\""), &text));
    assert_text(text, "");
    assert_false(json_string(parse("1"), &text));
    assert_false(json_string(parse("null"), &text));
}

static void test_booleans(void **state)
{
    bool truth = false;
    (void)state;
    assert_true(json_bool(parse("true"), &truth));
    assert_true(truth);
    assert_true(json_bool(parse("false"), &truth));
    assert_false(truth);
    assert_false(json_bool(parse("1"), &truth));
    assert_false(json_bool(parse("\"true\""), &truth));
    assert_false(json_bool(parse("null"), &truth));
}

static void test_numbers_keep_their_text(void **state)
{
    static const char *const numbers[] = {
        "0",
        "-0",
        "1.0",
        "1e2",
        "1E+2",
        "100.00",
        "9007199254740993",
        "10000000000000000000000",
        "0.1000000000000000055511151231257827",
        "123456789012345678901234567890123456789012345678901234567890123",
    };
    struct strbuf document = STRBUF_INIT;
    size_t count = COUNT_OF(numbers);
    (void)state;
    strbuf_append_text(&document, "{\"3\":[\"4\\\"5\"");
    for (size_t i = 0; i < count; i++) {
        strbuf_append_format(&document, ",%s", numbers[i]);
    }
    strbuf_append_text(&document, "],\"last\":6}");
    const json *value = parse(document.data);
    const json *element = json_next(json_first(json_get(value, "3")));
    struct slice text;
    for (size_t i = 0; i < count; i++, element = json_next(element)) {
        assert_true(json_number_text(element, &text));
        assert_text(text, numbers[i]);
    }
    assert_null(element);
    assert_true(json_number_text(json_get(value, "last"), &text));
    assert_text(text, "6");
    assert_false(json_number_text(json_first(json_get(value, "3")), &text));
    strbuf_release(&document);
}

static void test_whole_numbers(void **state)
{
    static const struct {
        const char *text;
        int64_t i64;
        uint64_t u64;
        bool is_i64;
        bool is_u64;
    } cases[] = {
        {"0", 0, 0, true, true},
        {"-0", 0, 0, true, true},
        {"-0.0", 0, 0, true, true},
        {"12.0", 12, 12, true, true},
        {"12.000", 12, 12, true, true},
        {"-7", -7, 0, true, false},
        {"-7.0", -7, 0, true, false},
        {"9007199254740993", 9007199254740993, 9007199254740993, true, true},
        {"9223372036854775807", INT64_MAX, INT64_MAX, true, true},
        {"-9223372036854775808", INT64_MIN, 0, true, false},
        {"9223372036854775808", 0, 9223372036854775808U, false, true},
        {"-9223372036854775809", 0, 0, false, false},
        {"18446744073709551615", 0, UINT64_MAX, false, true},
        {"18446744073709551616", 0, 0, false, false},
        {"10000000000000000000000", 0, 0, false, false},
        {"12.5", 0, 0, false, false},
        {"12.05", 0, 0, false, false},
        {"1e2", 0, 0, false, false},
        {"1.0e2", 0, 0, false, false},
        {"0e0", 0, 0, false, false},
        {"\"12\"", 0, 0, false, false},
        {"true", 0, 0, false, false},
        {"null", 0, 0, false, false},
        {"[12]", 0, 0, false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const json *value = parse(cases[i].text);
        int64_t i64 = 4711;
        uint64_t u64 = 4711;
        assert_int_equal(json_i64(value, &i64), cases[i].is_i64);
        assert_int_equal(i64, cases[i].is_i64 ? cases[i].i64 : 4711);
        assert_int_equal(json_u64(value, &u64), cases[i].is_u64);
        assert_int_equal(u64, cases[i].is_u64 ? cases[i].u64 : 4711);
    }
}

static void test_doubles(void **state)
{
    static const struct {
        const char *text;
        double number;
    } cases[] = {
        {"0", 0},
        {"1.5", 1.5},
        {"-2.5e-3", -2.5e-3},
        {"1e2", 100},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"5e-324", 5e-324},
        {"1e-999", 0},
        {"10000000000000000000000", 1e22},
    };
    double number = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_true(json_double(parse(cases[i].text), &number));
        assert_memory_equal(&number, &cases[i].number, sizeof(number));
    }
    assert_true(json_double(parse("-0"), &number));
    assert_true(signbit(number) != 0);
    assert_false(json_double(parse("\"1\""), &number));
    assert_false(json_double(parse("null"), &number));
}

/* --- members that must be there --- */

static void assert_string_required(const char *text, const char *message)
{
    struct error err;
    struct slice value;
    assert_int_equal(json_require_string(parse(text), "Id", &value, &err), -1);
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_string_equal(err.message, message);
}

static void test_required_members_are_given(void **state)
{
    const json *object = parse("{\"Id\":\"x-1\"}");
    struct error err = {.message = "untouched"};
    struct slice text;
    (void)state;
    assert_int_equal(json_require_string(object, "Id", &text, &err), 0);
    assert_text(text, "x-1");
    assert_string_equal(err.message, "untouched");
}

static void test_required_members_are_named(void **state)
{
    (void)state;
    assert_string_required("{\"id\":\"x\"}", "member \"Id\" is missing");
    assert_string_required("[]", "member \"Id\" is missing");
    assert_string_required("{\"Id\":5}", "member \"Id\" must be a string, not a number");
    assert_string_required("{\"Id\":null}", "member \"Id\" must be a string, not null");
    assert_string_required("{\"Id\":true}", "member \"Id\" must be a string, not a boolean");
    assert_string_required("{\"Id\":{}}", "member \"Id\" must be a string, not an object");
}

/* --- with the writer --- */

static void test_what_the_writer_writes_is_read_back(void **state)
{
    struct strbuf out = STRBUF_INIT;
    struct json_writer writer = json_writer_to(&out);
    char text[255]; /* every byte but NUL */
    struct slice read;
    int64_t number = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)(i + 1);
    }
    json_write_object(&writer);
    json_write_member_string(&writer, "\x01\"\\", slice_of(text, 127));
    json_write_member_string(&writer, "all", slice_of(text, sizeof(text)));
    json_write_member_i64(&writer, "n", INT64_MIN);
    json_write_object_end(&writer);
    const json *value = parse(out.data);
    assert_true(json_string(json_get(value, "\x01\"\\"), &read));
    assert_true(slice_equal(read, slice_of(text, 127)));
    assert_true(json_string(json_get(value, "all"), &read));
    assert_true(slice_starts_with(read, slice_of(text, 127)));
    assert_true(json_i64(json_get(value, "n"), &number));
    assert_int_equal(number, INT64_MIN);
    strbuf_release(&out);
}

static void test_depth_up_to_the_limit_is_walked(void **state)
{
    char text[(2 * JSON_DEPTH_LIMIT) + 2];
    struct slice digit;
    (void)state;
    memset(text, '[', JSON_DEPTH_LIMIT);
    text[JSON_DEPTH_LIMIT] = '7';
    memset(text + JSON_DEPTH_LIMIT + 1, ']', JSON_DEPTH_LIMIT);
    text[sizeof(text) - 1] = '\0';
    const json *value = parse(text);
    for (int depth = 0; depth < JSON_DEPTH_LIMIT; depth++) {
        assert_int_equal(json_count(value), 1);
        value = json_first(value);
    }
    assert_true(json_number_text(value, &digit));
    assert_text(digit, "7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_document_is_read),
        cmocka_unit_test(test_types_have_names),
        cmocka_unit_test(test_bad_text_gives_no_document),
        cmocka_unit_test(test_size_is_bounded),
        cmocka_unit_test(test_a_document_does_not_borrow_its_text),
        cmocka_unit_test(test_documents_in_two_arenas_do_not_mix),
        cmocka_unit_test(test_names_are_exact),
        cmocka_unit_test(test_members_that_may_be_absent),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_members_keep_their_order),
        cmocka_unit_test(test_nothing_has_nothing),
        cmocka_unit_test(test_strings_are_decoded),
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_numbers_keep_their_text),
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_required_members_are_given),
        cmocka_unit_test(test_required_members_are_named),
        cmocka_unit_test(test_what_the_writer_writes_is_read_back),
        cmocka_unit_test(test_depth_up_to_the_limit_is_walked),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
