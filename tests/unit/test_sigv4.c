#include "unit/sigv4_fixture.h"

#include "base/json.h"

/* "METHOD target HTTP/1.1", header lines (which may be folded), a blank line and a body. */

/* --- Our own table: what the official vectors do not hold or what is easiest to get wrong --- */

struct row {
    const char *name;
    const char *service;
    const char *request;
    const char *payload; /* NULL: the body is hashed */
    const char *canonical_path;
    const char *canonical_query;
    const char *signed_headers;
    const char *signature;
    bool s3;
};

static const struct row rows[] = {
    {.name = "S3 key with escapes and a version",
     .service = "s3",
     .s3 = true,
     .request = "GET /in/a%20b%2Bc%3D1/%C3%A9.csv?versionId=abc%2F1%2B2 HTTP/1.1\n"
                "Host:b.s3.us-east-1.amazonaws.com\n"
                "X-Amz-Content-Sha256:" EMPTY_HASH "\n"
                "X-Amz-Security-Token:SESSIONTOKEN/+==\n",
     .canonical_path = "/in/a%20b%2Bc%3D1/%C3%A9.csv",
     .canonical_query = "versionId=abc%2F1%2B2",
     .signed_headers = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
     .signature = "02901eda2050ac92c97a352d4301e4072d8ddefc6c3600a53c024fb765aa9ce5"},
    {.name = "other services encode twice",
     .service = "glue",
     .request = "GET /in/a%20b%2Bc%3D1/%C3%A9.csv HTTP/1.1\n"
                "Host:x.us-east-1.amazonaws.com\n"
                "X-Amz-Security-Token:SESSIONTOKEN/+==\n",
     .canonical_path = "/in/a%2520b%252Bc%253D1/%25C3%25A9.csv",
     .canonical_query = "",
     .signed_headers = "host;x-amz-date;x-amz-security-token",
     .signature = "833b057e279aeb2161ed147e2a2cb4088fe03f870efcb1c3ec1d03afd9c9f62b"},
    {.name = "JSON call",
     .service = "redshift-data",
     .request = "POST / HTTP/1.1\n"
                "Host:redshift-data.us-east-1.amazonaws.com\n"
                "Content-Type:application/x-amz-json-1.1\n"
                "X-Amz-Target:RedshiftData.DescribeStatement\n"
                "X-Amz-Security-Token:SESSIONTOKEN/+==\n"
                "\n"
                "{\"Id\":\"x\"}",
     .canonical_path = "/",
     .canonical_query = "",
     .signed_headers = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
     .signature = "4d5f45d57b06b9a4744993c9abb9130743b26c58ec2a6ac4dbe69f61ec091e79"},
    {.name = "listing with a bare parameter",
     .service = "s3",
     .s3 = true,
     .request = "GET /?list-type=2&prefix=a%2Fb&continuation-token=1%2F%2B%3D&delimiter=%2F&uploads"
                " HTTP/1.1\n"
                "Host:b.s3.us-east-1.amazonaws.com\n"
                "X-Amz-Content-Sha256:" EMPTY_HASH "\n"
                "X-Amz-Security-Token:SESSIONTOKEN/+==\n",
     .canonical_path = "/",
     .canonical_query =
         "continuation-token=1%2F%2B%3D&delimiter=%2F&list-type=2&prefix=a%2Fb&uploads=",
     .signed_headers = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
     .signature = "b1de64c2726bc19ccd1334f25ba0f18afe4bddf8b735fc5d885ddcbf9ca0b62e"},
    {.name = "blanks collapse, inside quotes too",
     .service = "service",
     .request = "GET / HTTP/1.1\n"
                "Host: h.example \n"
                "My-Header:\t a   b  \"c \t d\" \n",
     .canonical_path = "/",
     .canonical_query = "",
     .signed_headers = "host;my-header;x-amz-date",
     .signature = "17ba84f8ee036a804c14bf83449f6cdbde6b86a394b3f0fa6ae29a7525609b29"},
    {.name = "headers of one name keep their order, folded lines are joined",
     .service = "service",
     .request = "GET / HTTP/1.1\n"
                "my-header:z\n"
                "Host:h.example\n"
                "MY-HEADER:a\n"
                "My-Header:m\n   2\n",
     .canonical_path = "/",
     .canonical_query = "",
     .signed_headers = "host;my-header;x-amz-date",
     .signature = "53f09aa139e22af9956b4ab270d88e8b4772727c59bc60673ac0359591b229cf"},
    {.name = "parameters are sorted by name, then value, as encoded",
     .service = "service",
     .request = "GET /?ab=/%3d+&a=b&a=1&a-b=0&&a= x&A=3&key HTTP/1.1\n"
                "Host:h.example\n",
     .canonical_path = "/",
     .canonical_query = "A=3&a=%20x&a=1&a=b&a-b=0&ab=%2F%3D%2B&key=",
     .signed_headers = "host;x-amz-date",
     .signature = "56e64731a8463e067618e017277b53210e0a8dd7fd5ff1982fafb5cd843be83e"},
    {.name = "dot segments and double slashes go before the second encoding",
     .service = "service",
     .request = "GET /../a/../b//%20/. HTTP/1.1\n"
                "Host:h.example\n",
     .canonical_path = "/b/%2520/",
     .canonical_query = "",
     .signed_headers = "host;x-amz-date",
     .signature = "3d781fa3a9e0622c5dcd826b088117e3d512a8a07b7ed8444dec08a810dc5903"},
    {.name = "what a proxy may change is not signed",
     .service = "service",
     .request = "POST / HTTP/1.1\n"
                "User-Agent:x\n"
                "Host:h.example:8080\n"
                "Expect:100-continue\n"
                "X-Amzn-Trace-Id:Root=1\n"
                "Connection:keep-alive\n"
                "Transfer-Encoding:chunked\n"
                "Upgrade:h2c\n"
                "Sec-WebSocket-Key:y\n"
                "Authorization:old\n"
                "\n"
                "{}",
     .canonical_path = "/",
     .canonical_query = "",
     .signed_headers = "host;x-amz-date",
     .signature = "1073002a867c65c03c9513834e7aaa76cf29a8c0163f1c375699a2b805415081"},
    {.name = "S3 keeps dots and slashes, and encodes what its server would",
     .service = "s3",
     .s3 = true,
     .payload = SIGV4_UNSIGNED_PAYLOAD,
     .request = "GET /b/a/../c//d/./%20+%25~ HTTP/1.1\n"
                "Host:h.example\n"
                "X-Amz-Content-Sha256:" SIGV4_UNSIGNED_PAYLOAD "\n",
     .canonical_path = "/b/a/../c//d/./%20%2B%25~",
     .canonical_query = "",
     .signed_headers = "host;x-amz-content-sha256;x-amz-date",
     .signature = "3fff06a2001a733bd504f69ef94c317f282a12d169b00d80a0866a0a3f8a86b2"},
};

