#include "aws/aws_url.h"

#include "http/http_request.h"

#include "base/banned.h"

/* The location without the port that goes without saying. */
static struct slice authority_of(const struct http_target *target)
{
    uint64_t port = 0;
    bool is_default = slice_to_u64(target->port, &port) && port == (target->tls ? 443 : 80);
    return is_default ? slice_take(target->location, target->location.size - target->port.size - 1)
                      : target->location;
}

bool aws_url_parse(struct slice text, struct aws_url *url)
{
    struct http_target target;
    struct aws_url parsed;
    if (http_target_parse(text, &target, NULL) != 0) {
        return false;
    }
    parsed.secure = target.tls;
    parsed.host = target.host;
    parsed.authority = authority_of(&target);
    size_t before_path = (size_t)(target.location.data - text.data) + target.location.size;
    (void)slice_cut(slice_skip(text, before_path), '?', &parsed.path, &parsed.query);
    *url = parsed;
    return true;
}

/* Four decimal numbers up to 255. A resolver would take other notations too ("127.1"); they are no
 * addresses here. */
static bool is_ipv4(struct slice host)
{
    struct slice part;
    size_t parts = 0;
    bool more = true;
    while (more) {
        uint64_t number = 0;
        more = slice_cut(host, '.', &part, &host);
        if (part.size > 3 || !slice_to_u64(part, &number) || number > 255) {
            return false;
        }
        parts++;
    }
    return parts == 4;
}

bool aws_url_is_loopback(const struct aws_url *url)
{
    return slice_equal_nocase(url->host, SLICE("localhost")) ||
           slice_equal(url->host, SLICE("::1")) ||
           (slice_starts_with(url->host, SLICE("127.")) && is_ipv4(url->host));
}
