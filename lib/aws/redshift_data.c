#include "aws/redshift_data.h"

#include "aws/redshift_json.h"
#include "base/array.h"

#include "base/banned.h"

#define TIME_LIMIT_S 253402300799.0 /* the end of the year 9999 */

static const char *const status_names[] = {
    [REDSHIFT_SUBMITTED] = "SUBMITTED", [REDSHIFT_PICKED] = "PICKED",
    [REDSHIFT_STARTED] = "STARTED",     [REDSHIFT_UNKNOWN] = "UNKNOWN",
    [REDSHIFT_FINISHED] = "FINISHED",   [REDSHIFT_FAILED] = "FAILED",
    [REDSHIFT_ABORTED] = "ABORTED",
};

const char *redshift_status_name(enum redshift_status status)
{
    return status_names[status];
}

bool redshift_status_is_end(enum redshift_status status)
{
    return status >= REDSHIFT_FINISHED;
}

/* --- what replies have in common --- */

static int read_status(const json *object, enum redshift_status *status, struct error *err)
{
    struct slice text;
    if (json_require_string(object, "Status", &text, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < COUNT_OF(status_names); i++) {
        if (slice_equal(text, slice_from(status_names[i]))) {
            *status = (enum redshift_status)i;
            return 0;
        }
    }
    return error_set(err, ERROR_INVALID, "the reply has the unknown status \"%.*s\"",
                     SLICE_ARG(slice_take(text, 20)));
}

static int64_t number_member(const json *object, const char *name, int64_t fallback)
{
    int64_t number = fallback;
    (void)json_i64(json_get(object, name), &number);
    return number;
}

/* Seconds since 1970 with a fraction, in milliseconds. */
static int64_t time_member(const json *object, const char *name)
{
    double seconds = 0;
    if (!json_double(json_get(object, name), &seconds) || seconds < 0 || seconds > TIME_LIMIT_S) {
        return 0;
    }
    return (int64_t)(seconds * 1000 + 0.5);
}

/* --- ExecuteStatement, BatchExecuteStatement --- */

static int check_target(const struct redshift_target *target, struct error *err)
{
    bool has_workgroup = target->workgroup.size > 0;
    if ((target->cluster.size > 0) == has_workgroup) {
        return error_set(err, ERROR_CONFIGURATION,
                         "statements need either a Redshift cluster or a workgroup");
    }
    if (target->database.size == 0) {
        return error_set(err, ERROR_CONFIGURATION, "statements need the name of a database");
    }
    if (target->secret_arn.size > 0 && target->db_user.size > 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "statements log in by a secret or as a database user, not both");
    }
    if (has_workgroup && target->db_user.size > 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "a workgroup takes a secret or the caller's identity, no database user");
    }
    return 0;
}

static int check_execute(const struct redshift_execute_options *options, struct error *err)
{
    if (check_target(options->target, err) != 0) {
        return -1;
    }
    if (options->count == 0 || options->count > REDSHIFT_BATCH_LIMIT) {
        return error_set(err, ERROR_LIMIT, "%zu statements; the Data API takes 1 to %d",
                         options->count, REDSHIFT_BATCH_LIMIT);
    }
    if (options->name.size > REDSHIFT_NAME_LIMIT ||
        options->client_token.size > REDSHIFT_TOKEN_LIMIT) {
        return error_set(err, ERROR_LIMIT,
                         "the name has %zu bytes (of %d), the client token %zu (of %d)",
                         options->name.size, REDSHIFT_NAME_LIMIT, options->client_token.size,
                         REDSHIFT_TOKEN_LIMIT);
    }
    for (size_t i = 0; i < options->count; i++) {
        size_t size = options->statements[i].size;
        if (size == 0 || size > REDSHIFT_SQL_LIMIT) {
            return error_set(err, ERROR_LIMIT,
                             "statement %zu has %zu bytes; the Data API takes 1 to %d", i + 1, size,
                             REDSHIFT_SQL_LIMIT);
        }
    }
    return 0;
}

