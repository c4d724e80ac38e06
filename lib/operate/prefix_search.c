#include "operate/prefix_search.h"

#include "advance/advance.h"
#include "base/log.h"
#include "base/utf8.h"
#include "operate/finding.h"
#include "state/search.h"

#include "base/banned.h"

/* One prefix under search. */
struct round {
    struct prefix_search *search;
    const struct landing *landing;
    int64_t began_ms;
    struct strbuf after;           /* where this sweep is */
    struct search_position stored; /* where the row says that the search is */
    struct strbuf stored_after;    /* backs stored.after */
    bool is_over;                  /* it came to the last key, or is another sweep's now */
    struct arena page;
    struct arena object;
};

static bool is_time_up(const struct prefix_search *search)
{
    return advance_is_time_up(search->services, search->last_ms);
}

/* --- one object --- */

static void take_in(struct round *round, const struct s3_list_entry *entry)
{
    const struct s3_object_event object = finding_object(round->landing->bucket, entry);
    struct advance_result result;
    struct error failure;
    arena_reset(&round->object);
    log_context_set("bucket", object.bucket);
    log_context_set("key", object.key);
    log_context_set("file", SLICE(""));
    log_info("an object without a row was found", LOG_NUMBER("modified_ms", entry->modified_ms));
    round->search->found++;
    if (advance_object(round->search->services, &object, &round->object, &result, &failure) != 0) {
        log_error("the object was not finished", LOG_CAUSE(&failure));
        round->search->failed++;
    }
}

/* --- one page --- */

/* An entry that is wanted, and its place among the entries. */
struct candidates {
    struct listed_object *objects;
    size_t *places;
    size_t count;
};

static struct candidates choose(struct round *round, const struct s3_list_page *page)
{
    const struct prefix_search *search = round->search;
    struct candidates chosen = {
        .objects = arena_zalloc(&round->page, page->entry_count, sizeof(*chosen.objects)),
        .places = arena_zalloc(&round->page, page->entry_count, sizeof(*chosen.places)),
    };
    for (size_t i = 0; i < page->entry_count; i++) {
        const struct s3_list_entry *entry = &page->entries[i];
        struct error problem;
        switch (finding_judge(&search->services->settings.folders, round->landing->bucket, entry,
                              search->latest_ms, &problem)) {
        case FINDING_WANTED:
            chosen.objects[chosen.count] =
                (struct listed_object){entry->key, entry->etag, entry->modified_ms};
            chosen.places[chosen.count++] = i;
            break;
        case FINDING_UNUSABLE:
            log_warn("an object cannot be handled: rename or remove it",
                     LOG_TEXT("bucket", round->landing->bucket), LOG_TEXT("key", entry->key),
                     LOG_CAUSE(&problem));
            break;
        case FINDING_YOUNG:
        case FINDING_IGNORED:
            break;
        }
    }
    return chosen;
}

/* is_new[place of the entry] */
static int find_new(struct round *round, const struct s3_list_page *page, bool *is_new,
                    struct error *err)
{
    const struct state_store *store = &round->search->services->state;
    const struct candidates chosen = choose(round, page);
    bool *found = arena_zalloc(&round->page, chosen.count, sizeof(*found));
    if (chosen.count > 0 && search_find_new(store, round->landing->bucket, chosen.objects,
                                            chosen.count, found, &round->page, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < chosen.count; i++) {
        is_new[chosen.places[i]] = found[i];
    }
    return 0;
}

/* Takes in what is new, in the order of the keys, until the time is up. *handled: all entries
 * before this one need not be looked at again in this round. */
static void handle(struct round *round, const struct s3_list_page *page, const bool *is_new,
                   size_t *handled)
{
    size_t i = 0;
    for (; i < page->entry_count; i++) {
        if (is_new[i]) {
            if (is_time_up(round->search)) {
                break;
            }
            take_in(round, &page->entries[i]);
        }
    }
    round->search->searched += i;
    *handled = i;
}

/* --- how far it has come --- */

/* Postgres stores no NUL and nothing that is not UTF-8. After such a key it stays where it was. */
static bool is_storable(struct slice key)
{
    return slice_find(key, '\0') == SLICE_NONE && utf8_find_invalid(key) == SLICE_NONE;
}

static int store_position(struct round *round, bool is_ended, struct error *err)
{
    const struct services *services = round->search->services;
    const struct search_move move = {
        .bucket = round->landing->bucket,
        .prefix = round->landing->prefix,
        .from = round->stored,
        .to = {is_ended ? SLICE("") : strbuf_slice(&round->after), round->began_ms},
        .is_ended = is_ended,
        .now_ms = clock_now_ms(services->clock),
    };
    bool moved;
    round->is_over = is_ended;
    if (!is_ended && (slice_equal(move.to.after, move.from.after) || !is_storable(move.to.after))) {
        return 0;
    }
    if (search_store_move(&services->state, &move, &round->page, &moved, err) != 0) {
        return -1;
    }
    if (!moved) {
        log_info("another sweep searches the prefix", LOG_TEXT("bucket", move.bucket),
                 LOG_TEXT("prefix", move.prefix));
        round->is_over = true;
        return 0;
    }
    strbuf_clear(&round->stored_after);
    strbuf_append(&round->stored_after, move.to.after);
    round->stored = (struct search_position){strbuf_slice(&round->stored_after), round->began_ms};
    return 0;
}

static int search_page(struct round *round, struct error *err)
{
    struct services *services = round->search->services;
    const struct s3_list_options options = {
        .bucket = round->landing->bucket,
        .prefix = round->landing->prefix,
        .start_after = strbuf_slice(&round->after),
    };
    struct s3_list_page page;
    size_t handled;
    arena_reset(&round->page);
    if (s3_list(&services->requests, &options, &round->page, &page, err) != 0) {
        return -1;
    }
    bool *is_new = arena_zalloc(&round->page, page.entry_count, sizeof(*is_new));
    if (find_new(round, &page, is_new, err) != 0) {
        return -1;
    }
    handle(round, &page, is_new, &handled);
    if (handled > 0) {
        finding_go_on_after(&services->settings.folders, page.entries[handled - 1].key,
                            &round->after);
    }
    bool is_last = page.next_token.size == 0 || page.entry_count == 0;
    return store_position(round, is_last && handled == page.entry_count, err);
}

int prefix_search_run(struct prefix_search *search, const struct landing *landing,
                      struct error *err)
{
    struct round round = {
        .search = search,
        .landing = landing,
        .began_ms = landing->search_after.size > 0 ? landing->search_began_ms
                                                   : clock_now_ms(search->services->clock),
        .after = STRBUF_INIT,
        .stored = {landing->search_after, landing->search_began_ms},
        .stored_after = STRBUF_INIT,
    };
    int status = 0;
    arena_init(&round.page, 0);
    arena_init(&round.object, 0);
    strbuf_append(&round.after, landing->search_after);
    while (status == 0 && !round.is_over && !is_time_up(search)) {
        status = search_page(&round, err);
    }
    arena_release(&round.object);
    arena_release(&round.page);
    strbuf_release(&round.stored_after);
    strbuf_release(&round.after);
    return status;
}
