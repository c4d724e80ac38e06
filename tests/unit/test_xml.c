#include "unit/arena_fixture.h"

#include "base/array.h"
#include "base/xml.h"

#include "base/strbuf.h"

static void append_token(struct strbuf *out, const struct xml_reader *reader, enum xml_token token)
{
    if (token == XML_START || token == XML_END) {
        strbuf_append_format(out, "%c%.*s ", token == XML_START ? '<' : '>',
                             SLICE_ARG(reader->name));
    } else if (token == XML_TEXT) {
        strbuf_append_format(out, reader->is_cdata ? "[%.*s] " : "(%.*s) ", SLICE_ARG(reader->raw));
    }
}

/* Tokens as text: "<a", ">a", "text", "[cdata]", and at the end "." or "!" and the message. */
static void list_tokens(struct strbuf *out, struct slice document)
{
    struct xml_reader reader;
    struct error err;
    enum xml_token token = XML_BAD;
    xml_init(&reader, document);
    do {
        token = xml_next(&reader, &err);
        append_token(out, &reader, token);
    } while (token != XML_DONE && token != XML_BAD);
    strbuf_append_text(out, token == XML_DONE ? "." : "!");
    if (token == XML_BAD) {
        strbuf_append_text(out, err.message);
    }
    assert_int_equal(xml_next(&reader, NULL), token); /* it stays */
}

static void assert_tokens(struct slice document, const char *expected)
{
    struct strbuf tokens = STRBUF_INIT;
    list_tokens(&tokens, document);
    assert_string_equal(tokens.data, expected);
    strbuf_release(&tokens);
}

/* --- tokens --- */

static void test_elements_and_text(void **state)
{
    static const struct {
        struct slice document;
        const char *tokens;
    } cases[] = {
        {SLICE_INIT("<a/>"), "<a >a ."},
        {SLICE_INIT("<a />"), "<a >a ."},
        {SLICE_INIT("<a></a>"), "<a >a ."},
        {SLICE_INIT("<a ></a\n>"), "<a >a ."},
        {SLICE_INIT("<a>x</a>"), "<a (x) >a ."},
        {SLICE_INIT("<a> </a>\r\n"), "<a ( ) >a ."},
        {SLICE_INIT("<a>x<b/>y</a>"), "<a (x) <b >b (y) >a ."},
        {SLICE_INIT("<a><b>1</b><b>2</b></a>"), "<a <b (1) >b <b (2) >b >a ."},
        {SLICE_INIT("<a><a><a/></a></a>"), "<a <a <a >a >a >a ."},
        {SLICE_INIT("<_a-1.b/>"), "<_a-1.b >_a-1.b ."},
        {SLICE_INIT("<\xC3\xA9t\xC3\xA9/>"), "<\xC3\xA9t\xC3\xA9 >\xC3\xA9t\xC3\xA9 ."},
        {SLICE_INIT("<s3:a xmlns:s3=\"x\">1</s3:a>"), "<a (1) >a ."},
        {SLICE_INIT("<a>1 &gt; 0 > -1</a>"), "<a (1 &gt; 0 > -1) >a ."},
        {SLICE_INIT("<a>\xFF\x01</a>"), "<a (\xFF\x01) >a ."},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_tokens(cases[i].document, cases[i].tokens);
    }
}

static void test_what_carries_nothing_is_passed_over(void **state)
{
    static const struct {
        struct slice document;
        const char *tokens;
    } cases[] = {
        {SLICE_INIT("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a/>"), "<a >a ."},
        {SLICE_INIT("\n \t\r\n<?xml version='1.0'?><a/>"), "<a >a ."}, /* S3 keeps alive */
        {SLICE_INIT("\xEF\xBB\xBF<?xml version='1.0'?><a/>"), "<a >a ."},
        {SLICE_INIT("\xEF\xBB\xBF<a/>"), "<a >a ."},
        {SLICE_INIT("<!-- <b> & -- --><a/><!----> <?p?>\n"), "<a >a ."},
        {SLICE_INIT("<a>x<!-- </a> -->y<?p <b> ?>z</a>"), "<a (x) (y) (z) >a ."},
        {SLICE_INIT("<a b=\"1\" c='2'  d = \"x>y/>'\" />"), "<a >a ."},
        {SLICE_INIT("<a\n\tb='\"'\r\n>t</a>"), "<a (t) >a ."},
        {SLICE_INIT("<a b=\"&whatever;\" x:y=''/>"), "<a >a ."},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_tokens(cases[i].document, cases[i].tokens);
    }
}

