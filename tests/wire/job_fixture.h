/*
 * A job on a real Postgres and an AWS that plays a script: each step names the operation that must
 * come next, a part of its request, and the reply. A request that is not in the script fails the
 * test, and so does a step that is not played. Time stands still, unless a test moves it or the
 * code under test waits.
 */
#ifndef WIRE_JOB_FIXTURE_H
#define WIRE_JOB_FIXTURE_H

#include "wire/tables.h"

#include "base/array.h"
#include "event/s3_object.h"
#include "job/job.h"
#include "job/lease.h"
#include "pipelines/load/load.h"
#include "unit/fake_aws.h"
#include "wire/job_replies.h"

#define NOW_MS FAKE_NOW_MS
#define FILE_ID "00000000-0000-4000-8000-000000000001"
#define FILE_KEY "in/PROD_527.txt"
#define FILE_BYTES 60
#define ARCHIVED "archive/527/PROD_527.txt_2026-11-21-01-57-53" /* Asia/Calcutta */
#define HOUR_MS ((int64_t)60 * 60 * 1000)

struct step {
    const char *operation; /* "HeadObject", "DescribeStatement" … */
    const char *says;      /* a part of "METHOD url\nname: value\n…\n\nbody"; NULL: anything */
    int status;            /* 0: the connection breaks */
    const char *body;
    const char *headers;
    void (*meanwhile)(struct fixture *f); /* what others do before the reply comes */
};

#define NO_STEP                                                                                    \
    {                                                                                              \
        .operation = NULL                                                                          \
    }

static struct {
    struct fixture *fixture;
    struct fake_aws aws;
    struct services services;
    struct random_source random;
    uint64_t random_count;
    struct step script[FAKE_STEPS_LIMIT];
    struct fake_step replies[FAKE_STEPS_LIMIT];
} local;

/* --- the script --- */

static inline bool asks_for(const struct http_request *request, const char *parameter)
{
    return slice_search(request->url, slice_from(parameter)) != SLICE_NONE;
}

static inline bool is_copy(const struct http_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (slice_equal_nocase(request->headers[i].name, SLICE("x-amz-copy-source"))) {
            return true;
        }
    }
    return false;
}

static inline const char *s3_operation(const struct http_request *request)
{
    static const struct {
        const char *method;
        const char *parameter;
        const char *operation;
    } operations[] = {
        {"GET", "versions=", "ListObjectVersions"},
        {"GET", "uploads=", "ListMultipartUploads"},
        {"POST", "uploads=", "CreateMultipartUpload"},
        {"PUT", "uploadId=", "UploadPart"},
        {"POST", "uploadId=", "CompleteMultipartUpload"},
        {"DELETE", "uploadId=", "AbortMultipartUpload"},
        {"HEAD", "", "HeadObject"},
        {"GET", "", "GetObject"},
        {"PUT", "", "PutObject"},
        {"DELETE", "", "DeleteObject"},
    };
    if (is_copy(request) && !asks_for(request, "uploadId=")) {
        return "CopyObject";
    }
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (slice_equal(request->method, slice_from(operations[i].method)) &&
            asks_for(request, operations[i].parameter)) {
            return operations[i].operation;
        }
    }
    return "no operation of S3";
}

/* "GetSecretValue" of "X-Amz-Target: secretsmanager.GetSecretValue", "Publish" of SNS, or S3's. */
static inline struct slice operation_of(const struct http_request *request)
{
    struct slice service;
    struct slice operation;
    for (size_t i = 0; i < request->header_count; i++) {
        if (slice_equal_nocase(request->headers[i].name, SLICE("X-Amz-Target")) &&
            slice_cut(request->headers[i].value, '.', &service, &operation)) {
            return operation;
        }
    }
    return slice_starts_with(request->body, SLICE("Action=Publish"))
               ? SLICE("Publish")
               : slice_from(s3_operation(request));
}

