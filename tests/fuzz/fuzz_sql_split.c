/*
 * Splitting and binding of SQL: statements split to themselves, alone and joined again; binding
 * without parameters changes nothing; and a bound value, however hostile, adds no statement.
 */
#include "redshift/sql_split.h"

#include "base/sql_quote.h"

#include <assert.h>

#define STATEMENTS_LIMIT 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t split(struct slice text, struct slice statements[STATEMENTS_LIMIT])
{
    struct slice statement;
    size_t count = 0;
    while (sql_split_next(&text, &statement)) {
        if (count < STATEMENTS_LIMIT) {
            statements[count] = statement;
        }
        count++;
    }
    assert(text.size == 0);
    return count;
}

static void check_alone(struct slice statement)
{
    struct slice again[STATEMENTS_LIMIT];
    assert(split(statement, again) == 1);
    assert(slice_equal(again[0], statement));
}

static void check_joined(const struct slice *statements, size_t count)
{
    struct slice again[STATEMENTS_LIMIT];
    struct strbuf joined = STRBUF_INIT;
    for (size_t i = 0; i < count; i++) {
        strbuf_append(&joined, statements[i]);
        if (i + 1 < count) {
            strbuf_append_text(&joined, "\n;"); /* the line feed: it may end in a comment */
        }
    }
    assert(split(strbuf_slice(&joined), again) == count);
    for (size_t i = 0; i < count; i++) {
        assert(slice_equal(again[i], statements[i]));
    }
    strbuf_release(&joined);
}

static void check_binding(struct slice text, size_t count)
{
    static const char hostile[] = "it's \\'; drop table x; -- /* $$ \" :p";
    struct slice statements[STATEMENTS_LIMIT];
    struct strbuf literal = STRBUF_INIT;
    struct strbuf bound = STRBUF_INIT;
    struct sql_parameter parameter = {.name = SLICE("p")};
    struct error err;
    sql_split_bind(&bound, text, NULL, 0);
    assert(slice_equal(strbuf_slice(&bound), text));
    strbuf_clear(&bound);
    assert(sql_quote_literal(&literal, slice_from(hostile), &err) == 0);
    parameter.literal = strbuf_slice(&literal);
    sql_split_bind(&bound, text, &parameter, 1);
    assert(split(strbuf_slice(&bound), statements) == count);
    strbuf_release(&literal);
    strbuf_release(&bound);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct slice statements[STATEMENTS_LIMIT];
    size_t count = split(text, statements);
    check_binding(text, count);
    if (count > STATEMENTS_LIMIT) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        check_alone(statements[i]);
        (void)sql_split_ends_transaction(statements[i]);
        (void)sql_split_has_quoted(statements[i], SLICE("to"));
    }
    check_joined(statements, count);
    return 0;
}
