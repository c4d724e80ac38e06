#include "config/file_match.h"

#include "base/utf8.h"

#include "base/banned.h"

struct slice file_match_name(struct slice key)
{
    size_t slash = slice_find_last(key, '/');
    return slash == SLICE_NONE ? key : slice_skip(key, slash + 1);
}

struct slice file_match_stem(struct slice key)
{
    struct slice name = file_match_name(key);
    size_t dot = slice_find(name, '.');
    return dot == SLICE_NONE ? (struct slice){name.data, 0} : slice_take(name, dot + 1);
}

bool file_match_next(struct slice *rest, struct slice *candidate)
{
    size_t boundary;
    if (rest->size == 0) {
        return false;
    }
    *candidate = *rest;
    boundary = slice_find(*rest, '_');
    *rest =
        boundary == SLICE_NONE ? (struct slice){rest->data, 0} : slice_skip(*rest, boundary + 1);
    return true;
}

static bool is_double_star(struct slice pattern)
{
    return slice_starts_with(pattern, SLICE("**"));
}

static struct slice skip_character(struct slice key)
{
    size_t length;
    (void)utf8_next(key, &length);
    return slice_skip(key, length);
}

/* Takes what matches at the start of both; false when nothing does. No star is left to take. */
static bool take_character(struct slice *pattern, struct slice *key)
{
    if (pattern->size == 0 || key->size == 0) {
        return false;
    }
    if (pattern->data[0] == '?' && key->data[0] != '/') {
        *key = skip_character(*key);
    } else if (pattern->data[0] == key->data[0]) {
        *key = slice_skip(*key, 1);
    } else {
        return false;
    }
    *pattern = slice_skip(*pattern, 1);
    return true;
}

/* A star: the pattern after it, and the key after what it has taken. */
struct star {
    bool is_met;
    struct slice pattern;
    struct slice key;
};

struct matching {
    struct slice pattern; /* what is left of both */
    struct slice key;
    struct star single; /* the latest since the latest double one */
    struct star both;   /* the latest double one, which takes slashes as well */
};

/* Takes a star at the start of the pattern: at first it stands for nothing. */
static bool take_star(struct matching *matching)
{
    bool is_double = is_double_star(matching->pattern);
    if (!is_double && (matching->pattern.size == 0 || matching->pattern.data[0] != '*')) {
        return false;
    }
    matching->pattern = slice_skip(matching->pattern, is_double ? 2 : 1);
    const struct star met = {true, matching->pattern, matching->key};
    if (is_double) {
        matching->both = met;
        matching->single.is_met = false;
    } else {
        matching->single = met;
    }
    return true;
}

static void take_more(struct matching *matching, struct star *star)
{
    star->key = skip_character(star->key);
    matching->key = star->key;
    matching->pattern = star->pattern;
}

/* Goes back to the latest star only, and once that is exhausted to the latest double star: never to
 * both in all combinations. */
static bool go_back(struct matching *matching)
{
    struct star *single = &matching->single;
    struct star *both = &matching->both;
    if (single->is_met && single->key.size > 0 && single->key.data[0] != '/') {
        take_more(matching, single);
        return true;
    }
    if (!both->is_met || both->key.size == 0) {
        return false;
    }
    take_more(matching, both);
    single->is_met = false;
    return true;
}

bool file_match_glob(struct slice pattern, struct slice key)
{
    struct matching matching = {.pattern = pattern, .key = key};
    while (matching.pattern.size > 0 || matching.key.size > 0) {
        if (!take_star(&matching) && !take_character(&matching.pattern, &matching.key) &&
            !go_back(&matching)) {
            return false;
        }
    }
    return true;
}
