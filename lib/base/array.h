/* How many elements an array has. Only for arrays: of a pointer the answer would be wrong. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
