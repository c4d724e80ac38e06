/* Hexadecimal digits. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/slice.h"

/* 0 to 15 for a hexadecimal digit of either case, -1 for any other byte. */
int hex_value(char digit);
/* The byte that two hexadecimal digits stand for, or -1. */
int hex_pair_value(const char digits[2]);

/* Writes lower-case hexadecimal: 2 * bytes.size digits, with no NUL after them. */
void hex_write(struct slice bytes, char *digits);

#endif
