#include "http/http_request.h"

#include "http/http_head.h"

#include "base/banned.h"

#define METHOD_LIMIT 20

static int take_scheme(struct slice *rest, bool *tls)
{
    static const struct slice plain = SLICE_INIT("http://");
    static const struct slice secure = SLICE_INIT("https://");
    *tls = slice_equal_nocase(slice_take(*rest, secure.size), secure);
    if (!*tls && !slice_equal_nocase(slice_take(*rest, plain.size), plain)) {
        return -1;
    }
    *rest = slice_skip(*rest, *tls ? secure.size : plain.size);
    return 0;
}

/* Up to the path or the query. */
static struct slice take_location(struct slice rest)
{
    size_t size = 0;
    while (size < rest.size && rest.data[size] != '/' && rest.data[size] != '?') {
        size++;
    }
    return slice_take(rest, size);
}

static bool is_host_byte(char byte)
{
    switch (byte) {
    case 'a' ... 'z':
    case 'A' ... 'Z':
    case '0' ... '9':
    case '-':
    case '.':
    case '_':
        return true;
    default:
        return false;
    }
}

static bool is_address_byte(char byte)
{
    switch (byte) {
    case 'a' ... 'f':
    case 'A' ... 'F':
    case '0' ... '9':
    case ':':
    case '.':
        return true;
    default:
        return false;
    }
}

static bool are_all(struct slice text, bool (*allowed)(char byte))
{
    size_t good = 0;
    while (good < text.size && allowed(text.data[good])) {
        good++;
    }
    return text.size > 0 && good == text.size;
}

/* "host", "host:port", "[address]" or "[address]:port". */
static bool split_location(struct slice location, struct slice *host, struct slice *port)
{
    bool has_port;
    bool valid;
    if (slice_starts_with(location, SLICE("["))) {
        struct slice after;
        valid = slice_cut(slice_skip(location, 1), ']', host, &after) &&
                are_all(*host, is_address_byte) && slice_find(*host, ':') != SLICE_NONE;
        has_port = after.size > 0;
        valid = valid && (!has_port || after.data[0] == ':');
        *port = slice_skip(after, 1);
    } else {
        has_port = slice_cut(location, ':', host, port);
        valid = are_all(*host, is_host_byte);
    }
    uint64_t number = 0;
    return valid && (!has_port || (slice_to_u64(*port, &number) && number > 0 && number <= 65535));
}

/* Printable ASCII without what RFC 3986 never allows or what would begin a fragment. */
static bool is_url_byte(char byte)
{
    switch (byte) {
    case '"':
    case '#':
    case '<':
    case '>':
    case '\\':
    case '^':
    case '`':
    case '{':
    case '|':
    case '}':
        return false;
    default:
        return byte > ' ' && byte < 0x7F;
    }
}

int http_target_parse(struct slice url, struct http_target *target, struct error *err)
{
    struct slice rest = url;
    struct http_target parsed = {.tls = false};
    if (url.size > HTTP_URL_LIMIT) {
        return error_set(err, ERROR_LIMIT, "a URL is longer than %d bytes", HTTP_URL_LIMIT);
    }
    if (take_scheme(&rest, &parsed.tls) != 0) {
        return error_set(err, ERROR_INVALID, "a URL begins with neither http:// nor https://");
    }
    parsed.location = take_location(rest);
    if (!split_location(parsed.location, &parsed.host, &parsed.port)) {
        return error_set(err, ERROR_INVALID, "a URL has no valid host and port");
    }
    if (!are_all(url, is_url_byte)) {
        return error_set(err, ERROR_INVALID,
                         "a URL of host %.*s has bytes that are not percent-encoded",
                         SLICE_ARG(parsed.host));
    }
    *target = parsed;
    return 0;
}

static int check_header(const struct http_header *header, struct error *err)
{
    if (!are_all(header->name, http_is_token_byte)) {
        return error_set(err, ERROR_INVALID, "a request header has a name that is none");
    }
    if (header->value.size > 0 && !are_all(header->value, http_is_value_byte)) {
        return error_set(err, ERROR_INVALID, "request header %.*s has a control character",
                         SLICE_ARG(slice_take(header->name, 100)));
    }
    return 0;
}

int http_request_check(const struct http_request *request, struct error *err)
{
    if (request->method.size > METHOD_LIMIT || !are_all(request->method, http_is_token_byte)) {
        return error_set(err, ERROR_INVALID, "a request has a method that is none");
    }
    if (request->body.size > 0 && (slice_equal(request->method, SLICE("GET")) ||
                                   slice_equal(request->method, SLICE("HEAD")))) {
        return error_set(err, ERROR_INVALID, "a %.*s request has a body",
                         SLICE_ARG(request->method));
    }
    int result = 0;
    for (size_t i = 0; result == 0 && i < request->header_count; i++) {
        result = check_header(&request->headers[i], err);
    }
    return result;
}