static void write_statements(struct json_writer *writer,
                             const struct redshift_execute_options *options)
{
    if (options->count == 1) {
        json_write_member_string(writer, "Sql", options->statements[0]);
        return;
    }
    json_write_name(writer, SLICE("Sqls"));
    json_write_array(writer);
    for (size_t i = 0; i < options->count; i++) {
        json_write_string(writer, options->statements[i]);
    }
    json_write_array_end(writer);
    json_write_member_string(writer, "ExecutionMode", SLICE("TRANSACTION"));
}

int redshift_execute_request(const struct redshift_execute_options *options, struct arena *arena,
                             struct aws_request *request, struct error *err)
{
    const struct redshift_target *target = options->target;
    struct strbuf body = STRBUF_INIT;
    struct json_writer writer = json_writer_to(&body);
    if (check_execute(options, err) != 0) {
        return error_prefix(err, "redshift-data");
    }
    json_write_object(&writer);
    write_statements(&writer, options);
    redshift_json_write(&writer, "ClusterIdentifier", target->cluster);
    redshift_json_write(&writer, "WorkgroupName", target->workgroup);
    redshift_json_write(&writer, "Database", target->database);
    redshift_json_write(&writer, "SecretArn", target->secret_arn);
    redshift_json_write(&writer, "DbUser", target->db_user);
    redshift_json_write(&writer, "StatementName", options->name);
    redshift_json_write(&writer, "ClientToken", options->client_token);
    if (options->with_event) {
        json_write_member_bool(&writer, "WithEvent", true);
    }
    json_write_object_end(&writer);
    *request = redshift_json_request(options->count == 1 ? "RedshiftData.ExecuteStatement"
                                                         : "RedshiftData.BatchExecuteStatement",
                                     &body, arena);
    request->subject = options->name;
    request->repeatable = options->client_token.size > 0;
    return 0;
}

int redshift_execute_parse(struct slice body, struct arena *arena, struct slice *id,
                           struct error *err)
{
    const json *reply = redshift_json_parse(body, arena, err);
    return reply == NULL ? -1 : json_require_string(reply, "Id", id, err);
}

static bool has_no_endpoint(const struct error *err)
{
    return error_is(err, SLICE("ValidationException")) &&
           slice_search(slice_from(err->message), SLICE("Redshift endpoint doesn't exist")) !=
               SLICE_NONE;
}

static void judge_refusal(struct error *err, bool may_have_acted)
{
    err->retryable = may_have_acted || err->retryable || has_no_endpoint(err);
    if (!may_have_acted && has_no_endpoint(err)) {
        error_set_code(err, REDSHIFT_NO_ENDPOINT);
    }
}

int redshift_execute(struct aws_client *client, const struct redshift_execute_options *options,
                     struct arena *arena, struct slice *id, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (redshift_execute_request(options, arena, &request, err) != 0) {
        return -1;
    }
    if (aws_call(client, &request, arena, &reply, err) != 0) {
        if (err != NULL) {
            judge_refusal(err, reply.may_have_acted);
        }
        return -1;
    }
    if (redshift_execute_parse(reply.body, arena, id, err) != 0) {
        return aws_call_bad_reply(&request, err);
    }
    return 0;
}

/* --- DescribeStatement --- */

int redshift_describe_request(struct slice id, struct arena *arena, struct aws_request *request,
                              struct error *err)
{
    struct strbuf body = STRBUF_INIT;
    (void)err;
    redshift_json_question(&body, "Id", id, SLICE(""));
    *request = redshift_json_request("RedshiftData.DescribeStatement", &body, arena);
    request->subject = id;
    return 0;
}

/* The service says 0 as long as it does not know. */
static int64_t query_id_of(const json *object)
{
    int64_t id = number_member(object, "RedshiftQueryId", -1);
    return id == 0 ? -1 : id;
}

static int read_parts(const json *list, struct arena *arena, struct redshift_statement *statement,
                      struct error *err)
{
    size_t count = 0;
    if (json_count(list) > REDSHIFT_BATCH_LIMIT) {
        return error_set(err, ERROR_INVALID,
                         "the reply has %zu SubStatements; a batch has up to %d", json_count(list),
                         REDSHIFT_BATCH_LIMIT);
    }
    struct redshift_part *parts = arena_zalloc(arena, REDSHIFT_BATCH_LIMIT, sizeof(*parts));
    for (const json *part = json_first(list); part != NULL; part = json_next(part)) {
        if (read_status(part, &parts[count].status, err) != 0) {
            return error_prefix(err, "SubStatements, number %zu", count + 1);
        }
        parts[count].id = json_text(part, "Id");
        parts[count].error = json_text(part, "Error");
        parts[count].rows = number_member(part, "ResultRows", REDSHIFT_ROWS_UNKNOWN);
        parts[count].query_id = query_id_of(part);
        (void)json_bool(json_get(part, "HasResultSet"), &parts[count].has_result);
        count++;
    }
    statement->parts = parts;
    statement->part_count = count;
    return 0;
}

