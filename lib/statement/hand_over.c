#include "statement/hand_over.h"

#include "redshift/redshift_load.h"

#include "base/banned.h"

int hand_over_batch(struct job *job, enum statement_kind kind, int64_t number, struct slice packed,
                    struct slice *statement_id, struct error *err)
{
    struct redshift_target target;
    struct slice *statements;
    size_t count;
    if (services_redshift_target(job->services, job->arena, &target, err) != 0 ||
        redshift_load_unpack(job->arena, packed, &statements, &count, err) != 0) {
        return -1;
    }
    const struct redshift_batch batch = {
        .target = &target,
        .statements = statements,
        .count = count,
        .name = {.file_id = job->record.file_id,
                 .kind = kind,
                 .number = (uint64_t)number,
                 .interface_id = job->record.interface_id,
                 .target = arena_format(job->arena, "%.*s.%.*s", SLICE_ARG(job->config.schema),
                                        SLICE_ARG(job->config.table))},
    };
    if (redshift_load_submit(&job->services->aws, &batch, job->arena, statement_id, err) != 0) {
        services_forget_redshift(job->services);
        return -1;
    }
    return 0;
}

int hand_over_find(struct job *job, enum statement_kind kind, int64_t number,
                   struct slice *statement_id, struct error *err)
{
    const struct statement_name name = {
        .file_id = job->record.file_id, .kind = kind, .number = (uint64_t)number};
    if (redshift_load_find(&job->services->aws, &name, job->arena, statement_id, err) != 0) {
        return error_prefix(err, "asking whether Redshift has the statement");
    }
    return 0;
}
