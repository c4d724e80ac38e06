#include "aws/redshift_result.h"

#include "aws/redshift_json.h"

#include "base/banned.h"

int redshift_result_request(struct slice id, struct slice next_token, struct arena *arena,
                            struct aws_request *request, struct error *err)
{
    struct strbuf body = STRBUF_INIT;
    (void)err;
    redshift_json_question(&body, "Id", id, next_token);
    *request = redshift_json_request("RedshiftData.GetStatementResult", &body, arena);
    request->subject = id;
    return 0;
}

/* {"stringValue": …}, {"longValue": …}, {"isNull": true} … */
static int read_cell(const json *field, struct redshift_cell *cell, struct error *err)
{
    const json *value = json_type(field) == JSON_OBJECT ? json_first(field) : NULL;
    bool truth = false;
    cell->text = SLICE("");
    if (slice_equal(json_name(value), SLICE("isNull"))) {
        cell->is_null = true;
        return 0;
    }
    if (json_string(value, &cell->text) || json_number_text(value, &cell->text)) {
        return 0;
    }
    if (json_bool(value, &truth)) {
        cell->text = truth ? SLICE("true") : SLICE("false");
        return 0;
    }
    return error_set(err, ERROR_INVALID, "a field of the result has no value");
}

static int read_row(const json *record, struct arena *arena, struct redshift_page *page,
                    struct error *err)
{
    struct redshift_cell *cells = arena_zalloc(arena, page->column_count, sizeof(*cells));
    size_t count = 0;
    if (json_type(record) != JSON_ARRAY || json_count(record) != page->column_count) {
        return error_set(err, ERROR_INVALID, "the rows of the result differ in length");
    }
    for (const json *field = json_first(record); field != NULL; field = json_next(field)) {
        if (read_cell(field, &cells[count++], err) != 0) {
            return -1;
        }
    }
    page->rows[page->row_count++] = cells;
    return 0;
}

static struct slice *read_columns(const json *list, size_t count, struct arena *arena)
{
    struct slice *names = arena_zalloc(arena, count, sizeof(*names));
    const json *column = json_first(list);
    for (size_t i = 0; i < count; i++) {
        names[i] = json_text(column, "name");
        column = json_next(column);
    }
    return names;
}

int redshift_result_parse(struct slice body, struct arena *arena, struct redshift_page *page,
                          struct error *err)
{
    const json *reply = redshift_json_parse(body, arena, err);
    const json *records = json_get(reply, "Records");
    struct redshift_page parsed = {0};
    if (reply == NULL) {
        return -1;
    }
    if (json_type(records) != JSON_ARRAY) {
        return error_set(err, ERROR_INVALID, "the reply has no Records");
    }
    parsed.rows = arena_zalloc(arena, json_count(records) + 1, sizeof(void *));
    parsed.column_count = json_count(json_first(records));
    parsed.columns = read_columns(json_get(reply, "ColumnMetadata"), parsed.column_count, arena);
    parsed.next_token = json_text(reply, "NextToken");
    for (const json *record = json_first(records); record != NULL; record = json_next(record)) {
        if (read_row(record, arena, &parsed, err) != 0) {
            return -1;
        }
    }
    *page = parsed;
    return 0;
}

int redshift_result(struct aws_client *client, struct slice id, struct slice next_token,
                    struct arena *arena, struct redshift_page *page, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (redshift_result_request(id, next_token, arena, &request, err) != 0 ||
        aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    if (redshift_result_parse(reply.body, arena, page, err) != 0) {
        return aws_call_bad_reply(&request, err);
    }
    return 0;
}