static struct slice line_of(struct slice text, size_t wanted)
{
    struct slice line = text;
    for (size_t i = 0; i <= wanted; i++) {
        slice_cut(text, '\n', &line, &text);
    }
    return line;
}

static void check_row(const struct row *row, struct arena *arena)
{
    struct parsed parsed;
    struct strbuf canonical = STRBUF_INIT;
    struct strbuf authorization = STRBUF_INIT;
    struct slice signed_headers;
    char body_hash[SIGV4_HEX_SIZE];
    parse_request(slice_from(row->request), &parsed);
    add_header(&parsed, "X-Amz-Date", SLICE(NOW));
    sigv4_hash(parsed.body, body_hash);
    parsed.request.payload_hash = slice_from(row->payload != NULL ? row->payload : body_hash);
    parsed.request.normalize_path = !row->s3;
    parsed.request.encode_path_twice = !row->s3;

    sigv4_canonical_request(&parsed.request, arena, &canonical, &signed_headers);
    assert_slice(line_of(strbuf_slice(&canonical), 1), row->canonical_path, row->name);
    assert_slice(line_of(strbuf_slice(&canonical), 2), row->canonical_query, row->name);
    assert_slice(signed_headers, row->signed_headers, row->name);

    struct sigv4_key_cache cache = {.next = 0};
    const struct sigv4_scope scope = {SLICE(NOW), SLICE("us-east-1"), slice_from(row->service)};
    const struct sigv4_credentials credentials = {.access_key_id = SLICE(ACCESS_KEY),
                                                  .secret_access_key = SLICE(SECRET_KEY)};
    sigv4_sign(&cache, &credentials, &scope, &parsed.request, arena, &authorization);
    struct slice expected = arena_format(arena,
                                         "AWS4-HMAC-SHA256 Credential=" ACCESS_KEY
                                         "/20261120/us-east-1/%s/aws4_request, "
                                         "SignedHeaders=%s, Signature=%s",
                                         row->service, row->signed_headers, row->signature);
    assert_slice(strbuf_slice(&authorization), expected.data, row->name);
    sigv4_key_cache_wipe(&cache);
    strbuf_release(&canonical);
    strbuf_release(&authorization);
}

static void test_own_table(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_row(&rows[i], &arena);
    }
    arena_release(&arena);
}

/* The seed signature of the example of a chunked upload in the S3 API reference: a long list of
 * headers and a payload that is a word. */
