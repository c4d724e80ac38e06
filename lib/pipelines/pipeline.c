#include "pipelines/pipeline.h"

#include "base/banned.h"

const struct statement_kind *pipeline_kind_at(const struct pipeline *pipeline,
                                              enum file_state state)
{
    for (size_t i = 0; i < pipeline->kind_count; i++) {
        const struct statement_rules *rules = pipeline->kinds[i]->rules;
        if (state == rules->numbered || state == rules->submitted) {
            return pipeline->kinds[i];
        }
    }
    return NULL;
}

const struct statement_kind *pipeline_kind_named(const struct pipeline *pipeline, struct slice name)
{
    for (size_t i = 0; i < pipeline->kind_count; i++) {
        if (slice_equal(pipeline->kinds[i]->rules->kind, name)) {
            return pipeline->kinds[i];
        }
    }
    return NULL;
}
