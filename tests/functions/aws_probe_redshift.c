/* Orders about statements, for aws_probe.c. */
#include "functions/aws_probe.h"

#include "aws/redshift_data.h"
#include "aws/redshift_result.h"

#include "base/banned.h"

static int do_sql(struct probe *probe, struct error *err)
{
    const struct redshift_target target = {.cluster = probe_text(probe, "cluster"),
                                           .workgroup = probe_text(probe, "workgroup"),
                                           .database = probe_text(probe, "database"),
                                           .secret_arn = probe_text(probe, "secret"),
                                           .db_user = probe_text(probe, "user")};
    const json *list = json_get(probe->order, "statements");
    struct slice *statements =
        arena_zalloc(&probe->arena, json_count(list) + 1, sizeof(*statements));
    size_t count = 0;
    for (const json *one = json_first(list); one != NULL; one = json_next(one)) {
        (void)json_string(one, &statements[count++]);
    }
    const struct redshift_execute_options options = {.target = &target,
                                                     .statements = statements,
                                                     .count = count,
                                                     .name = probe_text(probe, "name"),
                                                     .client_token = probe_text(probe, "token")};
    struct slice id;
    if (redshift_execute(&probe->one.client, &options, &probe->arena, &id, err) != 0) {
        return -1;
    }
    json_write_member_string(&probe->out, "id", id);
    return 0;
}

static void tell_parts(struct probe *probe, const struct redshift_statement *statement)
{
    json_write_name(&probe->out, SLICE("parts"));
    json_write_array(&probe->out);
    for (size_t i = 0; i < statement->part_count; i++) {
        json_write_object(&probe->out);
        json_write_member_string(&probe->out, "id", statement->parts[i].id);
        json_write_member_string(&probe->out, "status",
                                 slice_from(redshift_status_name(statement->parts[i].status)));
        json_write_member_string(&probe->out, "error", statement->parts[i].error);
        json_write_member_i64(&probe->out, "rows", statement->parts[i].rows);
        json_write_object_end(&probe->out);
    }
    json_write_array_end(&probe->out);
}

/* Waits for its end. */
static int do_await(struct probe *probe, struct error *err)
{
    struct redshift_statement statement;
    do {
        if (redshift_describe(&probe->one.client, probe_text(probe, "id"), &probe->arena,
                              &statement, err) != 0) {
            return -1;
        }
        clock_sleep_ms(&clock_system, redshift_status_is_end(statement.status) ? 0 : 20);
    } while (!redshift_status_is_end(statement.status));
    json_write_member_string(&probe->out, "status",
                             slice_from(redshift_status_name(statement.status)));
    json_write_member_string(&probe->out, "error", statement.error);
    json_write_member_i64(&probe->out, "rows", statement.rows);
    json_write_member_bool(&probe->out, "has_result", statement.has_result);
    tell_parts(probe, &statement);
    return 0;
}

static void tell_rows(struct probe *probe, const struct redshift_page *page)
{
    for (size_t row = 0; row < page->row_count; row++) {
        json_write_array(&probe->out);
        for (size_t column = 0; column < page->column_count; column++) {
            const struct redshift_cell *cell = &page->rows[row][column];
            if (cell->is_null) {
                json_write_null(&probe->out);
            } else {
                json_write_string(&probe->out, cell->text);
            }
        }
        json_write_array_end(&probe->out);
    }
}

static int do_result(struct probe *probe, struct error *err)
{
    struct redshift_page page = {.next_token = SLICE("")};
    int64_t pages = 0;
    json_write_name(&probe->out, SLICE("rows"));
    json_write_array(&probe->out);
    do {
        if (redshift_result(&probe->one.client, probe_text(probe, "id"), page.next_token,
                            &probe->arena, &page, err) != 0) {
            return -1;
        }
        tell_rows(probe, &page);
        pages++;
    } while (page.next_token.size > 0);
    json_write_array_end(&probe->out);
    json_write_member_i64(&probe->out, "pages", pages);
    return 0;
}

static int do_statements(struct probe *probe, struct error *err)
{
    struct redshift_list list = {.next_token = SLICE("")};
    json_write_name(&probe->out, SLICE("names"));
    json_write_array(&probe->out);
    do {
        if (redshift_list(&probe->one.client, probe_text(probe, "prefix"), list.next_token,
                          &probe->arena, &list, err) != 0) {
            return -1;
        }
        for (size_t i = 0; i < list.count; i++) {
            json_write_string(&probe->out, list.entries[i].name);
        }
    } while (list.next_token.size > 0);
    json_write_array_end(&probe->out);
    return 0;
}

const struct probe_order probe_redshift_orders[] = {
    {"sql", do_sql}, {"await", do_await}, {"result", do_result}, {"statements", do_statements},
    {NULL, NULL},
};
