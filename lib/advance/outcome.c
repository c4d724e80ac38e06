#include "advance/outcome.h"

#include "advance/advance.h"
#include "advance/walk.h"
#include "base/log.h"
#include "pipelines/load/adopt.h"
#include "statement/follow.h"

#include "base/banned.h"

static int follow(struct job *job, const struct statement_name *name,
                  const struct statement_event *event, struct error *err)
{
    const struct statement_kind *kind = pipeline_kind_named(walk_pipeline(job), name->kind);
    const struct statement_hint hint = {
        .kind = name->kind,
        .number = (int64_t)name->number,
        .statement_id = event->statement_id,
        .told = event->state,
    };
    if (kind == NULL) {
        log_info("the pipeline of the file has no statements of this kind",
                 LOG_TEXT("kind", name->kind));
        return 0;
    }
    return follow_hint(job, kind, &hint, err);
}

/* The outcome of the statement, then whatever the file is due. */
static int follow_and_advance(struct services *services, const struct statement_name *name,
                              const struct statement_event *event, struct arena *arena,
                              struct error *err)
{
    struct error failure;
    struct job job;
    log_context_set("file", name->work_id);
    if (job_open(&job, services, name->work_id, arena, &failure) != 0) {
        if (failure.kind == ERROR_NOT_FOUND) {
            log_info("the statement is of another deployment: no file of ours has this id");
            return 0;
        }
        return error_pass(err, &failure);
    }
    log_context_set("key", job.record.key);
    if (follow(&job, name, event, &failure) != 0) {
        advance_note_failure(&job, &failure);
        return error_pass(err, &failure);
    }
    return advance_after_statement(&job, err);
}

/* A load that the Python framework submitted: taken over, then like any other. */
static int adopt_and_advance(struct services *services, const struct legacy_statement_name *legacy,
                             const struct statement_event *event, struct arena *arena,
                             struct error *err)
{
    struct statement_name name = {.kind = SLICE("load"), .number = 1};
    if (adopt_statement(services, legacy, event->statement_id, arena, &name.work_id, err) != 0) {
        return -1;
    }
    return name.work_id.size > 0 ? follow_and_advance(services, &name, event, arena, err) : 0;
}

int advance_outcome(struct services *services, const struct statement_event *event,
                    struct arena *arena, struct error *err)
{
    struct statement_name name;
    struct legacy_statement_name legacy;
    log_info("statement ended", LOG_TEXT("statement", event->statement_id),
             LOG_TEXT("status", event->state));
    if (statement_name_parse(event->statement_name, &name)) {
        return follow_and_advance(services, &name, event, arena, err);
    }
    if (legacy_statement_name_parse(event->statement_name, &legacy)) {
        return adopt_and_advance(services, &legacy, event, arena, err);
    }
    log_info("the statement is not one of ours", LOG_TEXT("name", event->statement_name));
    return 0;
}
