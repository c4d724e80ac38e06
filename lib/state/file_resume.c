#include "state/file_resume.h"

#include "state/file_sql.h"
#include "base/strbuf.h"
#include "pg/pg.h"

#include "base/banned.h"

static const char is_upload[] = FILE_SQL_IS_UPLOAD("$3", "$4", "$9");

/* Nobody else's lease of row f is live. */
static const char is_free[] = "(f.lease_owner is null or f.lease_request_id = $6 "
                              "or f.lease_until <= to_timestamp($8::double precision / 1000))";

/* Another claimant may have been faster since the row was found: the conditions stand twice. */
static void append_resume(struct strbuf *sql, const struct file_tables *tables,
                          const struct file_claim *claim)
{
    const char *work = file_sql_work(claim);

    strbuf_append_format(
        sql,
        "update %.*s f set lease_owner = $5, lease_request_id = $6, "
        "lease_until = to_timestamp($7::double precision / 1000), claim_no = f.claim_no + 1, "
        "attempts = " FILE_SQL_ATTEMPTS
        " where f.file_id = (select f.file_id from %.*s f where f.bucket = $1 and f.key = $2 "
        "and %s and %s and %s "
        "order by f.received_at desc, f.appearance desc limit 1) and %s and %s "
        "returning f.file_id::text, f.claim_no",
        SLICE_ARG(tables->file), SLICE_ARG(tables->file), is_upload, work, is_free, work, is_free);
}

static int claim_row(struct pg *pg, const struct file_tables *tables,
                     const struct file_claim *claim, struct arena *arena, struct pg_result *result,
                     struct error *err)
{
    const struct file_identity *identity = &claim->identity;
    struct strbuf sql = STRBUF_INIT;
    int status;

    append_resume(&sql, tables, claim);
    status = pg_query(pg, &(struct pg_statement){"go on with the file", sql.data},
                      PG_VALUES(PG_TEXT(identity->bucket), PG_TEXT(identity->key),
                                PG_TEXT(identity->version_id), PG_TEXT(identity->etag),
                                PG_TEXT(claim->owner), PG_TEXT(claim->request_id),
                                PG_NUMBER(claim->until_ms), PG_NUMBER(claim->now_ms),
                                PG_TEXT(identity->sequencer)),
                      arena, result, err);
    strbuf_release(&sql);
    return status;
}

/* The row that was claimed, if any. */
static int read_claimed(struct pg *pg, const struct file_tables *tables,
                        const struct pg_result *result, struct arena *arena, bool *claimed,
                        struct file_record *record, struct error *err)
{
    struct slice file_id;
    int64_t claim_no;

    *claimed = result->rows == 1;
    if (!*claimed) {
        return 0;
    }
    if (pg_read_text(result, 0, "file_id", &file_id, err) != 0 ||
        pg_read_i64(result, 0, "claim_no", &claim_no, err) != 0) {
        return -1;
    }
    *record = (struct file_record){.file_id = file_id, .claim_no = claim_no};
    if (file_state_read(pg, tables, file_id, arena, record, err) != 0) {
        return -1;
    }
    record->claim_no = claim_no; /* were it taken over since, our fence must not hold */
    return 0;
}

int file_resume(struct pg *pg, const struct file_tables *tables, const struct file_claim *claim,
                struct arena *arena, bool *resumed, struct file_record *record, struct error *err)
{
    struct pg_result result;

    if (claim_row(pg, tables, claim, arena, &result, err) != 0) {
        return -1;
    }
    return read_claimed(pg, tables, &result, arena, resumed, record, err);
}

int file_resume_hold(struct pg *pg, const struct file_tables *tables, struct slice file_id,
                     const struct file_hold *hold, struct arena *arena, bool *held,
                     struct file_record *record, struct error *err)
{
    struct strbuf sql = STRBUF_INIT;
    struct pg_result result;
    int status;

    strbuf_append_format(
        &sql,
        "update %.*s f set lease_owner = $1, lease_request_id = $2, lease_until = "
        "to_timestamp($3::double precision / 1000), claim_no = claim_no + 1, "
        "attempts = " FILE_SQL_ATTEMPTS
        " where file_id = $4::uuid and (lease_owner is null or lease_request_id = $2 "
        "or lease_until <= to_timestamp($5::double precision / 1000)) "
        "returning file_id::text, claim_no",
        SLICE_ARG(tables->file));
    status =
        pg_query(pg, &(struct pg_statement){"take the file's lease", sql.data},
                 PG_VALUES(PG_TEXT(hold->owner), PG_TEXT(hold->request_id),
                           PG_NUMBER(hold->until_ms), PG_TEXT(file_id), PG_NUMBER(hold->now_ms)),
                 arena, &result, err);
    strbuf_release(&sql);
    return status == 0 ? read_claimed(pg, tables, &result, arena, held, record, err) : -1;
}
