/*
 * Which configuration a file belongs to, by its name. Pure.
 *
 * The name up to its first dot, from any "_" on, and that dot is compared with file_prefix:
 * PROD_PA_FLAVOR_527.txt is matched by "527.", "FLAVOR_527.", "PA_FLAVOR_527." …, and the longest
 * wins. Anchored: "527." does not match 1527.txt.
 */
#ifndef CONFIG_FILE_MATCH_H
#define CONFIG_FILE_MATCH_H

#include "base/slice.h"

#define FILE_MATCH_ANY SLICE("*") /* a file_prefix for rows that match by key_glob alone */

/* The part of a key behind its last '/'; empty for a folder marker. */
struct slice file_match_name(struct slice key);

/*
 * The candidates for file_prefix, longest first: sets *candidate and moves *rest on; false when
 * there is none left. Begin with *rest = file_match_stem(key).
 */
struct slice file_match_stem(struct slice key);
bool file_match_next(struct slice *rest, struct slice *candidate);

/*
 * Does the pattern match the whole key? "**" matches anything, '*' anything without a '/', '?' one
 * character but '/'; nothing else is special. Both are UTF-8, as S3 and Postgres have it.
 */
bool file_match_glob(struct slice pattern, struct slice key);

#endif
