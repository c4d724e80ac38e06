#include "pipelines/load/adopt.h"

#include "aws/s3/s3.h"
#include "base/log.h"
#include "job/receive.h"

#include "base/banned.h"

/* Without a configuration the file would be rejected, though it may be loaded. */
static int has_configuration(struct services *services, struct slice key, struct arena *arena,
                             bool *has, struct error *err)
{
    struct file_config config;
    struct error no_match;
    *has = file_config_match(&services->pg, &services->config_tables, key, arena, &config,
                             &no_match) == 0;
    if (*has) {
        return 0;
    }
    if (!error_is(&no_match, FILE_CONFIG_NO_MATCH)) {
        return error_pass(err, &no_match);
    }
    log_error("a statement of the Python framework cannot be taken over", LOG_CAUSE(&no_match));
    return 0;
}

static bool read_path(const struct legacy_statement_name *name, struct s3_object_event *object)
{
    struct slice path = slice_skip(name->s3_path, SLICE("s3://").size);
    *object = (struct s3_object_event){.origin = S3_OBJECT_OF_EVENT, .is_creation = true};
    return slice_cut(path, '/', &object->bucket, &object->key) && object->bucket.size > 0 &&
           object->key.size > 0;
}

/* An upload that came after the statement was submitted is not what it loads: it has an event of
 * its own. A statement that is not shown to us tells nothing. */
static int is_newer_upload(struct services *services, struct slice statement_id,
                           const struct s3_object_event *object, struct arena *arena, bool *newer,
                           struct error *err)
{
    const struct s3_head_options options = {.bucket = object->bucket, .key = object->key};
    struct redshift_statement statement;
    struct s3_object head;
    struct error failure;
    *newer = false;
    if (redshift_describe(&services->requests, statement_id, arena, &statement, &failure) != 0) {
        if (failure.kind == ERROR_NOT_FOUND || failure.kind == ERROR_DENIED) {
            return 0;
        }
        return error_pass(err, &failure);
    }
    if (s3_head(&services->requests, &options, arena, &head, &failure) != 0) {
        return 0; /* the claim will see */
    }
    *newer = head.modified_ms > statement.created_ms;
    if (*newer) {
        log_warn("the object is newer than the statement of the Python framework: left alone");
    }
    return 0;
}

/* A file with which nothing was begun gets, in one write, to where it would be had we submitted the
 * load: there is no moment at which an event might submit another. */
static int claim_as_submitted(struct services *services, const struct legacy_statement_name *name,
                              struct slice statement_id, const struct s3_object_event *object,
                              struct arena *arena, struct slice *file_id, struct error *err)
{
    const struct file_adoption load = {name->schema, name->table, statement_id};
    const struct receive_request request = {object, CLAIM_FOR_ADOPTION, &load};
    enum claim_outcome outcome;
    struct job job;
    if (receive_object(services, &request, arena, &job, &outcome, err) != 0) {
        lease_end_waiting(&job, err);
        return -1;
    }
    if (outcome == CLAIM_WON && job.record.state == FILE_SUBMITTED) {
        *file_id = job.record.file_id;
    }
    lease_end(&job);
    return 0;
}

static int take_over(struct services *services, const struct legacy_statement_name *name,
                     struct slice statement_id, struct arena *arena, struct slice *file_id,
                     struct error *err)
{
    struct s3_object_event object;
    bool newer;
    bool has;
    if (!read_path(name, &object)) {
        log_error("a statement of the Python framework names no object",
                  LOG_TEXT("path", name->s3_path));
        return 0;
    }
    if (has_configuration(services, object.key, arena, &has, err) != 0 ||
        (has && is_newer_upload(services, statement_id, &object, arena, &newer, err) != 0)) {
        return -1;
    }
    return has && !newer
               ? claim_as_submitted(services, name, statement_id, &object, arena, file_id, err)
               : 0;
}

int adopt_statement(struct services *services, const struct legacy_statement_name *name,
                    struct slice statement_id, struct arena *arena, struct slice *file_id,
                    struct error *err)
{
    if (file_find_statement(&services->state, statement_id, arena, file_id, err) != 0) {
        return -1;
    }
    return file_id->size > 0 ? 0 : take_over(services, name, statement_id, arena, file_id, err);
}