static inline int play_step(struct http *http, const struct http_request *request,
                            struct arena *arena, struct http_response *response, struct error *err)
{
    struct fake_aws *fake = &local.aws;
    const size_t number = fake->requests;
    const struct step *step = &local.script[number];
    struct slice operation = operation_of(request);
    if (number >= fake->step_count) {
        fail_msg("%.*s was not expected: %.*s", SLICE_ARG(operation), SLICE_ARG(request->url));
    }
    if (!slice_equal(operation, slice_from(step->operation))) {
        fail_msg("step %zu is %.*s, must be %s: %.*s", number + 1, SLICE_ARG(operation),
                 step->operation, SLICE_ARG(request->url));
    }
    if (step->meanwhile != NULL) {
        step->meanwhile(local.fixture);
    }
    int result = fake_send(http, request, arena, response, err);
    if (step->says != NULL) {
        assert_says(fake->sent[number], step->says);
    }
    return result;
}

#define EVENT_MS (NOW_MS - 4000)
/* The event of the object that OBJECT describes. */
static inline struct s3_object_event an_event(void)
{
    return (struct s3_object_event){.origin = S3_OBJECT_OF_EVENT,
                                    .bucket = SLICE("landing"),
                                    .key = SLICE(FILE_KEY),
                                    .version_id = SLICE(""),
                                    .etag = SLICE("e1"),
                                    .sequencer = SLICE("0055"),
                                    .event_ms = EVENT_MS,
                                    .is_creation = true};
}

/* Every step was played. */
static inline void assert_played(void)
{
    if (local.aws.requests < local.aws.step_count) {
        fail_msg("%s did not come", local.script[local.aws.requests].operation);
    }
}

/* Adds to the script. */
static inline void play_steps(const struct step *steps, size_t count)
{
    struct fake_aws *fake = &local.aws;
    assert_true(fake->step_count + count <= FAKE_STEPS_LIMIT);
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        local.script[fake->step_count] = *step;
        local.replies[fake->step_count++] = (struct fake_step){
            .status = step->status,
            .headers = step->headers != NULL ? step->headers : "",
            .body = slice_from(step->body),
            .kind = ERROR_NETWORK,
        };
    }
}

#define PLAY_MORE(...)                                                                             \
    play_steps((const struct step[]){__VA_ARGS__},                                                 \
               sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))
/* What AWS does next; all that was said before must have come. */
#define PLAY(...) (assert_played(), PLAY_MORE(__VA_ARGS__))

static inline void assert_logged(const char *part)
{
    assert_says(fake_log(&local.aws), part);
}

/* --- services --- */

static inline uint64_t count_on(void *self)
{
    return ++*(uint64_t *)self;
}

static inline void start_clients(struct services *services)
{
    static const struct retry_policy once = {.attempts_limit = 1};
    const struct aws_client_options options = {
        .http = &local.aws.http,
        .credentials = &local.aws.credentials,
        .clock = services->clock,
        .random = services->random,
        .region = services->settings.aws.region,
    };
    aws_client_init(&services->requests, &options);
    aws_client_init(&services->stream, &options);
    services->requests.retry = &once;
    services->stream.retry = &once;
    secrets_manager_init(&services->secrets, &services->requests);
}

static inline int set_up_job(void **state)
{
    struct services *services = &local.services;
    (void)set_up_tables(state);
    struct fixture *f = *state;
    memset(&local, 0, sizeof(local));
    local.fixture = f;
    fake_start(&local.aws, local.replies, 0);
    local.aws.http.send = play_step;
    local.random = (struct random_source){count_on, &local.random_count};
    services->name = "test";
    services->concerns = PIPELINE_LOAD_SETTINGS;
    services->clock = &local.aws.clock;
    services->random = &local.random;
    assert_int_equal(settings_read(services->concerns, &f->arena, &services->settings, &f->err), 0);
    init(&services->pg, (struct pg_options){.tls = PG_TLS_AUTO});
    services->state = (struct state_store){.pg = &services->pg, .tables = store.tables};
    services->config_tables = config_tables;
    start_clients(services);
    return 0;
}

