/* CRC-32 (IEEE 802.3, as gzip and S3 have it). */
#ifndef BASE_CRC32_H
#define BASE_CRC32_H

#include "base/slice.h"

#include <stdint.h>

/* Start with 0 and feed the result back in for further bytes. */
uint32_t crc32_update(uint32_t crc, struct slice bytes);
/* The CRC-32 of two texts one behind the other, from theirs and the size of the second. */
uint32_t crc32_join(uint32_t first, uint32_t second, uint64_t second_size);

#endif