static void test_cdata(void **state)
{
    (void)state;
    assert_tokens(SLICE("<a><![CDATA[<b>&lt;]] >]]></a>"), "<a [<b>&lt;]] >] >a .");
    assert_tokens(SLICE("<a><![CDATA[]]></a>"), "<a [] >a .");
    assert_tokens(SLICE("<a>x<![CDATA[]]]]>y</a>"), "<a (x) []]] (y) >a .");
    assert_tokens(SLICE("<a><![CDATA[]]]></a>"), "<a []] >a .");
}

static void test_bad_documents_are_refused(void **state)
{
    static const struct {
        struct slice document;
        const char *tokens;
    } cases[] = {
        {SLICE_INIT(""), "!XML, offset 0: the document has no element"},
        {SLICE_INIT(" \n"), "!XML, offset 2: the document has no element"},
        {SLICE_INIT("\xEF\xBB\xBF"), "!XML, offset 3: the document has no element"},
        {SLICE_INIT("<?xml version='1.0'?>"), "!XML, offset 21: the document has no element"},
        {SLICE_INIT("text"), "!XML, offset 0: text outside of the root element"},
        {SLICE_INIT("{\"message\":\"json\"}"), "!XML, offset 0: text outside of the root element"},
        {SLICE_INIT("<a/>x"), "<a >a !XML, offset 4: text outside of the root element"},
        {SLICE_INIT("<a/>&#32;"), "<a >a !XML, offset 4: text outside of the root element"},
        {SLICE_INIT("<a/><![CDATA[x]]>"), "<a >a !XML, offset 4: text outside of the root element"},
        {SLICE_INIT("<a/><b/>"), "<a >a !XML, offset 4: a second root element"},
        {SLICE_INIT("<a>"), "<a !XML, offset 3: the document ends inside an element"},
        {SLICE_INIT("<a>x"), "<a (x) !XML, offset 4: the document ends inside an element"},
        {SLICE_INIT("</a>"), "!XML, offset 0: an end tag without a start tag"},
        {SLICE_INIT("<a></b>"), "<a !XML, offset 3: an end tag that does not match its start tag"},
        {SLICE_INIT("<a></ab>"), "<a !XML, offset 3: an end tag that does not match its start tag"},
        {SLICE_INIT("<x:a></y:a>"),
         "<a !XML, offset 5: an end tag that does not match its start tag"},
        {SLICE_INIT("<a></>"), "<a !XML, offset 3: an end tag that does not match its start tag"},
        {SLICE_INIT("<a></ a>"), "<a !XML, offset 3: an end tag that does not match its start tag"},
        {SLICE_INIT("<a></a b='1'>"), "<a !XML, offset 7: '>' is expected"},
        {SLICE_INIT("<"), "!XML, offset 0: '<' starts no tag"},
        {SLICE_INIT("< a/>"), "!XML, offset 0: '<' starts no tag"},
        {SLICE_INIT("<1/>"), "!XML, offset 0: '<' starts no tag"},
        {SLICE_INIT("<:a/>"), "!XML, offset 0: '<' starts no tag"},
        {SLICE_INIT("<a:/>"), "!XML, offset 0: '<' starts no tag"},
        {SLICE_INIT("<a"), "!XML, offset 2: '>' is expected"},
        {SLICE_INIT("<a/"), "!XML, offset 3: '>' is expected"},
        {SLICE_INIT("<a/ >"), "!XML, offset 3: '>' is expected"},
        {SLICE_INIT("<a<b/>"), "!XML, offset 2: '>' is expected"},
        {SLICE_INIT("<a 1='x'/>"), "!XML, offset 3: '>' is expected"},
        {SLICE_INIT("<a b>"), "!XML, offset 3: a malformed attribute"},
        {SLICE_INIT("<a b=x>"), "!XML, offset 3: a malformed attribute"},
        {SLICE_INIT("<a b:='x'/>"), "!XML, offset 3: a malformed attribute"},
        {SLICE_INIT("<a b='x\">"), "!XML, offset 3: a malformed attribute"},
        {SLICE_INIT("<a b='<'/>"), "!XML, offset 3: a malformed attribute"},
        {SLICE_INIT("<a b='1'c='2'/>"), "!XML, offset 8: '>' is expected"},
        {SLICE_INIT("<!DOCTYPE a><a/>"), "!XML, offset 0: a document type or unknown declaration"},
        {SLICE_INIT("<a><!ENTITY x 'y'></a>"),
         "<a !XML, offset 3: a document type or unknown declaration"},
        {SLICE_INIT("<!-- "), "!XML, offset 0: a comment or processing instruction without end"},
        {SLICE_INIT("<!-->"), "!XML, offset 0: a comment or processing instruction without end"},
        {SLICE_INIT("<?xml "), "!XML, offset 0: a comment or processing instruction without end"},
        {SLICE_INIT("<a><?"), "<a !XML, offset 3: a comment or processing instruction without end"},
        {SLICE_INIT("<a><![CDATA[x]]"), "<a !XML, offset 3: a CDATA section without end"},
        {SLICE_INIT("<a>x\0</a>"), "!XML, offset 4: a NUL byte"},
        {SLICE_INIT("<a/>\0"), "!XML, offset 4: a NUL byte"},
        {SLICE_INIT("\xFF\xFE<\0a\0/\0>\0"), "!XML, offset 3: a NUL byte"}, /* UTF-16 */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_tokens(cases[i].document, cases[i].tokens);
    }
}

