/* What every unit test includes first: cmocka and the headers that it wants before it, and
 * assertions that show what they found. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* after the four above, which it does not include itself */

#include "base/array.h"
#include "base/slice.h"

static inline void assert_text(struct slice actual, const char *expected)
{
    if (!slice_equal(actual, slice_from(expected))) {
        fail_msg("is \"%.*s\", must be \"%s\"", SLICE_ARG(actual), expected);
    }
}

/* Does the text hold the part? */
static inline void assert_says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", text, part);
    }
}

#endif
