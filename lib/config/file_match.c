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

/* Goes back to the latest star only, and once that is exhausted to the latest double star: never to
 * both in all combinations. */
bool file_match_glob(struct slice pattern, struct slice key)
{
    struct slice star = {NULL, 0};
    struct slice star_key = {NULL, 0};
    struct slice wide = {NULL, 0};
    struct slice wide_key = {NULL, 0};
    for (;;) {
        if (is_double_star(pattern)) {
            wide = pattern = slice_skip(pattern, 2);
            wide_key = key;
            star.data = NULL;
            continue;
        }
        if (pattern.size > 0 && pattern.data[0] == '*') {
            star = pattern = slice_skip(pattern, 1);
            star_key = key;
            continue;
        }
        if (pattern.size == 0 && key.size == 0) {
            return true;
        }
        if (take_character(&pattern, &key)) {
            continue;
        }
        if (star.data != NULL && star_key.size > 0 && star_key.data[0] != '/') {
            star_key = key = skip_character(star_key);
            pattern = star;
            continue;
        }
        if (wide.data == NULL || wide_key.size == 0) {
            return false;
        }
        wide_key = key = skip_character(wide_key);
        pattern = wide;
        star.data = NULL;
    }
}
