#include "advance/advance.h"

#include "advance/walk.h"
#include "base/log.h"
#include "job/ignore.h"
#include "job/lease.h"
#include "job/pause.h"
#include "job/receive.h"
#include "statement/follow.h"

#include "base/banned.h"

#define DUE_LIMIT 1000
#define LOOK_AGAIN_MS ((int64_t)10 * 60 * 1000) /* at a statement that still runs */
#define SWEEP_RESERVE_MS 10000                  /* what a file may take at the end of a sweep */

static const char *const outcome_names[] = {
    [ADVANCE_REACHED] = "advanced",        [ADVANCE_WAITING] = "waiting", [ADVANCE_BUSY] = "busy",
    [ADVANCE_NOTHING_DUE] = "nothing due", [ADVANCE_IGNORED] = "ignored",
};

const char *advance_outcome_name(enum advance_outcome outcome)
{
    return outcome_names[outcome];
}

/* --- results --- */

static struct advance_result result_of(const struct job *job, enum advance_outcome outcome)
{
    const struct file_record *record = &job->record;
    return (struct advance_result){
        .outcome = outcome,
        .file_id = record->file_id,
        .bucket = record->bucket,
        .key = record->key,
        .state = record->state,
        .message = SLICE(""),
    };
}

static struct advance_result busy_result(const struct job *job)
{
    struct advance_result result = result_of(job, ADVANCE_BUSY);
    result.until_ms = job->record.lease_until_ms;
    result.message =
        SLICE("another invocation works on the file, or was killed with it: it goes on "
              "when the lease has ended");
    return result;
}

static struct slice nothing_text(const struct job *job)
{
    const struct statement_kind *kind;
    if (job->record.file_id.size == 0) {
        return SLICE("the object is not there any more, and no file of it is unfinished");
    }
    kind = pipeline_kind_at(walk_pipeline(job), job->record.state);
    if (kind == NULL) {
        return SLICE("the file is settled");
    }
    return job->record.state == kind->rules->numbered
               ? SLICE("the file is under way")
               : SLICE("the statement of the file still runs in Redshift");
}

static struct advance_result nothing_result(const struct job *job)
{
    struct advance_result result = result_of(job, ADVANCE_NOTHING_DUE);
    result.message = nothing_text(job);
    return result;
}

/* --- a job --- */

/* The kind of the statement that runs for the file; NULL: none does. */
static const struct statement_kind *running_kind(const struct job *job)
{
    const struct statement_kind *kind = pipeline_kind_at(walk_pipeline(job), job->record.state);
    return kind != NULL && job->record.state == kind->rules->submitted ? kind : NULL;
}

/* A job that is open, or claimed: first what Redshift says, then what is due. */
static int advance_job(struct job *job, struct advance_result *result, struct error *err)
{
    enum file_state before = job->record.state;
    bool was_due = walk_is_due(job);
    const struct statement_kind *kind = running_kind(job);
    struct error failure;
    bool is_busy = false;
    if (kind != NULL && follow_if_ended(job, kind, &failure) != 0) {
        advance_note_failure(job, &failure);
        if (!error_is(&failure, FOLLOW_WAITING)) {
            return error_pass(err, &failure);
        }
        *result = result_of(job, ADVANCE_WAITING);
        result->until_ms = job->record.next_attempt_ms;
        result->message = arena_copy(job->arena, slice_from(failure.message));
        return 0;
    }
    if (walk(job, &is_busy, err) != 0) {
        return -1;
    }
    if (is_busy) {
        *result = busy_result(job);
    } else if (job->record.state == before && !was_due) {
        *result = nothing_result(job);
    } else {
        *result = result_of(job, ADVANCE_REACHED);
    }
    return 0;
}

/* Does it keep us from finding out how the statement ended? Also what looks permanent may be set
 * right by an operator: the hours count, and then somebody is notified. */
static bool hides_outcome(const struct error *reason)
{
    return !error_is(reason, FOLLOW_NOT_ENDED) && !error_is(reason, FOLLOW_WAITING) &&
           !error_is(reason, JOB_TAKEN_OVER);
}

void advance_note_failure(struct job *job, const struct error *reason)
{
    if (hides_outcome(reason)) {
        walk_fail(job, reason);
    } else {
        lease_end(job);
    }
}

int advance_after_statement(struct job *job, struct error *err)
{
    const struct file_record *record = &job->record;
    char time[CLOCK_ISO8601_SIZE];
    bool is_busy;
    if (walk_is_due(job) && pause_holds(clock_now_ms(job->services->clock), record->next_attempt_ms,
                                        record->waiting_since_ms)) {
        clock_format_iso8601(record->next_attempt_ms, time);
        return error_set(err, ERROR_BUSY, "the file waits until %s", time);
    }
    return walk(job, &is_busy, err);
}

/* --- items --- */

static struct advance_result ignored_result(const struct s3_object_event *object)
{
    return (struct advance_result){
        .outcome = ADVANCE_IGNORED,
        .bucket = object->bucket,
        .key = object->key,
        .file_id = SLICE(""),
        .message = SLICE("the object is left alone: a removal, a folder, or in archive_folder or "
                         "processing_folder"),
    };
}

static void name_object(struct advance_result *result, const struct s3_object_event *object)
{
    if (result->file_id.size == 0) {
        result->bucket = object->bucket;
        result->key = object->key;
    }
}