static inline int tear_down_job(void **state)
{
    struct services *services = &local.services;
    pg_release(&services->pg);
    secrets_manager_release(&services->secrets);
    aws_client_release(&services->stream);
    aws_client_release(&services->requests);
    assert_played();
    fake_end(&local.aws);
    return tear_down(state);
}

#define CASE_JOB(test) cmocka_unit_test_setup_teardown(test, set_up_job, tear_down_job)

static inline void move_clock(int64_t by_ms)
{
    local.aws.now_ms += by_ms;
}

/* --- rows --- */

/* Configuration 7 of interface 527: text for s.t, with the columns a and b. */
static inline void given_config(struct fixture *f)
{
    must_run(f, "insert into rdscnfg.ext_interface (ext_interface_cid, interface_name) "
                "values (527, 'TYPES')");
    must_run(f, "insert into rdscnfg.ext_file_config (ext_file_config_sid, ext_interface_cid, "
                "tgt_schema_name, tgt_table_name, file_prefix, file_format, file_type, delimiter, "
                "header_flag, trailer_flag, split_file_flag) "
                "values (7, 527, 's', 't', '527.', 'txt', 'txt', '|', 'N', 'N', 'N')");
    must_run(f, "insert into rdscnfg.ext_file_config_dtl (ext_file_config_dtl_sid, "
                "ext_file_config_sid, column_name, column_order_sqnc) "
                "values (1, 7, 'a', 1), (2, 7, 'b', 2)");
}

/* "column = value, …" of the configuration, and of the only file. */
static inline void set_config(struct fixture *f, const char *values)
{
    must_run(f, arena_format(&f->arena, "update rdscnfg.ext_file_config set %s", values).data);
}

static inline void set_file(struct fixture *f, const char *values)
{
    must_run(f, arena_format(&f->arena, "update rdscnfg.ext_file set %s", values).data);
}

#define STORED_TARGET "{\"cluster\":\"dw\",\"database\":\"dev\",\"db_user\":\"loader\"}"
#define STORED_LOAD                                                                                \
    "[\"LOCK l\",\"guard\",\"CREATE\",\"COPY (\\\"a\\\")\",\"balance\",\"INSERT i\",\"ledger\"]"
#define STORED_TRANSFORM "[\"LOCK l\",\"guard\",\"call c()\",\"ledger\"]"

static inline void given_statement(struct fixture *f, const char *kind, const char *sql,
                                   const char *id, const char *outcome)
{
    must_run(f, arena_format(&f->arena,
                             "insert into rdscnfg.ext_statement (work_id, kind, number, name, "
                             "target, sql, numbered_at, submitted_at, statement_id, started_at, "
                             "ended_at, outcome) select '" FILE_ID "', '%s', 1, '" FILE_ID
                             "|%s|1|527|s.t|external_file_framework', '" STORED_TARGET
                             "', '%s', t.at, t.at, nullif('%s', ''), case when '%s' = 'IN' then "
                             "t.at end, case when '%s' = 'IN' then t.at end, nullif('%s', '') "
                             "from (values (timestamptz '2026-11-20 20:27:50Z')) as t (at)",
                             kind, kind, sql, id, outcome, outcome, outcome)
                    .data);
}

