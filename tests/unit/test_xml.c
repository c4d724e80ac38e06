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

static const struct {
    struct slice document;
    const char *tokens;
} bad_documents[] = {
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
    {SLICE_INIT("<x:a></y:a>"), "<a !XML, offset 5: an end tag that does not match its start tag"},
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

static void test_bad_documents_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_documents); i++) {
        assert_tokens(bad_documents[i].document, bad_documents[i].tokens);
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

/* --- reading by elements --- */

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
        cmocka_unit_test(test_skipping_and_reading_stop_behind_the_element),
        cmocka_unit_test(test_reading_a_bad_element_fails),
    };
    return cmocka_run_group_tests(tests, open_arena, release_arena);
}
