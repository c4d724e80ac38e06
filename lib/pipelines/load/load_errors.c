#include "pipelines/load/load_errors.h"

#include "redshift/batch_run.h"

#include "base/banned.h"

#define PATIENCE_MS 20000
#define LINES 3

enum { LINE_NUMBER, COLUMN_NAME, ERROR_CODE, ERROR_MESSAGE, COLUMNS };

/* Private keys hold the file id, so that no other file's errors are found; names are cut at 256
 * bytes there, and processing_folder is short enough for the id to stand before that. */
static struct slice question_for(const struct job *job)
{
    return arena_format(job->arena,
                        "SELECT line_number, TRIM(column_name), error_code, TRIM(error_message) "
                        "FROM sys_load_error_detail WHERE file_name LIKE '%%/%.*s/%s%%' "
                        "ORDER BY start_time DESC, line_number LIMIT %d",
                        SLICE_ARG(job->record.file_id), JOB_PRIVATE_DATA, LINES);
}

static void append_line(struct strbuf *out, const struct redshift_cell *cells)
{
    if (out->size > 0) {
        strbuf_append_text(out, "; ");
    }
    strbuf_append_format(out, "line %.*s", SLICE_ARG(cells[LINE_NUMBER].text));
    if (!cells[COLUMN_NAME].is_null && cells[COLUMN_NAME].text.size > 0) {
        strbuf_append_format(out, ", column %.*s", SLICE_ARG(cells[COLUMN_NAME].text));
    }
    strbuf_append_format(out, ": %.*s (%.*s)", SLICE_ARG(slice_trim(cells[ERROR_MESSAGE].text)),
                         SLICE_ARG(cells[ERROR_CODE].text));
}

int load_errors_read(struct job *job, struct slice *text, struct error *err)
{
    struct redshift_target target;
    struct redshift_page page;
    struct strbuf lines = STRBUF_INIT;
    const struct slice question = question_for(job);
    const struct batch batch = {.target = &target, .statements = &question, .count = 1};
    if (services_redshift_target(job->services, job->arena, &target, err) != 0 ||
        batch_ask(&job->services->requests, &batch, SLICE(""), PATIENCE_MS, job->arena, &page,
                  err) != 0) {
        return error_prefix(err, "reading sys_load_error_detail");
    }
    for (size_t row = 0; row < page.row_count && page.column_count == COLUMNS; row++) {
        append_line(&lines, page.rows[row]);
    }
    *text = arena_copy(job->arena, strbuf_slice(&lines));
    strbuf_release(&lines);
    return 0;
}
