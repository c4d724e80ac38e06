/*
 * Names of statements: what is built reads back and keeps to the limit, what is read builds to a
 * name that reads the same, and a name of the Python framework is put together again byte by byte.
 */
#include "redshift/statement_name.h"

#include "base/array.h"
#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct statement_name *read, const struct statement_name *built_from)
{
    assert(slice_equal(read->work_id, built_from->work_id));
    assert(slice_equal(read->kind, built_from->kind) && read->number == built_from->number);
    assert(slice_equal(read->interface_id, slice_take(built_from->interface_id, 30)));
    assert(slice_starts_with(built_from->target, read->target));
}

static void check_build(const struct statement_name *name)
{
    struct strbuf out = STRBUF_INIT;
    struct statement_name read;
    strbuf_append_text(&out, "before");
    statement_name_build(&out, name);
    struct slice text = slice_skip(strbuf_slice(&out), 6);
    assert(text.size <= STATEMENT_NAME_LIMIT);
    assert(statement_name_parse(text, &read));
    check_same(&read, name);
    assert(read.target.size == name->target.size || text.size > STATEMENT_NAME_LIMIT - 4);
    strbuf_release(&out);
}

static void check_any_text(struct slice text)
{
    struct statement_name name;
    struct legacy_statement_name legacy;
    if (statement_name_parse(text, &name)) {
        check_build(&name);
    }
    if (legacy_statement_name_parse(text, &legacy)) {
        const struct slice parts[] = {legacy.interface_id, legacy.schema,       legacy.table,
                                      legacy.s3_path,      legacy.interface_id, legacy.merge_sql,
                                      legacy.escape};
        struct strbuf again = STRBUF_INIT;
        for (size_t i = 0; i < COUNT_OF(parts); i++) {
            strbuf_append(&again, parts[i]);
            strbuf_append_char(&again, '|');
        }
        strbuf_append_text(&again, "external_file_frameowrk");
        assert(slice_equal(strbuf_slice(&again), text));
        strbuf_release(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size);
    struct statement_name name = {.work_id = SLICE("0b54c4a2-7f0e-4a59-8c1d-5b8f4a6a9d11")};
    check_any_text(text);
    name.kind = size % 2 == 0 ? SLICE("load") : SLICE("transform");
    name.number = size > 0 ? UINT64_MAX >> (data[0] % 64) : 0;
    (void)slice_cut(text, '|', &name.interface_id, &name.target);
    check_build(&name);
    return 0;
}