/* A file in this state, as it is when nobody holds it, with the statements that led there. */
static inline void given_file(struct fixture *f, const char *state)
{
    static const struct {
        const char *state;
        const char *kind;         /* of the current statement */
        const char *load_id;      /* NULL: there is no load */
        const char *load_outcome; /* and of a transformation IN */
        const char *outcome;      /* of the transformation */
    } rows[] = {
        {"RECEIVED", "", NULL, NULL, NULL},
        {"PREPARED", "load", "", "", NULL},
        {"SUBMITTED", "load", "s1", "", NULL},
        {"LOADED", "load", "s1", "IN", NULL},
        {"TRANSFORMING", "transform", "s1", "IN", ""},
        {"DONE", "load", "s1", "IN", NULL},
        {"REJECTED", "load", "s1", "NOTHING", NULL},
        {"FAILED", "load", "s1", "NOTHING", NULL},
        {"TRANSFORM_FAILED", "transform", "s1", "IN", "NOTHING"},
        {"GONE", "", NULL, NULL, NULL},
    };
    size_t i = 0;
    while (i < COUNT_OF(rows) && strcmp(rows[i].state, state) != 0) {
        i++;
    }
    assert_true(i < COUNT_OF(rows));
    must_run(
        f, arena_format(&f->arena,
                        "insert into rdscnfg.ext_file (file_id, bucket, key, etag, size_bytes, "
                        "last_modified, received_at, state, state_at, ext_file_config_sid, "
                        "ext_interface_cid, claim_no, private_key, statement_kind, statement_no, "
                        "target_schema, target_table) select '" FILE_ID "', 'landing', '" FILE_KEY
                        "', 'e1', 60, '2026-11-20 20:27:48Z', '2026-11-20 20:27:49Z', '%s', "
                        "'2026-11-20 20:27:50Z', 7, 527, 1, case when %d = 1 then "
                        "'work/processing/" FILE_ID "/data-1' end, '%s', %d, case when %d = 1 then "
                        "'s' end, case when %d = 1 then 't' end",
                        state, rows[i].load_id != NULL, rows[i].kind, rows[i].load_id != NULL,
                        rows[i].load_id != NULL, rows[i].load_id != NULL)
               .data);
    if (rows[i].load_id != NULL) {
        given_statement(f, "load", STORED_LOAD, rows[i].load_id, rows[i].load_outcome);
    }
    if (rows[i].outcome != NULL) {
        given_statement(f, "transform", STORED_TRANSFORM, "t1", rows[i].outcome);
    }
}

/* Columns of the only file: "DONE|…". */
static inline void assert_file(struct fixture *f, const char *columns, const char *expected)
{
    assert_tells(
        f,
        arena_format(&f->arena, "select concat_ws('|', %s) as t from rdscnfg.ext_file", columns)
            .data,
        expected);
}

/* "load 1 IN; transform 1 NOTHING …" */
static inline void assert_statements(struct fixture *f, const char *expected)
{
    assert_tells(f,
                 "select coalesce(string_agg(concat_ws(' ', kind, number, outcome), '; ' order by "
                 "kind, number), '') as t from rdscnfg.ext_statement",
                 expected);
}

/* Another invocation claims the file: the fence of whoever worked on it holds no more. */
static inline void take_file_over(struct fixture *f)
{
    set_file(f, "claim_no = claim_no + 1, lease_owner = 'another', "
                "lease_until = '2026-11-20 20:30:00Z'");
}

/* Postgres cannot do what it is asked, until it is mended. */
static inline void break_tables(struct fixture *f)
{
    must_run(f, "alter table rdscnfg.ext_file rename to ext_file_away");
}

static inline void mend_tables(struct fixture *f)
{
    must_run(f, "alter table rdscnfg.ext_file_away rename to ext_file");
}

/* --- the job --- */

static inline struct job open_job(struct fixture *f)
{
    struct job job;
    if (job_open(&job, &local.services, SLICE(FILE_ID), &f->arena, &f->err) != 0) {
        fail_msg("%s", f->err.message);
    }
    return job;
}

/* Holds the lease; the job must stay where it is, for the renewal points to it. */
static inline void hold_job(struct fixture *f, struct job *job)
{
    bool taken = false;
    *job = open_job(f);
    assert_int_equal(lease_take(job, &taken, &f->err), 0);
    assert_true(taken);
}

/* A call that must succeed, and one that must not. */
static inline void must(struct fixture *f, int result)
{
    if (result != 0) {
        fail_msg("%s", f->err.message);
    }
}

static inline void must_fail(struct fixture *f, int result, const char *part)
{
    assert_int_equal(result, -1);
    assert_says(f->err.message, part);
}

#endif
