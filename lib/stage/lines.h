/* Lines, many at a time: what is looked at in every byte of a file. */
#ifndef STAGE_LINES_H
#define STAGE_LINES_H

#include "base/slice.h"

/* How many line feeds there are in the bytes, which begin with a line. *has_blank is set when one
 * of the lines that end here is blank (LF or CR LF and nothing else), and left alone otherwise. */
size_t lines_count(struct slice bytes, bool *has_blank);

#endif
