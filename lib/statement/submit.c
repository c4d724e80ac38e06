#include "statement/submit.h"

#include "base/log.h"
#include "job/lease.h"
#include "redshift/batch_run.h"
#include "statement/conclude.h"
#include "statement/follow.h"
#include "statement/ledger.h"

#include "base/banned.h"

static const struct statement_record *current(const struct job *job)
{
    return &job->record.statement;
}

static bool is_current(const struct job *job, const struct statement_kind *kind)
{
    return slice_equal(current(job)->kind, kind->rules->kind);
}

/* A number is given once: one that was stored and may have been submitted is submitted as it is. */
static bool needs_number(const struct job *job, const struct statement_kind *kind)
{
    return !is_current(job, kind) || current(job)->outcome == STATEMENT_NOTHING;
}

static int64_t next_number(const struct job *job, const struct statement_kind *kind)
{
    return is_current(job, kind) ? current(job)->number + 1 : 1;
}

static struct statement_name name_of(const struct job *job, const struct statement_kind *kind,
                                     int64_t number)
{
    return (struct statement_name){
        .work_id = job->record.file_id,
        .kind = kind->rules->kind,
        .number = (uint64_t)number,
        .interface_id = job->record.interface_id,
        .target = arena_format(job->arena, "%.*s.%.*s", SLICE_ARG(job->config.schema),
                               SLICE_ARG(job->config.table)),
    };
}

static struct slice full_name(struct job *job, const struct statement_name *name)
{
    struct strbuf text = STRBUF_INIT;
    struct slice kept;
    statement_name_build(&text, name);
    kept = arena_copy(job->arena, strbuf_slice(&text));
    strbuf_release(&text);
    return kept;
}

/* What is stored with a new number. */
struct built {
    int64_t number;
    struct redshift_target target;
    struct slice *parts;
    size_t count;
};

static int store(struct job *job, const struct statement_kind *kind, const struct built *built,
                 const struct file_preparation *preparation, struct error *err)
{
    const struct statement_name name = name_of(job, kind, built->number);
    const struct file_assignment assignment = {
        .fence = job_fence(job, FILE_IN(job->record.state)),
        .to = kind->rules->numbered,
        .kind = kind->rules->kind,
        .number = built->number,
        .name = full_name(job, &name),
        .target = batch_pack_target(job->arena, &built->target),
        .sql = batch_pack(job->arena, built->parts, built->count),
        .preparation = preparation,
        .now_ms = clock_now_ms(job->services->clock),
    };
    bool done;
    if (file_assign_statement(&job->services->state, &assignment, job->arena, &done, &job->record,
                              err) != 0) {
        return -1;
    }
    return job_check_written(job, done, err);
}

/* As it is stored. */
static int send(struct job *job, struct slice *statement_id, struct error *err)
{
    const struct statement_record *statement = current(job);
    struct statement_name name;
    struct redshift_target target;
    struct slice *parts;
    size_t count;
    if (batch_unpack_target(job->arena, statement->target, &target, err) != 0 ||
        batch_unpack(job->arena, statement->sql, &parts, &count, err) != 0) {
        return -1;
    }
    if (!statement_name_parse(statement->name, &name)) {
        return error_set(err, ERROR_CONFIGURATION, "the stored name of the statement is not one");
    }
    const struct batch batch = {.target = &target, .statements = parts, .count = count};
    if (batch_submit(&job->services->requests, &batch, statement->name,
                     statement_name_token(job->arena, &name), job->arena, statement_id, err) != 0) {
        services_forget_redshift(job->services);
        return -1;
    }
    return 0;
}

/* It may have ended already, and its event may have moved the file on: that is as well, and the row
 * tells. */
static int note(struct job *job, const struct statement_kind *kind, struct slice statement_id,
                struct error *err)
{
    struct file_submission submission = {
        .fence = job_fence(job, statement_waiting_states(kind->rules)),
        .to = kind->rules->submitted,
        .statement_id = statement_id,
        .now_ms = clock_now_ms(job->services->clock),
    };
    bool done;
    if (kind->rules->keeps_lease) {
        submission.fence.claim_no = 0;
    }
    if (file_note_submission(&job->services->state, &submission, job->arena, &done, &job->record,
                             err) != 0) {
        return -1;
    }
    log_info("statement submitted", LOG_TEXT("kind", kind->rules->kind),
             LOG_TEXT("statement", statement_id), LOG_NUMBER("number", current(job)->number),
             LOG_BOOL("ended_already", !done));
    return done ? 0
                : file_read(&job->services->state, job->record.file_id, job->arena, &job->record,
                            err);
}

