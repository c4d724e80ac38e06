#include "unit/unit.h"

#include "redshift/manifest.h"

#include "base/json.h"

static void test_every_object_is_named_and_mandatory(void **state)
{
    const struct manifest_entry entries[] = {
        {SLICE("landing"), SLICE("processing/0b54/data")},
        {SLICE("landing"), SLICE("a b+c%20é\"\\\n'.txt")},
    };
    struct strbuf out = STRBUF_INIT;
    (void)state;
    manifest_build(&out, entries, 1);
    assert_string_equal(out.data, "{\"entries\":[{\"url\":\"s3://landing/processing/0b54/data\","
                                  "\"mandatory\":true}]}");
    strbuf_clear(&out);
    manifest_build(&out, entries, 2);
    assert_string_equal(
        out.data,
        "{\"entries\":[{\"url\":\"s3://landing/processing/0b54/data\",\"mandatory\":true},"
        "{\"url\":\"s3://landing/a b+c%20é\\\"\\\\\\n'.txt\",\"mandatory\":true}]}");
    strbuf_release(&out);
}

/* A key reads back as it was: COPY opens exactly this object. */
static void test_keys_read_back(void **state)
{
    char key[129] = {0};
    const struct manifest_entry entry = {SLICE("b"), slice_of(key, 127)};
    struct strbuf out = STRBUF_INIT;
    struct arena arena;
    struct error err;
    struct slice url;
    const json *document;
    (void)state;
    for (size_t i = 0; i < 128; i++) {
        key[i] = (char)(i + 1);
    }
    manifest_build(&out, &entry, 1);
    arena_init(&arena, 0);
    document = json_parse(&arena, strbuf_slice(&out), out.size, &err);
    assert_true(json_string(json_get(json_first(json_get(document, "entries")), "url"), &url));
    assert_true(slice_equal(slice_take(url, 7), SLICE("s3://b/")));
    assert_true(slice_equal(slice_skip(url, 7), entry.key));
    arena_release(&arena);
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_object_is_named_and_mandatory),
        cmocka_unit_test(test_keys_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
