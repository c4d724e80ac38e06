#include "base/hex.h"

#include "base/banned.h"

int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

int hex_pair_value(const char digits[2])
{
    int high = hex_value(digits[0]);
    int low = hex_value(digits[1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

void hex_write(struct slice bytes, char *digits)
{
    static const char lower[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        digits[2 * i] = lower[byte >> 4];
        digits[2 * i + 1] = lower[byte & 0xF];
    }
}
