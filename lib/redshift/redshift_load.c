#include "redshift/redshift_load.h"

#include "aws/s3.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "redshift/failure.h"

#include "base/banned.h"

#define PACKED_LIMIT ((size_t)16 * 1024 * 1024)
#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 2000

static struct slice token_of(const struct statement_name *name, struct arena *arena)
{
    return arena_format(arena, "%.*s-%s-%llu", SLICE_ARG(name->file_id),
                        statement_kind_name(name->kind), (unsigned long long)name->number);
}

int redshift_load_submit(struct aws_client *client, const struct redshift_batch *batch,
                         struct arena *arena, struct slice *statement_id, struct error *err)
{
    struct strbuf name = STRBUF_INIT;
    int result;
    statement_name_build(&name, &batch->name);
    result = redshift_execute(client,
                              &(struct redshift_execute_options){
                                  .target = batch->target,
                                  .statements = batch->statements,
                                  .count = batch->count,
                                  .name = strbuf_slice(&name),
                                  .client_token = token_of(&batch->name, arena),
                                  .with_event = true,
                              },
                              arena, statement_id, err);
    strbuf_release(&name);
    return result;
}

int redshift_load_find(struct aws_client *client, const struct statement_name *name,
                       struct arena *arena, struct slice *id, struct error *err)
{
    struct slice prefix = statement_name_prefix(arena, name);
    struct redshift_list page = {.next_token = SLICE("")};
    *id = SLICE("");
    do {
        if (redshift_list(client, prefix, page.next_token, arena, &page, err) != 0) {
            return -1;
        }
        if (page.count > 0) {
            *id = page.entries[0].id;
        }
    } while (id->size == 0 && page.next_token.size > 0);
    return 0;
}

void redshift_load_pack(struct strbuf *out, const struct slice *statements, size_t count)
{
    struct json_writer writer = json_writer_to(out);
    json_write_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_write_string(&writer, statements[i]);
    }
    json_write_array_end(&writer);
}

int redshift_load_unpack(struct arena *arena, struct slice packed, struct slice **statements,
                         size_t *count, struct error *err)
{
    const json *list = json_parse(arena, packed, PACKED_LIMIT, err);
    size_t i = 0;
    if (list == NULL) {
        return error_prefix(err, "the stored statements");
    }
    *count = json_count(list);
    *statements = arena_zalloc(arena, *count + 1, sizeof(**statements));
    for (const json *statement = json_first(list); statement != NULL;
         statement = json_next(statement)) {
        if (!json_string(statement, &(*statements)[i++])) {
            return error_set(err, ERROR_CONFIGURATION, "the stored statements are not texts");
        }
    }
    return 0;
}

int redshift_load_put_manifest(struct aws_client *client, struct slice bucket, struct slice key,
                               struct slice manifest_key, struct arena *arena, struct error *err)
{
    const struct manifest_entry entry = {.bucket = bucket, .key = key};
    struct strbuf manifest = STRBUF_INIT;
    struct s3_written written;
    int result;
    manifest_build(&manifest, &entry, 1);
    result = s3_put(client,
                    &(struct s3_put_options){
                        .bucket = bucket,
                        .key = manifest_key,
                        .body = strbuf_slice(&manifest),
                        .content_type = SLICE("application/json"),
                    },
                    arena, &written, err);
    strbuf_release(&manifest);
    return result == 0 ? 0 : error_prefix(err, "manifest");
}

/* ---- questions ------------------------------------------------------------------------------- */

/* Waits until the statement has ended, asking less and less often. */
static int wait_for_end(struct aws_client *client, struct slice id, int64_t until_ms,
                        struct arena *arena, struct redshift_statement *statement,
                        struct error *err)
{
    int64_t pause_ms = FIRST_PAUSE_MS;
    for (;;) {
        if (redshift_describe(client, id, arena, statement, err) != 0) {
            return -1;
        }
        if (redshift_status_is_end(statement->status)) {
            return 0;
        }
        if (clock_now_ms(client->clock) + pause_ms > until_ms) {
            return error_set(err, ERROR_TIMEOUT, "Redshift has not answered yet (statement %.*s)",
                             SLICE_ARG(id));
        }
        clock_sleep_ms(client->clock, pause_ms);
        pause_ms = pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
    }
}

static int explain_no_answer(const struct redshift_statement *statement, struct error *err)
{
    if (statement->status == REDSHIFT_ABORTED) {
        return error_set(err, ERROR_BUSY, "the question was aborted in Redshift");
    }
    (void)error_set(err, ERROR_REMOTE, "Redshift could not answer: %.*s",
                    SLICE_ARG(statement->error));
    error_set_code(err, REDSHIFT_NO_ANSWER);
    if (err != NULL) {
        err->retryable = failure_passes(failure_read(statement->error).kind);
    }
    return -1;
}

int redshift_load_ask(struct aws_client *client, const struct redshift_target *target,
                      struct slice sql, int64_t patience_ms, struct arena *arena,
                      struct redshift_page *page, struct error *err)
{
    const struct redshift_execute_options execute = {
        .target = target, .statements = &sql, .count = 1};
    int64_t until_ms = clock_now_ms(client->clock) + patience_ms;
    struct redshift_statement statement;
    struct slice id;
    if (client->deadline_ms != 0 && client->deadline_ms < until_ms) {
        until_ms = client->deadline_ms;
    }
    if (redshift_execute(client, &execute, arena, &id, err) != 0 ||
        wait_for_end(client, id, until_ms, arena, &statement, err) != 0) {
        return -1;
    }
    if (statement.status != REDSHIFT_FINISHED) {
        return explain_no_answer(&statement, err);
    }
    return redshift_result(client, id, SLICE(""), arena, page, err);
}
