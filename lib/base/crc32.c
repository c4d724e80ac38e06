#include "base/crc32.h"

#include <zlib.h>

#include "base/banned.h"

uint32_t crc32_update(uint32_t crc, struct slice bytes)
{
    /* zlib takes NULL as the wish to begin anew. */
    return bytes.size == 0 ? crc
                           : (uint32_t)crc32_z(crc, (const unsigned char *)bytes.data, bytes.size);
}

uint32_t crc32_join(uint32_t first, uint32_t second, uint64_t second_size)
{
    return (uint32_t)crc32_combine(first, second, (z_off_t)second_size);
}