static void test_bad_references_are_refused(void **state)
{
    static const char *const references[] = {
        "&",
        "&;",
        "&lt",
        "&LT;",
        "&nbsp;",
        "&#;",
        "&#x;",
        "&#0;",
        "&#x0;",
        "&#000000;",
        "&#xD800;",
        "&#xdfff;",
        "&#55296;",
        "&#x110000;",
        "&#1114112;",
        "&#12a;",
        "&#x12g;",
        "&#X41;",
        "&#-1;",
        "&# 65;",
        "&#99999999999;",
        "&#x100000041;",
        "&#00000000000065;",
    };
    struct strbuf document = STRBUF_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(references); i++) {
        strbuf_clear(&document);
        strbuf_append_format(&document, "<a>&amp;x%s</a>", references[i]);
        assert_tokens(strbuf_slice(&document),
                      "<a !XML, offset 9: '&' starts no character reference");
    }
    strbuf_release(&document);
}

static void test_depth_is_bounded(void **state)
{
    struct strbuf document = STRBUF_INIT;
    struct xml_reader reader;
    struct error err;
    (void)state;
    for (int i = 0; i < XML_DEPTH_LIMIT; i++) {
        strbuf_append_text(&document, "<a>");
    }
    for (int i = 0; i < XML_DEPTH_LIMIT; i++) {
        strbuf_append_text(&document, "</a>");
    }
    xml_init(&reader, strbuf_slice(&document));
    for (int i = 0; i < XML_DEPTH_LIMIT; i++) {
        assert_int_equal(xml_next(&reader, &err), XML_START);
    }
    assert_int_equal(reader.depth, XML_DEPTH_LIMIT);
    for (int i = 0; i < XML_DEPTH_LIMIT; i++) {
        assert_int_equal(xml_next(&reader, &err), XML_END);
    }
    assert_int_equal(xml_next(&reader, &err), XML_DONE);

    strbuf_truncate(&document, (size_t)3 * XML_DEPTH_LIMIT);
    strbuf_append_text(&document, "<b/>");
    xml_init(&reader, strbuf_slice(&document));
    for (int i = 0; i < XML_DEPTH_LIMIT; i++) {
        assert_int_equal(xml_next(&reader, &err), XML_START);
    }
    assert_int_equal(xml_next(&reader, &err), XML_BAD);
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_string_equal(err.message, "XML, offset 96: elements nest too deeply");
    strbuf_release(&document);
}