/* After an error, job->record has a file id if the file has a row. */
static int take_object(struct services *services, const struct s3_object_event *object,
                       struct arena *arena, struct job *job, struct advance_result *result,
                       struct error *err)
{
    const struct receive_request request = {
        .object = object,
        .scope = object->origin == S3_OBJECT_OF_ORDER ? CLAIM_FOR_ORDER : CLAIM_FOR_EVENT};
    enum claim_outcome outcome;
    int status = 0;
    *job = (struct job){.services = services, .arena = arena};
    log_context_set("bucket", object->bucket);
    log_context_set("key", object->key);
    log_context_set("file", SLICE(""));
    if (object->problem != NULL) { /* Lambda's failure destination shall get the event */
        return error_pass(err, object->problem);
    }
    if (ignore_object(&services->settings.folders, object)) {
        *result = ignored_result(object);
        log_info("the object is left alone: a removal, a folder, or in archive_folder or "
                 "processing_folder");
        return 0;
    }
    if (receive_object(services, &request, arena, job, &outcome, err) != 0) {
        lease_end_waiting(job, err);
        return -1;
    }
    switch (outcome) {
    case CLAIM_WON:
        status = advance_job(job, result, err);
        break;
    case CLAIM_BUSY:
        *result = busy_result(job);
        break;
    case CLAIM_NOTHING:
        *result = nothing_result(job);
        break;
    }
    if (status == 0) {
        name_object(result, object);
    }
    return status;
}

int advance_object(struct services *services, const struct s3_object_event *object,
                   struct arena *arena, struct advance_result *result, struct error *err)
{
    struct job job;
    return take_object(services, object, arena, &job, result, err);
}

int advance_message(struct services *services, const struct s3_object_event *object,
                    struct arena *arena, struct advance_result *result, struct error *err)
{
    struct error failure;
    struct job job;
    if (take_object(services, object, arena, &job, result, &failure) == 0) {
        return 0;
    }
    if (job.record.file_id.size == 0) {
        return error_pass(err, &failure);
    }
    log_warn("the file waits: the schedule resumes it", LOG_CAUSE(&failure));
    *result = result_of(&job, ADVANCE_WAITING);
    result->message = arena_copy(arena, slice_from(failure.message));
    return 0;
}

int advance_file(struct services *services, struct slice file_id, struct arena *arena,
                 struct advance_result *result, struct error *err)
{
    struct job job;
    log_context_set("file", file_id);
    log_context_set("key", SLICE(""));
    if (job_open(&job, services, file_id, arena, err) != 0) {
        return -1;
    }
    log_context_set("key", job.record.key);
    return advance_job(&job, result, err);
}

/* --- the schedule --- */

int64_t advance_last_begin_ms(const struct services *services)
{
    int64_t left_ms = services->requests.deadline_ms - clock_now_ms(services->clock);
    int64_t reserve_ms = left_ms / 2 < SWEEP_RESERVE_MS ? left_ms / 2 : SWEEP_RESERVE_MS;
    return services->requests.deadline_ms == 0 ? 0 : services->requests.deadline_ms - reserve_ms;
}

bool advance_is_time_up(const struct services *services, int64_t last_ms)
{
    return last_ms > 0 && clock_now_ms(services->clock) > last_ms;
}

/* Statements that still run make room for what else is due. */
static void postpone(struct services *services, const struct advance_result *result,
                     struct arena *arena)
{
    bool is_running = result->state == FILE_SUBMITTED || result->state == FILE_TRANSFORMING;
    struct error failure;
    if (result->outcome == ADVANCE_NOTHING_DUE && is_running &&
        file_postpone(&services->state, result->file_id,
                      clock_now_ms(services->clock) + LOOK_AGAIN_MS, arena, &failure) != 0) {
        log_warn("a running statement could not be postponed", LOG_CAUSE(&failure));
    }
}

static void sweep_file(struct services *services, struct slice file_id, struct arena *arena,
                       struct advance_sweep *sweep)
{
    struct advance_result result;
    struct error failure;
    arena_reset(arena);
    if (advance_file(services, file_id, arena, &result, &failure) == 0) {
        postpone(services, &result, arena);
        log_info("a due file was looked after",
                 LOG_TEXT("result", slice_from(advance_outcome_name(result.outcome))),
                 LOG_TEXT("state", slice_from(file_state_name(result.state))));
        return;
    }
    log_error("a due file was not finished", LOG_CAUSE(&failure));
    sweep->failed++;
}

int advance_due(struct services *services, struct advance_sweep *sweep, struct error *err)
{
    struct arena list_arena;
    struct arena arena;
    struct file_due due;
    int result;
    *sweep = (struct advance_sweep){0};
    arena_init(&list_arena, 0);
    arena_init(&arena, 0);
    result = file_list_due(&services->state, clock_now_ms(services->clock), DUE_LIMIT, &list_arena,
                           &due, err);
    if (result == 0) {
        int64_t last_ms = advance_last_begin_ms(services);
        size_t i = 0;
        for (; i < due.count && !advance_is_time_up(services, last_ms); i++) {
            sweep_file(services, due.file_ids[i], &arena, sweep);
        }
        sweep->due = due.count;
        sweep->left = due.count - i;
    }
    arena_release(&arena);
    arena_release(&list_arena);
    return result;
}
