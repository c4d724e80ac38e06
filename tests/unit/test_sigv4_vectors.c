/* The official vectors of Signature Version 4, stage by stage. */
#include "unit/sigv4_fixture.h"

#include "base/clock.h"
#include "base/json.h"

#include <dirent.h>
#include <stdio.h>

/* --- The official vectors --- */

static struct slice read_file(struct arena *arena, const char *folder, const char *name)
{
    struct slice path = arena_format(arena, "%s/%s", folder, name);
    char *text = arena_alloc(arena, 65536);
    FILE *file = fopen(path.data, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, 65536, file);
    assert_int_equal(fclose(file), 0);
    return slice_of(text, size);
}

static struct slice text_at(const json *context, const char *path)
{
    struct slice text = SLICE("");
    (void)json_string(json_at(context, path), &text);
    return text;
}

static bool truth_at(const json *context, const char *path)
{
    bool truth = false;
    (void)json_bool(json_at(context, path), &truth);
    return truth;
}

static void check_stages(struct arena *arena, const char *folder, const json *context,
                         const struct sigv4_request *request, const struct sigv4_scope *scope)
{
    struct strbuf text = STRBUF_INIT;
    struct slice signed_headers;
    unsigned char key[SIGV4_HASH_SIZE];
    char signature[SIGV4_HEX_SIZE];
    sigv4_canonical_request(request, arena, &text, &signed_headers);
    struct slice expected = read_file(arena, folder, "header-canonical-request.txt");
    assert_slice(strbuf_slice(&text), arena_text(arena, expected), folder);

    struct strbuf string_to_sign = STRBUF_INIT;
    sigv4_string_to_sign(scope, strbuf_slice(&text), &string_to_sign);
    expected = read_file(arena, folder, "header-string-to-sign.txt");
    assert_slice(strbuf_slice(&string_to_sign), arena_text(arena, expected), folder);

    sigv4_signing_key(text_at(context, "credentials.secret_access_key"), scope, key);
    sigv4_signature(key, strbuf_slice(&string_to_sign), signature);
    expected = read_file(arena, folder, "header-signature.txt");
    assert_slice(slice_from(signature), arena_text(arena, expected), folder);

    strbuf_clear(&text);
    sigv4_authorization(scope, text_at(context, "credentials.access_key_id"), signed_headers,
                        slice_from(signature), &text);
    struct slice whole = read_file(arena, folder, "header-signed-request.txt");
    assert_true(slice_search(whole, strbuf_slice(&text)) != SLICE_NONE);
    strbuf_release(&text);
    strbuf_release(&string_to_sign);
}

static void check_vector(const char *folder)
{
    struct arena arena;
    struct error err;
    struct parsed parsed;
    char body_hash[SIGV4_HEX_SIZE];
    char timestamp[CLOCK_BASIC_SIZE];
    int64_t time_ms = 0;
    arena_init(&arena, 0);
    const json *context =
        json_parse(&arena, read_file(&arena, folder, "context.json"), 65536, &err);
    assert_non_null(context);
    assert_true(clock_parse_iso8601(text_at(context, "timestamp"), &time_ms));
    clock_format_basic(time_ms, timestamp);

    parse_request(read_file(&arena, folder, "request.txt"), &parsed);
    bool sign_body = truth_at(context, "sign_body");
    sigv4_hash(sign_body ? parsed.body : SLICE(""), body_hash);
    parsed.request.payload_hash = slice_from(body_hash);
    parsed.request.normalize_path = truth_at(context, "normalize");
    parsed.request.encode_path_twice = true;
    add_header(&parsed, "X-Amz-Date", slice_from(timestamp));
    if (sign_body) {
        add_header(&parsed, "x-amz-content-sha256", slice_from(body_hash));
    }
    struct slice token = text_at(context, "credentials.token");
    if (token.size > 0 && !truth_at(context, "omit_session_token")) {
        add_header(&parsed, "X-Amz-Security-Token", token);
    }
    const struct sigv4_scope scope = {slice_from(timestamp), text_at(context, "region"),
                                      text_at(context, "service")};
    check_stages(&arena, folder, context, &parsed.request, &scope);
    arena_release(&arena);
}

static void test_official_vectors(void **state)
{
    (void)state;
    const char *root = getenv("SIGV4_VECTORS");
    root = root != NULL ? root : "../shared/vectors/sigv4";
    DIR *directory = opendir(root);
    if (directory == NULL) {
        print_message("# the official vectors are not at %s (SIGV4_VECTORS names another place)\n",
                      root);
        skip();
        return;
    }
    int count = 0;
    const struct dirent *entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        char folder[4096];
        if (entry->d_name[0] != '.') {
            (void)snprintf(folder, sizeof(folder), "%s/%s", root, entry->d_name);
            check_vector(folder);
            count++;
        }
    }
    (void)closedir(directory);
    assert_int_equal(count, 38);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_official_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
