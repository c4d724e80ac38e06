/*
 * Globs against the definition read word for word, with every star trying every length; and the
 * candidates for file_prefix, each of which begins where it may.
 *
 * Input: the pattern, a NUL, the key.
 */
#include "config/file_match.h"

#include "base/utf8.h"

#include <assert.h>

#define PATTERN_LIMIT 64
#define KEY_LIMIT 160

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct table {
    struct slice pattern;
    struct slice key;
    enum { UNKNOWN, NO, YES } known[PATTERN_LIMIT + 1][KEY_LIMIT + 1];
};

static bool matches(struct table *table, size_t p, size_t k);

static bool decide(struct table *table, size_t p, size_t k)
{
    struct slice pattern = slice_skip(table->pattern, p);
    struct slice key = slice_skip(table->key, k);
    size_t character = 0;
    if (key.size > 0) {
        (void)utf8_next(key, &character);
    }
    if (pattern.size == 0) {
        return key.size == 0;
    }
    if (slice_starts_with(pattern, SLICE("**"))) {
        return matches(table, p + 2, k) || (key.size > 0 && matches(table, p, k + character));
    }
    if (pattern.data[0] == '*') {
        return matches(table, p + 1, k) ||
               (key.size > 0 && key.data[0] != '/' && matches(table, p, k + character));
    }
    if (key.size == 0) {
        return false;
    }
    if (pattern.data[0] == '?' && key.data[0] != '/') {
        return matches(table, p + 1, k + character);
    }
    return pattern.data[0] == key.data[0] && matches(table, p + 1, k + 1);
}

static bool matches(struct table *table, size_t p, size_t k)
{
    if (table->known[p][k] == UNKNOWN) {
        table->known[p][k] = decide(table, p, k) ? YES : NO;
    }
    return table->known[p][k] == YES;
}

static void check_candidates(struct slice key)
{
    struct slice name = file_match_name(key);
    struct slice stem = file_match_stem(key);
    struct slice rest = stem;
    struct slice candidate;
    size_t count = 0;
    size_t underscores = 0;
    assert(slice_find(name, '/') == SLICE_NONE && slice_ends_with(key, name));
    assert(slice_starts_with(name, stem));
    for (size_t i = 0; i < stem.size; i++) {
        underscores += stem.data[i] == '_';
    }
    while (file_match_next(&rest, &candidate)) {
        assert(candidate.size > 0 && slice_ends_with(stem, candidate));
        assert(candidate.data == stem.data || candidate.data[-1] == '_');
        assert(slice_find(candidate, '.') == candidate.size - 1);
        count++;
    }
    assert(count == (stem.size == 0 ? 0 : underscores + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct table table;
    struct slice pattern;
    struct slice key;
    if (!slice_cut(slice_of(data, size), '\0', &pattern, &key)) {
        return 0;
    }
    check_candidates(key);
    bool matched = file_match_glob(pattern, key);
    if (pattern.size > PATTERN_LIMIT || key.size > KEY_LIMIT ||
        utf8_find_invalid(pattern) != SLICE_NONE || utf8_find_invalid(key) != SLICE_NONE) {
        return 0; /* then it need only end */
    }
    memset(&table, 0, sizeof(table));
    table.pattern = pattern;
    table.key = key;
    assert(matched == matches(&table, 0, 0));
    return 0;
}
