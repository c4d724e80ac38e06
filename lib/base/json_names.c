#include "base/json_names.h"

#include "base/json_escape.h"
#include "base/utf8.h"

#include <stdlib.h>

#include "base/banned.h"

/* Takes a character, escaped or not, off a string that was scanned. */
static uint32_t next_character(struct slice *written)
{
    size_t length = 0;
    uint32_t character = written->data[0] == '\\' ? json_escape_decode(*written, &length)
                                                  : utf8_next(*written, &length);
    *written = slice_skip(*written, length);
    return character;
}

/*
 * Orders two names by their characters, whichever way they are written. What both begin with is
 * passed over byte by byte, without looking further: the cost of a comparison must not exceed the
 * shorter name, or sorting one long name among many short ones would take their product.
 */
static int compare_names(struct slice a, struct slice b)
{
    size_t same = 0;
    while (same < a.size && same < b.size && a.data[same] == b.data[same] && a.data[same] != '\\') {
        same++;
    }
    a = slice_skip(a, same);
    b = slice_skip(b, same);
    if (a.size > 0 && b.size > 0 && a.data[0] != '\\' && b.data[0] != '\\') {
        return slice_compare(slice_take(a, 1), slice_take(b, 1)); /* UTF-8 sorts as code points */
    }
    while (a.size > 0 && b.size > 0) {
        uint32_t left = next_character(&a);
        uint32_t right = next_character(&b);
        if (left != right) {
            return left < right ? -1 : 1;
        }
    }
    return (a.size > 0) - (b.size > 0);
}

/* Equal names stay in the order of the document. */
static int compare_for_sort(const void *left, const void *right)
{
    const struct slice *a = left;
    const struct slice *b = right;
    int order = compare_names(*a, *b);
    return order != 0 ? order : (a->data > b->data) - (a->data < b->data);
}

const char *json_names_repeated(struct slice *names, size_t count)
{
    const char *repeated = NULL;
    if (count > 1) {
        qsort(names, count, sizeof(*names), compare_for_sort);
    }
    for (size_t i = 1; i < count; i++) {
        if ((repeated == NULL || names[i].data < repeated) &&
            compare_names(names[i - 1], names[i]) == 0) {
            repeated = names[i].data;
        }
    }
    return repeated;
}
