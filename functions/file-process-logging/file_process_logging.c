#include "file_process_logging.h"

#include "base/log.h"
#include "event/statement_event.h"
#include "redshift/statement_name.h"
#include "pipelines/load/adopt.h"
#include "job/lease.h"
#include "pipelines/load/outcome.h"
#include "advance/settle.h"

#include "base/banned.h"

static struct lease_request lease_of(const struct lambda_context *context)
{
    return (struct lease_request){context->request_id, context->deadline_ms};
}

/* What follows from the outcome is done by one invocation at a time, whatever came twice. */
static int do_what_is_due(const struct lambda_context *context, struct job *job, struct error *err)
{
    struct lease_request lease = lease_of(context);
    bool taken;

    if (!settle_is_due(job)) {
        return 0;
    }
    if (lease_take(job, &lease, &taken, err) != 0) {
        return -1;
    }
    if (!taken) {
        log_info("another invocation does what is due for the file");
        return 0;
    }
    if (settle_file(job, err) != 0) {
        lease_give_back(job);
        return -1;
    }
    lease_end(job);
    return 0;
}

/* The outcome of the statement, then whatever the file is due. */
static int end_statement(const struct lambda_context *context, struct job *job,
                         const struct statement_name *name, const struct statement_event *event,
                         struct error *err)
{
    log_context_set("key", job->record.key);
    if (outcome_record(job, name, event->statement_id, event->state, err) != 0) {
        return -1;
    }
    return do_what_is_due(context, job, err);
}

static int follow_statement(const struct lambda_context *context,
                            const struct statement_event *event, const struct statement_name *name,
                            struct arena *arena, struct error *err)
{
    struct job job;

    log_context_set("file", name->file_id);
    if (job_open(&job, context->state, name->file_id, arena, err) != 0) {
        return -1;
    }
    return end_statement(context, &job, name, event, err);
}

/* A load that the Python framework submitted: taken over, then like any other. */
static int follow_legacy(const struct lambda_context *context, const struct statement_event *event,
                         const struct legacy_statement_name *legacy, struct arena *arena,
                         struct error *err)
{
    struct adoption adoption = {legacy, event->statement_id, lease_of(context)};
    struct statement_name name;
    struct job job;
    bool adopted;

    if (adopt_statement(context->state, &adoption, arena, &job, &name, &adopted, err) != 0) {
        return -1;
    }
    return adopted ? end_statement(context, &job, &name, event, err) : 0;
}

static int follow_event(const struct lambda_context *context, const struct statement_event *event,
                        struct arena *arena, struct error *err)
{
    struct statement_name name;
    struct legacy_statement_name legacy;

    log_info("statement ended", LOG_TEXT("statement", event->statement_id),
             LOG_TEXT("status", event->state));
    if (statement_name_parse(event->statement_name, &name)) {
        return follow_statement(context, event, &name, arena, err);
    }
    if (legacy_statement_name_parse(event->statement_name, &legacy)) {
        return follow_legacy(context, event, &legacy, arena, err);
    }
    log_info("the statement is not one of ours", LOG_TEXT("name", event->statement_name));
    return 0;
}

int file_process_logging_handle(const struct lambda_context *context, struct slice event_text,
                                struct arena *arena, struct strbuf *response, struct error *err)
{
    struct statement_event event;

    (void)response; /* EventBridge does not read it */
    if (statement_event_parse(arena, event_text, &event, err) != 0) {
        return -1;
    }
    services_begin(context->state, context->deadline_ms);
    return follow_event(context, &event, arena, err);
}
