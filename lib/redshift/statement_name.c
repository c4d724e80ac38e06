#include "redshift/statement_name.h"

#include "base/array.h"
#include "base/utf8.h"

#include "base/banned.h"

static const struct slice suffix = SLICE_INIT("|external_file_framework");
static const struct slice legacy_suffix = SLICE_INIT("|external_file_frameowrk");

void statement_name_build(struct strbuf *out, const struct statement_name *name)
{
    size_t start = out->size;
    size_t room;
    strbuf_append(out, name->work_id);
    strbuf_append_char(out, '|');
    strbuf_append(out, name->kind);
    strbuf_append_char(out, '|');
    strbuf_append_u64(out, name->number);
    strbuf_append_char(out, '|');
    strbuf_append(out, slice_take(name->interface_id, 30));
    strbuf_append_char(out, '|');
    room = STATEMENT_NAME_LIMIT - suffix.size - (out->size - start);
    strbuf_append(out, utf8_take(name->target, room));
    strbuf_append(out, suffix);
}

struct slice statement_name_prefix(struct arena *arena, const struct statement_name *name)
{
    return arena_format(arena, "%.*s|%.*s|%llu|", SLICE_ARG(name->work_id), SLICE_ARG(name->kind),
                        (unsigned long long)name->number);
}

struct slice statement_name_token(struct arena *arena, const struct statement_name *name)
{
    return arena_format(arena, "%.*s-%.*s-%llu", SLICE_ARG(name->work_id), SLICE_ARG(name->kind),
                        (unsigned long long)name->number);
}

bool statement_name_is_work_id(struct slice text)
{
    if (text.size != STATEMENT_WORK_ID_SIZE) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool is_hex = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
        if (is_dash ? byte != '-' : !is_hex) {
            return false;
        }
    }
    return true;
}

static bool is_kind(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 'a' || text.data[i] > 'z') {
            return false;
        }
    }
    return text.size > 0 && text.size <= STATEMENT_KIND_LIMIT;
}

bool statement_name_parse(struct slice text, struct statement_name *name)
{
    struct statement_name parsed = {0};
    struct slice number;
    if (!slice_ends_with(text, suffix)) {
        return false;
    }
    text = slice_take(text, text.size - suffix.size);
    if (!slice_cut(text, '|', &parsed.work_id, &text) ||
        !statement_name_is_work_id(parsed.work_id) || !slice_cut(text, '|', &parsed.kind, &text) ||
        !is_kind(parsed.kind) || !slice_cut(text, '|', &number, &text) ||
        !slice_to_u64(number, &parsed.number) ||
        !slice_cut(text, '|', &parsed.interface_id, &parsed.target)) {
        return false;
    }
    *name = parsed;
    return true;
}

/* Cuts at the last '|'; false when there is none. */
static bool cut_last(struct slice text, struct slice *before, struct slice *after)
{
    size_t at = slice_find_last(text, '|');
    if (at == SLICE_NONE) {
        return false;
    }
    *before = slice_take(text, at);
    *after = slice_skip(text, at + 1);
    return true;
}

/* The path ends where "|<interface>|" follows; the first such place, since SQL comes after it. */
static bool cut_path(struct slice text, struct slice interface_id, struct slice *path,
                     struct slice *sql)
{
    for (size_t i = 0; i + interface_id.size + 2 <= text.size; i++) {
        struct slice rest = slice_skip(text, i + 1);
        if (text.data[i] == '|' && slice_starts_with(rest, interface_id) &&
            rest.data[interface_id.size] == '|') {
            *path = slice_take(text, i);
            *sql = slice_skip(rest, interface_id.size + 1);
            return true;
        }
    }
    return false;
}

bool legacy_statement_name_parse(struct slice text, struct legacy_statement_name *name)
{
    struct legacy_statement_name parsed = {0};
    if (!slice_ends_with(text, legacy_suffix)) {
        return false;
    }
    text = slice_take(text, text.size - legacy_suffix.size);
    if (!slice_cut(text, '|', &parsed.interface_id, &text) || parsed.interface_id.size == 0 ||
        !slice_cut(text, '|', &parsed.schema, &text) ||
        !slice_cut(text, '|', &parsed.table, &text) || !cut_last(text, &text, &parsed.escape) ||
        !cut_path(text, parsed.interface_id, &parsed.s3_path, &parsed.merge_sql) ||
        !slice_starts_with(parsed.s3_path, SLICE("s3://"))) {
        return false;
    }
    *name = parsed;
    return true;
}