static void test_names_are_bounded(void **state)
{
    struct strbuf document = STRBUF_INIT;
    struct xml_reader reader;
    struct error err;
    (void)state;
    strbuf_append_char(&document, '<');
    for (int i = 0; i < XML_NAME_LIMIT; i++) {
        strbuf_append_char(&document, 'n');
    }
    strbuf_append_text(&document, "/>");
    xml_init(&reader, strbuf_slice(&document));
    assert_int_equal(xml_next(&reader, &err), XML_START);
    assert_int_equal(reader.name.size, XML_NAME_LIMIT);

    strbuf_truncate(&document, document.size - 2);
    strbuf_append_text(&document, "n/>");
    xml_init(&reader, strbuf_slice(&document));
    assert_int_equal(xml_next(&reader, &err), XML_BAD);
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_string_equal(err.message, "XML, offset 0: the name of an element is too long");
    strbuf_release(&document);
}

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

static void test_skipping_and_reading_stop_behind_the_element(void **state)
{
    struct xml_reader reader;
    struct error err;
    struct slice text;
    (void)state;
    xml_init(&reader, SLICE("<a><b/><c>1<c>2</c>3</c><d/></a>"));
    assert_int_equal(xml_next(&reader, &err), XML_START);
    assert_int_equal(xml_next(&reader, &err), XML_START);
    assert_int_equal(xml_skip(&reader, &err), 0);
    assert_int_equal(xml_next(&reader, &err), XML_START);
    assert_true(slice_equal(reader.name, SLICE("c")));
    assert_int_equal(xml_read_text(&reader, &arena, &text, &err), 0);
    assert_true(slice_equal(text, SLICE("13")));
    assert_int_equal(xml_next(&reader, &err), XML_START);
    assert_true(slice_equal(reader.name, SLICE("d")));
    assert_int_equal(xml_read_text(&reader, &arena, &text, &err), 0);
    assert_int_equal(text.size, 0);
    assert_int_equal(xml_next(&reader, &err), XML_END);
    assert_int_equal(xml_next(&reader, &err), XML_DONE);
}

static void test_reading_a_bad_element_fails(void **state)
{
    struct xml_reader reader;
    struct error err;
    struct slice text = SLICE_INIT("untouched");
    (void)state;
    xml_init(&reader, SLICE("<a><b>x</a>"));
    assert_int_equal(xml_next(&reader, &err), XML_START);
    assert_int_equal(xml_next(&reader, &err), XML_START);
    assert_int_equal(xml_read_text(&reader, &arena, &text, &err), -1);
    assert_string_equal(err.message, "XML, offset 7: an end tag that does not match its start tag");
    assert_true(slice_equal(text, SLICE("untouched")));
    assert_int_equal(xml_skip(&reader, &err), -1);
    assert_int_equal(xml_next(&reader, &err), XML_BAD);
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
        cmocka_unit_test(test_elements_and_text),
        cmocka_unit_test(test_what_carries_nothing_is_passed_over),
        cmocka_unit_test(test_cdata),
        cmocka_unit_test(test_bad_documents_are_refused),
        cmocka_unit_test(test_bad_references_are_refused),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_names_are_bounded),
        cmocka_unit_test(test_text_is_found_by_path),
        cmocka_unit_test(test_root_names),
        cmocka_unit_test(test_references_are_decoded),
        cmocka_unit_test(test_a_list_is_read_element_by_element),
        cmocka_unit_test(test_skipping_and_reading_stop_behind_the_element),
        cmocka_unit_test(test_reading_a_bad_element_fails),
        cmocka_unit_test(test_truncated_documents_are_bad),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