static int announce_and_note(struct job *job, const struct statement_kind *kind,
                             struct slice statement_id, struct error *err)
{
    if (kind->announce != NULL && kind->announce(job, err) != 0) {
        return -1;
    }
    return note(job, kind, statement_id, err);
}

/* --- refusals --- */

static struct slice refusal_text(const struct job *job, const struct statement_kind *kind,
                                 const struct error *refusal, int64_t number)
{
    return arena_format(job->arena, "%s cannot be submitted%s: %s", kind->rules->noun,
                        number > 1 ? " again" : "", refusal->message);
}

/* The configuration makes no batch. */
static int end_unbuilt(struct job *job, const struct statement_kind *kind, struct error *refusal,
                       struct error *err)
{
    bool is_first = !is_current(job, kind);
    if (is_first && kind->rules->may_reject) {
        (void)job_name_config(job, refusal);
        return job_end(job, FILE_REJECTED, slice_from(refusal->message), false, err);
    }
    return conclude_refusal(job, kind, refusal_text(job, kind, refusal, next_number(job, kind)),
                            err);
}

/* Redshift refuses it for good; but an earlier attempt may have submitted it. */
static int end_unless_submitted(struct job *job, const struct statement_kind *kind,
                                const struct error *refusal, struct error *err)
{
    struct statement_name name = name_of(job, kind, current(job)->number);
    struct slice reason = refusal_text(job, kind, refusal, current(job)->number);
    struct slice statement_id;
    if (batch_find(&job->services->requests, statement_name_prefix(job->arena, &name), job->arena,
                   &statement_id, err) != 0) {
        err->retryable = true; /* it is unknown whether it was submitted */
        return error_prefix(err, "asking whether Redshift has the statement");
    }
    if (statement_id.size == 0) {
        return conclude_refusal(job, kind, reason, err);
    }
    log_info("an earlier attempt had submitted the statement", LOG_TEXT("statement", statement_id));
    if (announce_and_note(job, kind, statement_id, err) != 0) {
        return -1;
    }
    return job->record.state == kind->rules->submitted ? follow_if_ended(job, kind, err) : 0;
}

/* The target that is stored with the number may be a mistake that is corrected by the next attempt,
 * so that gets a number and a target of its own. */
static int wait_for_endpoint(struct job *job, const struct statement_kind *kind,
                             const struct error *refusal, struct error *err)
{
    if (conclude_postponed(job, kind, slice_from(refusal->message), lease_next_attempt_ms(job),
                           err) != 0) {
        return -1;
    }
    (void)error_pass(err, refusal);
    return error_prefix(err, "submitting %s", kind->rules->noun);
}

/* Gives the next number. The file may come to its end instead: then it is not numbered. */
static int assign(struct job *job, const struct statement_kind *kind,
                  const struct statement_source *source, struct error *err)
{
    struct built built = {.number = next_number(job, kind)};
    struct error refusal;
    if (services_redshift_target(job->services, job->arena, &built.target, &refusal) != 0) {
        if (!refusal.retryable) {
            return conclude_refusal(job, kind, refusal_text(job, kind, &refusal, built.number),
                                    err);
        }
        return error_pass(err, &refusal);
    }
    if (kind->build(job, built.number, source != NULL ? source->made : NULL, &built.parts,
                    &built.count, &refusal) != 0) {
        return end_unbuilt(job, kind, &refusal, err);
    }
    return store(job, kind, &built, source != NULL ? source->preparation : NULL, err);
}

static int submit_numbered(struct job *job, const struct statement_kind *kind, bool is_new,
                           struct error *err)
{
    struct error refusal;
    struct slice statement_id;
    if (send(job, &statement_id, &refusal) == 0) {
        return announce_and_note(job, kind, statement_id, err);
    }
    if (is_new && error_is(&refusal, REDSHIFT_NO_ENDPOINT)) {
        return wait_for_endpoint(job, kind, &refusal, err);
    }
    if (refusal.retryable) {
        (void)error_pass(err, &refusal);
        return error_prefix(err, "submitting %s", kind->rules->noun);
    }
    if (is_new) { /* and so no attempt can have submitted it */
        return conclude_unsubmitted(job, kind,
                                    refusal_text(job, kind, &refusal, current(job)->number), err);
    }
    return end_unless_submitted(job, kind, &refusal, err);
}

int statement_submit(struct job *job, const struct statement_kind *kind,
                     const struct statement_source *source, struct error *err)
{
    bool is_new = needs_number(job, kind);
    if (is_new && assign(job, kind, source, err) != 0) {
        return -1;
    }
    return needs_number(job, kind) ? 0 : submit_numbered(job, kind, is_new, err);
}
