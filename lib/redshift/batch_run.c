#include "redshift/batch_run.h"

#include "base/array.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "redshift/failure.h"

#include "base/banned.h"

#define PACKED_LIMIT ((size_t)16 * 1024 * 1024)
#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 2000

int batch_submit(struct aws_client *client, const struct batch *batch, struct slice name,
                 struct slice token, struct arena *arena, struct slice *statement_id,
                 struct error *err)
{
    const struct redshift_execute_options options = {
        .target = batch->target,
        .statements = batch->statements,
        .count = batch->count,
        .name = name,
        .client_token = token,
        .with_event = true,
    };
    return redshift_execute(client, &options, arena, statement_id, err);
}

int batch_find(struct aws_client *client, struct slice name_prefix, struct arena *arena,
               struct slice *statement_id, struct error *err)
{
    struct redshift_list page = {.next_token = SLICE("")};
    *statement_id = SLICE("");
    do {
        if (redshift_list(client, name_prefix, page.next_token, arena, &page, err) != 0) {
            return -1;
        }
        if (page.count > 0) {
            *statement_id = page.entries[0].id;
        }
    } while (statement_id->size == 0 && page.next_token.size > 0);
    return 0;
}

/* --- stored --- */

struct slice batch_pack(struct arena *arena, const struct slice *statements, size_t count)
{
    struct strbuf out = STRBUF_INIT;
    struct json_writer writer = json_writer_to(&out);
    struct slice packed;
    json_write_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_write_string(&writer, statements[i]);
    }
    json_write_array_end(&writer);
    packed = arena_copy(arena, strbuf_slice(&out));
    strbuf_release(&out);
    return packed;
}

int batch_unpack(struct arena *arena, struct slice packed, struct slice **statements, size_t *count,
                 struct error *err)
{
    const json *list = json_parse(arena, packed, PACKED_LIMIT, err);
    size_t i = 0;
    if (list == NULL) {
        return error_prefix(err, "the stored statements");
    }
    if (json_type(list) != JSON_ARRAY) {
        return error_set(err, ERROR_CONFIGURATION, "the stored statements are not an array");
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

/* The members of a stored target. */
static void name_members(struct redshift_target *target, const char *names[5],
                         struct slice *members[5])
{
    const char *const all[5] = {"cluster", "workgroup", "database", "secret_arn", "db_user"};
    struct slice *const places[5] = {&target->cluster, &target->workgroup, &target->database,
                                     &target->secret_arn, &target->db_user};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        names[i] = all[i];
        members[i] = places[i];
    }
}

struct slice batch_pack_target(struct arena *arena, const struct redshift_target *target)
{
    struct redshift_target copy = *target;
    struct strbuf out = STRBUF_INIT;
    struct json_writer writer = json_writer_to(&out);
    const char *names[5];
    struct slice *members[5];
    struct slice packed;
    name_members(&copy, names, members);
    json_write_object(&writer);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (members[i]->size > 0) {
            json_write_member_string(&writer, names[i], *members[i]);
        }
    }
    json_write_object_end(&writer);
    packed = arena_copy(arena, strbuf_slice(&out));
    strbuf_release(&out);
    return packed;
}

int batch_unpack_target(struct arena *arena, struct slice packed, struct redshift_target *target,
                        struct error *err)
{
    const json *object = json_parse(arena, packed, PACKED_LIMIT, err);
    const char *names[5];
    struct slice *members[5];
    if (object == NULL) {
        return error_prefix(err, "the stored target");
    }
    *target = (struct redshift_target){0};
    name_members(target, names, members);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        *members[i] = json_text(object, names[i]);
    }
    return 0;
}

/* --- questions --- */

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

/* Of the part that failed, or of the whole. */
static struct slice first_error(const struct redshift_statement *statement)
{
    for (size_t i = 0; i < statement->part_count; i++) {
        if (statement->parts[i].error.size > 0) {
            return statement->parts[i].error;
        }
    }
    return statement->error;
}

static int explain_no_answer(const struct redshift_statement *statement, struct error *err)
{
    if (statement->status == REDSHIFT_ABORTED) {
        return error_set(err, ERROR_BUSY, "the question was aborted in Redshift");
    }
    struct slice words = first_error(statement);
    (void)error_set(err, ERROR_REMOTE, "Redshift could not answer: %.*s", SLICE_ARG(words));
    error_set_code(err, REDSHIFT_NO_ANSWER);
    if (err != NULL) {
        err->retryable = failure_passes(failure_read(words).kind);
    }
    return -1;
}

static struct slice result_id(const struct batch *batch, struct slice id, struct arena *arena)
{
    return batch->count == 1 ? id : arena_format(arena, "%.*s:%zu", SLICE_ARG(id), batch->count);
}

int batch_ask(struct aws_client *client, const struct batch *batch, struct slice token,
              int64_t patience_ms, struct arena *arena, struct redshift_page *page,
              struct error *err)
{
    const struct redshift_execute_options execute = {
        .target = batch->target,
        .statements = batch->statements,
        .count = batch->count,
        .client_token = token,
    };
    int64_t began_ms = clock_now_ms(client->clock);
    int64_t until_ms = began_ms + patience_ms;
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
        bool is_old = token.size > 0 && statement.created_ms > 0 && statement.created_ms < began_ms;
        return is_old ? batch_ask(client, batch, SLICE(""), patience_ms, arena, page, err)
                      : explain_no_answer(&statement, err);
    }
    return redshift_result(client, result_id(batch, id, arena), SLICE(""), arena, page, err);
}
