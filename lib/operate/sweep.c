#include "operate/sweep.h"

#include "advance/advance.h"
#include "base/log.h"
#include "config/landing.h"
#include "operate/prefix_search.h"

#include "base/banned.h"

#define MINUTE_MS ((int64_t)60 * 1000)

/* What a person has to do before the search can go on. */
static struct slice remedy_of(const struct error *reason)
{
    if (error_is(reason, PG_UNDEFINED_TABLE)) {
        return SLICE("run sql/postgres/005_landing.sql");
    }
    if (error_is(reason, PG_INSUFFICIENT_PRIVILEGE)) {
        return SLICE("grant the user of secret_postgres select on ext_landing, and update of its "
                     "columns search_after, search_began_at and search_ended_at");
    }
    if (error_is(reason, SLICE("AccessDenied"))) {
        return SLICE("allow the function's role s3:ListBucket on the bucket, or correct bucket in "
                     "ext_landing");
    }
    if (error_is(reason, SLICE("NoSuchBucket"))) {
        return SLICE("correct bucket in ext_landing, or set is_active to false");
    }
    return SLICE("nothing: the next schedule tries again");
}

static void warn(const struct landing *landing, const struct error *reason)
{
    log_warn("objects without a row could not be searched for",
             LOG_TEXT("bucket", landing != NULL ? landing->bucket : SLICE("")),
             LOG_TEXT("prefix", landing != NULL ? landing->prefix : SLICE("")),
             LOG_TEXT("remedy", remedy_of(reason)), LOG_CAUSE(reason));
}

static void forget_context(void)
{
    log_context_set("bucket", SLICE(""));
    log_context_set("key", SLICE(""));
    log_context_set("file", SLICE(""));
}

/* A prefix that S3 refuses keeps no other from being searched. */
static void search_all(struct prefix_search *search, struct arena *arena)
{
    struct services *services = search->services;
    struct landing_list list;
    struct error failure;
    if (landing_list_active(&services->pg, &services->config_tables, arena, &list, &failure) != 0) {
        warn(NULL, &failure);
        return;
    }
    for (size_t i = 0; i < list.count && !advance_is_time_up(services, search->last_ms); i++) {
        int status = prefix_search_run(search, &list.items[i], &failure);
        forget_context();
        if (status != 0) {
            warn(&list.items[i], &failure);
        }
    }
}

int sweep_run(struct services *services, struct sweep *sweep, struct error *err)
{
    struct prefix_search search = {
        .services = services,
        .last_ms = advance_last_begin_ms(services),
        .latest_ms =
            clock_now_ms(services->clock) - services->settings.search.grace_minutes * MINUTE_MS,
    };
    struct advance_sweep due;
    struct arena arena;
    if (advance_due(services, &due, err) != 0) {
        return -1;
    }
    forget_context();
    arena_init(&arena, 0);
    search_all(&search, &arena);
    arena_release(&arena);
    *sweep = (struct sweep){
        .due = due.due,
        .failed = due.failed + search.failed,
        .left = due.left,
        .searched = search.searched,
        .found = search.found,
    };
    return 0;
}
