#include "unit/unit.h"

#include "advance/recovery.h"
#include "base/array.h"
#include "job/job.h"

#define LIMIT_MS ((int64_t)12 * 60 * 60 * 1000)

static const char *const recovery_names[] = {
    [RECOVERY_TAKEN_OVER] = "TAKEN_OVER", [RECOVERY_WAITS] = "WAITS",
    [RECOVERY_REJECTS] = "REJECTS",       [RECOVERY_ENDS] = "ENDS",
    [RECOVERY_VANISHED] = "VANISHED",     [RECOVERY_REPLACED] = "REPLACED",
    [RECOVERY_GIVES_UP] = "GIVES_UP",
};

static const struct error passing = {.kind = ERROR_NETWORK, .retryable = true};
static const struct error lasting = {.kind = ERROR_CONFIGURATION};
static const struct error taken_over = {.kind = ERROR_CANCELLED, .code = "TakenOver"};
static const struct error no_key = {.kind = ERROR_NOT_FOUND, .status = 404, .code = "NoSuchKey"};
static const struct error no_bucket = {
    .kind = ERROR_NOT_FOUND, .status = 404, .code = "NoSuchBucket"};
static const struct error changed = {
    .kind = ERROR_CONFLICT, .status = 412, .code = "PreconditionFailed"};

struct row {
    enum file_state state;
    const struct error *reason;
    enum recovery_cause cause;
    int64_t waited_ms;
    enum recovery recovery;
};

static const struct row rows[] = {
    {FILE_RECEIVED, &passing, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},
    {FILE_RECEIVED, &passing, RECOVERY_OF_STEP, LIMIT_MS - 1, RECOVERY_WAITS},
    {FILE_RECEIVED, &passing, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_ENDS},
    {FILE_RECEIVED, &passing, RECOVERY_OF_REFUSAL, 0, RECOVERY_WAITS},
    {FILE_RECEIVED, &lasting, RECOVERY_OF_REFUSAL, 0, RECOVERY_REJECTS},
    {FILE_RECEIVED, &lasting, RECOVERY_OF_REFUSAL, LIMIT_MS, RECOVERY_REJECTS},
    {FILE_RECEIVED, &lasting, RECOVERY_OF_STEP, 0, RECOVERY_ENDS},
    {FILE_RECEIVED, &no_key, RECOVERY_OF_STEP, 0, RECOVERY_VANISHED},
    {FILE_RECEIVED, &no_key, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_VANISHED},
    {FILE_RECEIVED, &no_bucket, RECOVERY_OF_STEP, 0, RECOVERY_ENDS},
    {FILE_RECEIVED, &changed, RECOVERY_OF_STEP, 0, RECOVERY_REPLACED},

    /* What is numbered may be in Redshift: no failure of the work itself ends it. */
    {FILE_PREPARED, &passing, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},
    {FILE_PREPARED, &passing, RECOVERY_OF_STEP, LIMIT_MS - 1, RECOVERY_WAITS},
    {FILE_PREPARED, &passing, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_GIVES_UP},
    {FILE_PREPARED, &lasting, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},
    {FILE_PREPARED, &lasting, RECOVERY_OF_REFUSAL, 0, RECOVERY_WAITS},
    {FILE_PREPARED, &no_key, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},
    {FILE_PREPARED, &lasting, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_GIVES_UP},
    {FILE_LOADED, &passing, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},
    {FILE_LOADED, &passing, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_GIVES_UP},
    {FILE_LOADED, &lasting, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},
    {FILE_SUBMITTED, &passing, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},
    {FILE_SUBMITTED, &passing, RECOVERY_OF_STEP, LIMIT_MS - 1, RECOVERY_WAITS},
    {FILE_SUBMITTED, &passing, RECOVERY_OF_FOLLOWING, LIMIT_MS, RECOVERY_GIVES_UP},
    {FILE_SUBMITTED, &passing, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_WAITS}, /* a duty failed */
    {FILE_SUBMITTED, &lasting, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},
    {FILE_SUBMITTED, &lasting, RECOVERY_OF_FOLLOWING, LIMIT_MS, RECOVERY_GIVES_UP},
    {FILE_SUBMITTED, &lasting, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_WAITS}, /* a duty failed */
    {FILE_TRANSFORMING, &passing, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},
    {FILE_TRANSFORMING, &passing, RECOVERY_OF_FOLLOWING, LIMIT_MS, RECOVERY_GIVES_UP},
    {FILE_TRANSFORMING, &passing, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_WAITS}, /* a duty failed */
    {FILE_TRANSFORMING, &lasting, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},

    /* Duties are never given up. */
    {FILE_DONE, &passing, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_WAITS},
    {FILE_DONE, &lasting, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_WAITS},
    {FILE_DONE, &no_key, RECOVERY_OF_STEP, 0, RECOVERY_WAITS},
    {FILE_REJECTED, &lasting, RECOVERY_OF_REFUSAL, LIMIT_MS, RECOVERY_WAITS},
    {FILE_FAILED, &passing, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_WAITS},
    {FILE_TRANSFORM_FAILED, &passing, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_WAITS},
    {FILE_GONE, &lasting, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_WAITS},
    {FILE_SUPERSEDED, &lasting, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_WAITS},
    {FILE_SPLIT, &lasting, RECOVERY_OF_STEP, LIMIT_MS, RECOVERY_WAITS},
};

static void assert_recovery(const struct row *row)
{
    const struct recovery_question question = {
        .state = row->state,
        .cause = row->cause,
        .reason = row->reason,
        .waited_ms = row->waited_ms,
        .limit_ms = LIMIT_MS,
    };
    enum recovery recovery = recovery_decide(&question);
    if (recovery != row->recovery) {
        fail_msg("%s, %s, cause %u, %lld ms: is %s, must be %s", file_state_name(row->state),
                 row->reason->code[0] != '\0' ? row->reason->code
                                              : error_kind_name(row->reason->kind),
                 row->cause, (long long)row->waited_ms, recovery_names[recovery],
                 recovery_names[row->recovery]);
    }
}

static void test_what_becomes_of_a_file_whose_work_failed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_recovery(&rows[i]);
    }
}

/* In any state, after any time, and whatever the step says. */
static void test_a_file_of_another_invocation_is_left_to_it(void **state)
{
    (void)state;
    assert_text(JOB_TAKEN_OVER, taken_over.code);
    for (int i = 0; i < FILE_STATES; i++) {
        const enum file_state in = (enum file_state)i;
        assert_recovery(&(struct row){in, &taken_over, RECOVERY_OF_STEP, 0, RECOVERY_TAKEN_OVER});
        assert_recovery(
            &(struct row){in, &taken_over, RECOVERY_OF_REFUSAL, LIMIT_MS, RECOVERY_TAKEN_OVER});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_becomes_of_a_file_whose_work_failed),
        cmocka_unit_test(test_a_file_of_another_invocation_is_left_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
