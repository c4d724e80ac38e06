/* Texts of XML found by their path, as in replies of S3 and SNS. */
#include "unit/arena_fixture.h"

#include "base/array.h"
#include "base/xml.h"

#include "base/strbuf.h"

/* --- replies of S3 and SNS --- */

static const char error_reply[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<Error><Code>NoSuchKey</Code><Message>The key &quot;a&amp;b&quot; does not exist.</Message>"
    "<Key>in/a&amp;b &#x20AC;&#13;.txt</Key><Resource/><RequestId>4442587FB7D0A2F9</RequestId>"
    "</Error>";

static const char list_reply[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
    "  <Name>bucket</Name><Prefix>in/</Prefix><KeyCount>2</KeyCount>\n"
    "  <IsTruncated>false</IsTruncated>\n"
    "  <Contents><Key>in/1.txt</Key><ETag>&quot;d41d8&quot;</ETag><Size>0</Size>\n"
    "    <Owner><ID>75aa57f</ID><DisplayName/></Owner></Contents>\n"
    "  <Contents><Key>in/<![CDATA[2<3]]>.txt</Key><Size>434234</Size></Contents>\n"
    "  <CommonPrefixes><Prefix>in/sub/</Prefix></CommonPrefixes>\n"
    "</ListBucketResult>\n";

static void assert_found(const char *document, const char *path, const char *expected)
{
    struct slice text = SLICE_INIT("untouched");
    if (expected == NULL) {
        assert_false(xml_find_text(&arena, slice_from(document), path, &text));
        assert_true(slice_equal(text, SLICE("untouched")));
        return;
    }
    assert_true(xml_find_text(&arena, slice_from(document), path, &text));
    assert_string_equal(text.data, expected);
    assert_int_equal(text.size, strlen(expected));
}

static void test_text_is_found_by_path(void **state)
{
    static const struct {
        const char *document;
        const char *path;
        const char *text;
    } cases[] = {
        {error_reply, "Error/Code", "NoSuchKey"},
        {error_reply, "Error/Message", "The key \"a&b\" does not exist."},
        {error_reply, "Error/Key", "in/a&b \xE2\x82\xAC\r.txt"},
        {error_reply, "Error/Resource", ""},
        {error_reply, "Error", ""},
        {error_reply, "Code", NULL},
        {error_reply, "Error/code", NULL},
        {error_reply, "Error/Cod", NULL},
        {error_reply, "Error/Code/", NULL},
        {error_reply, "Error/Code/Code", NULL},
        {error_reply, "/Error/Code", NULL},
        {error_reply, "", NULL},
        {list_reply, "ListBucketResult/Name", "bucket"},
        {list_reply, "ListBucketResult/Contents/Key", "in/1.txt"},
        {list_reply, "ListBucketResult/Contents/ETag", "\"d41d8\""},
        {list_reply, "ListBucketResult/Contents/Owner/ID", "75aa57f"},
        {list_reply, "ListBucketResult/CommonPrefixes/Prefix", "in/sub/"},
        {"<E><R><C>no</C></R><C>yes</C><C>late</C></E>", "E/C", "yes"},
        {"<E><a/><b><c>1</c></b><b><d>2</d></b></E>", "E/b/d", "2"},
        {"<n:E xmlns:n='u'><n:C>x</n:C></n:E>", "E/C", "x"},
        {"<E><C>a<!-- - -->b<x>no</x>c<![CDATA[&amp;]]>&lt;</C></E>", "E/C", "abc&amp;<"},
        {"\n\n<?xml version='1.0'?>\n<E><C> kept </C></E>", "E/C", " kept "},
        {"<E><C>x</C></E", "E/C", NULL}, /* the document is bad behind it */
        {"<E><C>x</C></E><E/>", "E/C", NULL},
        {"<E><C>x&bad;</C></E>", "E/C", NULL},
        {"", "E/C", NULL},
        {"Service Unavailable", "E/C", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_found(cases[i].document, cases[i].path, cases[i].text);
    }
}

static void test_root_names(void **state)
{
    static const struct {
        const char *document;
        const char *name;
    } cases[] = {
        {error_reply, "Error"},
        {list_reply, "ListBucketResult"},
        {"   <?xml version='1.0'?><CompleteMultipartUploadResult>",
         "CompleteMultipartUploadResult"},
        {"<a:b/>", "b"},
        {"<a/>junk", "a"},
        {"", NULL},
        {"plain", NULL},
        {"<?xml version='1.0'?>", NULL},
        {"<a", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice name = SLICE_INIT("untouched");
        bool found = xml_root_name(slice_from(cases[i].document), &name);
        assert_int_equal(found, cases[i].name != NULL);
        const char *expected = found ? cases[i].name : "untouched";
        assert_true(slice_equal(name, slice_from(expected)));
    }
}

static void test_references_are_decoded(void **state)
{
    static const struct {
        const char *document;
        const char *text;
    } cases[] = {
        {"<a>&lt;&gt;&amp;&quot;&apos;</a>", "<>&\"'"},
        {"<a>&#65;&#x41;&#x000041;&#0000000065;</a>", "AAAA"},
        {"<a>&#xe9;&#8364;&#x1F600;&#x10ffff;</a>",
         "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF"},
        {"<a>&#1;&#x7F;&#xD7FF;&#xE000;</a>", "\x01\x7F\xED\x9F\xBF\xEE\x80\x80"},
        {"<a>&amp;lt;</a>", "&lt;"}, /* once, not twice */
        {"<a>x&amp;y</a>", "x&y"},
        {"<a>a\r\nb</a>", "a\r\nb"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_found(cases[i].document, "a", cases[i].text);
    }
}

/* --- reading by elements --- */

/* As a lister reads its pages: known elements are read, others skipped. */
static void test_a_list_is_read_element_by_element(void **state)
{
    struct xml_reader reader;
    struct error err = {.message = "untouched"};
    struct slice text;
    struct strbuf seen = STRBUF_INIT;
    enum xml_token token = XML_BAD;
    (void)state;
    xml_init(&reader, SLICE(list_reply));
    while ((token = xml_next(&reader, &err)) != XML_DONE && token != XML_BAD) {
        if (token != XML_START || slice_equal(reader.name, SLICE("ListBucketResult")) ||
            slice_equal(reader.name, SLICE("Contents"))) {
            continue;
        }
        if (slice_equal(reader.name, SLICE("Key")) || slice_equal(reader.name, SLICE("Size"))) {
            assert_int_equal(xml_read_text(&reader, &arena, &text, &err), 0);
            strbuf_append_format(&seen, "%.*s;", SLICE_ARG(text));
        } else {
            size_t depth = reader.depth;
            assert_int_equal(xml_skip(&reader, &err), 0);
            assert_int_equal(reader.depth, depth - 1);
        }
    }
    assert_int_equal(token, XML_DONE);
    assert_string_equal(seen.data, "in/1.txt;0;in/2<3.txt;434234;");
    assert_string_equal(err.message, "untouched");
    strbuf_release(&seen);
}

/* --- truncation --- */

static void assert_bad_at_every_cut(struct slice document)
{
    for (size_t size = 0; size < document.size; size++) {
        struct xml_reader reader;
        struct error err = {.kind = ERROR_CANCELLED};
        enum xml_token token = XML_BAD;
        char *exact = malloc(size == 0 ? 1 : size); /* the sanitizer sees a byte too many */
        assert_non_null(exact);
        memcpy(exact, document.data, size);
        xml_init(&reader, slice_of(exact, size));
        do {
            token = xml_next(&reader, &err);
        } while (token != XML_DONE && token != XML_BAD);
        if (token != XML_BAD || err.kind != ERROR_INVALID) {
            fail_msg("%zu bytes were accepted: %.*s", size, (int)size, exact);
        }
        free(exact);
    }
}

static void test_truncated_documents_are_bad(void **state)
{
    (void)state;
    assert_bad_at_every_cut(SLICE(error_reply));
    assert_bad_at_every_cut(slice_trim(SLICE(list_reply)));
    assert_bad_at_every_cut(SLICE("\xEF\xBB\xBF <!-- c --><a b='1' c=\"2\"><?p q?>&#x41;<b/>"
                                  "<![CDATA[ x ]]></a >"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_found_by_path),
        cmocka_unit_test(test_root_names),
        cmocka_unit_test(test_references_are_decoded),
        cmocka_unit_test(test_a_list_is_read_element_by_element),
        cmocka_unit_test(test_truncated_documents_are_bad),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