static void test_many_headers(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct parsed parsed;
    parse_request(SLICE("PUT /examplebucket/chunkObject.txt HTTP/1.1\n"
                        "x-amz-storage-class:REDUCED_REDUNDANCY\n"
                        "Content-Encoding:aws-chunked\n"
                        "x-amz-decoded-content-length:66560\n"
                        "Content-Length:66824\n"
                        "Host:s3.amazonaws.com\n"
                        "x-amz-date:20130524T000000Z\n"
                        "x-amz-content-sha256:STREAMING-AWS4-HMAC-SHA256-PAYLOAD\n"),
                  &parsed);
    parsed.request.payload_hash = SLICE("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    struct sigv4_key_cache cache = {.next = 0};
    struct strbuf value = STRBUF_INIT;
    sigv4_sign(&cache,
               &(struct sigv4_credentials){.access_key_id = SLICE("AKIAIOSFODNN7EXAMPLE"),
                                           .secret_access_key =
                                               SLICE("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")},
               &(struct sigv4_scope){SLICE("20130524T000000Z"), SLICE("us-east-1"), SLICE("s3")},
               &parsed.request, &arena, &value);
    assert_true(slice_ends_with(
        strbuf_slice(&value),
        SLICE("Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")));
    strbuf_release(&value);
    arena_release(&arena);
}

/* --- Stages and cache --- */

static void test_string_to_sign(void **state)
{
    (void)state;
    struct strbuf out = STRBUF_INIT;
    const struct sigv4_scope scope = {SLICE(NOW), SLICE("eu-west-1"), SLICE("sns")};
    sigv4_string_to_sign(&scope, SLICE(""), &out);
    assert_string_equal(out.data, "AWS4-HMAC-SHA256\n" NOW
                                  "\n20261120/eu-west-1/sns/aws4_request\n" EMPTY_HASH);
    strbuf_release(&out);
}

static size_t keys_in(const struct sigv4_key_cache *cache)
{
    size_t count = 0;
    for (size_t i = 0; i < SIGV4_KEY_CACHE_COUNT; i++) {
        count += cache->keys[i].scope[0] != '\0';
    }
    return count;
}

static void assert_cached_key_is_right(struct sigv4_key_cache *cache, const char *secret,
                                       const struct sigv4_scope *scope)
{
    unsigned char fresh[SIGV4_HASH_SIZE];
    unsigned char cached[SIGV4_HASH_SIZE];
    sigv4_signing_key(slice_from(secret), scope, fresh);
    for (int i = 0; i < 2; i++) {
        sigv4_cached_signing_key(cache, slice_from(secret), scope, cached);
        assert_memory_equal(fresh, cached, sizeof(fresh));
    }
}

static void test_key_cache(void **state)
{
    (void)state;
    static const char *const services[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    struct sigv4_key_cache cache = {.next = 0};
    struct sigv4_scope scope = {SLICE(NOW), SLICE("eu-west-1"), SLICE("s3")};
    assert_cached_key_is_right(&cache, "secret", &scope);
    assert_int_equal(keys_in(&cache), 1);
    scope.timestamp = SLICE("20261120T235959Z"); /* same day */
    assert_cached_key_is_right(&cache, "secret", &scope);
    assert_int_equal(keys_in(&cache), 1);
    scope.timestamp = SLICE("20261121T000000Z");
    assert_cached_key_is_right(&cache, "secret", &scope);
    assert_cached_key_is_right(&cache, "other", &scope);
    scope.region = SLICE("eu-west-2");
    assert_cached_key_is_right(&cache, "secret", &scope);
    assert_int_equal(keys_in(&cache), 4);
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        scope.service = slice_from(services[i]);
        assert_cached_key_is_right(&cache, "secret", &scope);
    }
    assert_int_equal(keys_in(&cache), SIGV4_KEY_CACHE_COUNT);
    char region[200];
    memset(region, 'r', sizeof(region));
    scope.region = slice_of(region, sizeof(region));
    assert_cached_key_is_right(&cache, "secret", &scope);
    sigv4_key_cache_wipe(&cache);
    const struct sigv4_key_cache empty = {.next = 0};
    assert_memory_equal(&cache, &empty, sizeof(empty));
}

static void test_signature_depends_on_everything(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    static const char *const requests[] = {"GET /a?b=c HTTP/1.1\nHost:h\nX-Amz-Meta:1\n",
                                           "PUT /a?b=c HTTP/1.1\nHost:h\nX-Amz-Meta:1\n",
                                           "GET /b?b=c HTTP/1.1\nHost:h\nX-Amz-Meta:1\n",
                                           "GET /a?b=d HTTP/1.1\nHost:h\nX-Amz-Meta:1\n",
                                           "GET /a?b=c HTTP/1.1\nHost:g\nX-Amz-Meta:1\n",
                                           "GET /a?b=c HTTP/1.1\nHost:h\nX-Amz-Meta:2\n",
                                           "GET /a?b=c HTTP/1.1\nHost:h\nX-Amz-Meto:1\n"};
    struct strbuf values[COUNT_OF(requests)];
    struct sigv4_key_cache cache = {.next = 0};
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct parsed parsed;
        parse_request(slice_from(requests[i]), &parsed);
        parsed.request.payload_hash = SLICE(EMPTY_HASH);
        strbuf_init(&values[i]);
        sigv4_sign(&cache,
                   &(struct sigv4_credentials){.access_key_id = SLICE("k"),
                                               .secret_access_key = SLICE("s")},
                   &(struct sigv4_scope){SLICE(NOW), SLICE("r"), SLICE("s3")}, &parsed.request,
                   &arena, &values[i]);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(values[i].data, values[k].data);
        }
    }
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        strbuf_release(&values[i]);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_table),
        cmocka_unit_test(test_many_headers),
        cmocka_unit_test(test_string_to_sign),
        cmocka_unit_test(test_key_cache),
        cmocka_unit_test(test_signature_depends_on_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