int redshift_describe_parse(struct slice body, struct arena *arena,
                            struct redshift_statement *statement, struct error *err)
{
    const json *reply = redshift_json_parse(body, arena, err);
    struct redshift_statement parsed = {0};
    if (reply == NULL || json_require_string(reply, "Id", &parsed.id, err) != 0 ||
        read_status(reply, &parsed.status, err) != 0) {
        return -1;
    }
    parsed.error = json_text(reply, "Error");
    parsed.created_ms = time_member(reply, "CreatedAt");
    parsed.updated_ms = time_member(reply, "UpdatedAt");
    parsed.rows = number_member(reply, "ResultRows", REDSHIFT_ROWS_UNKNOWN);
    parsed.query_id = query_id_of(reply);
    (void)json_bool(json_get(reply, "HasResultSet"), &parsed.has_result);
    if (read_parts(json_get(reply, "SubStatements"), arena, &parsed, err) != 0) {
        return -1;
    }
    *statement = parsed;
    return 0;
}

int redshift_describe(struct aws_client *client, struct slice id, struct arena *arena,
                      struct redshift_statement *statement, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (redshift_describe_request(id, arena, &request, err) != 0 ||
        aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    if (redshift_describe_parse(reply.body, arena, statement, err) != 0) {
        return aws_call_bad_reply(&request, err);
    }
    return 0;
}

/* --- ListStatements, CancelStatement --- */

int redshift_list_request(struct slice prefix, struct slice next_token, struct arena *arena,
                          struct aws_request *request, struct error *err)
{
    struct strbuf body = STRBUF_INIT;
    struct json_writer writer = json_writer_to(&body);
    (void)err;
    json_write_object(&writer);
    json_write_member_string(&writer, "StatementName", prefix);
    json_write_member_string(&writer, "Status", SLICE("ALL"));
    redshift_json_write(&writer, "NextToken", next_token);
    json_write_object_end(&writer);
    *request = redshift_json_request("RedshiftData.ListStatements", &body, arena);
    request->subject = prefix;
    return 0;
}

int redshift_list_parse(struct slice body, struct arena *arena, struct redshift_list *list,
                        struct error *err)
{
    const json *reply = redshift_json_parse(body, arena, err);
    const json *statements = json_get(reply, "Statements");
    struct redshift_list parsed = {0};
    if (reply == NULL) {
        return -1;
    }
    if (json_type(statements) != JSON_ARRAY) {
        return error_set(err, ERROR_INVALID, "the reply has no Statements");
    }
    parsed.entries = arena_zalloc(arena, json_count(statements) + 1, sizeof(*parsed.entries));
    parsed.next_token = json_text(reply, "NextToken");
    for (const json *entry = json_first(statements); entry != NULL; entry = json_next(entry)) {
        struct redshift_list_entry *read = &parsed.entries[parsed.count++];
        if (json_require_string(entry, "Id", &read->id, err) != 0 ||
            read_status(entry, &read->status, err) != 0) {
            return error_prefix(err, "Statements, number %zu", parsed.count);
        }
        read->name = json_text(entry, "StatementName");
        read->created_ms = time_member(entry, "CreatedAt");
    }
    *list = parsed;
    return 0;
}

int redshift_list(struct aws_client *client, struct slice prefix, struct slice next_token,
                  struct arena *arena, struct redshift_list *list, struct error *err)
{
    struct aws_request request;
    struct aws_reply reply;
    if (redshift_list_request(prefix, next_token, arena, &request, err) != 0 ||
        aws_call(client, &request, arena, &reply, err) != 0) {
        return -1;
    }
    if (redshift_list_parse(reply.body, arena, list, err) != 0) {
        return aws_call_bad_reply(&request, err);
    }
    return 0;
}
