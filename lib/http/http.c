#include "http/http.h"

#include "base/banned.h"

bool http_header_find(const struct http_response *response, const char *name, struct slice *value)
{
    struct slice wanted = slice_from(name);
    for (size_t i = response->header_count; i > 0; i--) {
        const struct http_header *header = &response->headers[i - 1];
        if (slice_equal_nocase(header->name, wanted)) {
            *value = header->value;
            return true;
        }
    }
    return false;
}

struct slice http_header_text(const struct http_response *response, const char *name)
{
    struct slice value = SLICE("");
    (void)http_header_find(response, name, &value);
    return value;
}

bool http_header_number(const struct http_response *response, const char *name, uint64_t *number)
{
    struct slice value;
    return http_header_find(response, name, &value) && slice_to_u64(value, number);
}
