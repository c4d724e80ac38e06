#include "http/http_head.h"

#include "base/banned.h"

#define NOT_HTTP(err, what) error_set((err), ERROR_INVALID, "the reply %s", (what))

void http_head_init(struct http_head *head)
{
    strbuf_init(&head->text);
    http_head_start(head);
}

void http_head_release(struct http_head *head)
{
    strbuf_release(&head->text);
}

/* Forgets the fields of an interim reply, or of the last one. */
static void forget_fields(struct http_head *head)
{
    strbuf_clear(&head->text);
    head->field_count = 0;
    head->status = 0;
    head->minor_version = 0;
}

void http_head_start(struct http_head *head)
{
    forget_fields(head);
    head->bytes = 0;
    head->complete = false;
}

bool http_is_token_byte(char byte)
{
    switch (byte) {
    case 'a' ... 'z':
    case 'A' ... 'Z':
    case '0' ... '9':
    case '!':
    case '#' ... '\'': /* # $ % & ' */
    case '*':
    case '+':
    case '-':
    case '.':
    case '^' ... '`': /* ^ _ ` */
    case '|':
    case '~':
        return true;
    default:
        return false;
    }
}

bool http_is_value_byte(char byte)
{
    unsigned char code = (unsigned char)byte;
    return code == '\t' || (code >= ' ' && code != 0x7F);
}

static bool are_value_bytes(struct slice text)
{
    bool allowed = true;
    for (size_t i = 0; allowed && i < text.size; i++) {
        allowed = http_is_value_byte(text.data[i]);
    }
    return allowed;
}

/* Without the line end: CR LF, or LF alone, which RFC 9112 tells a client to bear. */
static struct slice without_end(struct slice line)
{
    if (line.size > 0 && line.data[line.size - 1] == '\n') {
        line.size--;
        if (line.size > 0 && line.data[line.size - 1] == '\r') {
            line.size--;
        }
    }
    return line;
}

/* "HTTP/1.1 200 OK": the reason may be missing, and the blank before it. */
static int take_status_line(struct http_head *head, struct slice line, struct error *err)
{
    struct slice rest = slice_skip(line, sizeof("HTTP/1.1 ") - 1);
    uint64_t status = 0;
    if ((!slice_starts_with(line, SLICE("HTTP/1.1 ")) &&
         !slice_starts_with(line, SLICE("HTTP/1.0 "))) ||
        !slice_to_u64(slice_take(rest, 3), &status) || status < 100 || status > 599 ||
        (rest.size > 3 && rest.data[3] != ' ') || !are_value_bytes(rest)) {
        return NOT_HTTP(err, "does not begin with an HTTP/1.1 status line");
    }
    if (status == 101) {
        return NOT_HTTP(err, "switches to a protocol that nobody asked for");
    }
    head->status = (int)status;
    head->minor_version = line.data[sizeof("HTTP/1.") - 1] - '0';
    return 0;
}

static struct slice field_name(const struct http_head *head, size_t index)
{
    const struct http_head_field *field = &head->fields[index];
    return slice_of(head->text.data + field->name_start, field->name_size);
}

static struct slice field_value(const struct http_head *head, size_t index)
{
    const struct http_head_field *field = &head->fields[index];
    return slice_of(head->text.data + field->value_start, field->value_size);
}

/* Where the text went, as an offset: the limit on bytes keeps it far below 4 GiB. */
static uint32_t append_text(struct http_head *head, struct slice text)
{
    uint32_t start = (uint32_t)head->text.size;
    strbuf_append(&head->text, text);
    return start;
}

static int split_field(struct slice line, struct slice *name, struct slice *value,
                       struct error *err)
{
    bool valid = slice_cut(line, ':', name, value) && name->size > 0;
    for (size_t i = 0; valid && i < name->size; i++) {
        valid = http_is_token_byte(name->data[i]);
    }
    if (!valid) {
        return NOT_HTTP(err, "has a header line that is none");
    }
    if (!are_value_bytes(*value)) {
        return error_set(err, ERROR_INVALID, "the reply has a control character in header %.*s",
                         SLICE_ARG(slice_take(*name, 100)));
    }
    *value = slice_trim(*value);
    return 0;
}

static int take_field(struct http_head *head, struct slice line, struct error *err)
{
    struct slice name;
    struct slice value;
    if (split_field(line, &name, &value, err) != 0) {
        return -1;
    }
    if (head->field_count == HTTP_HEADERS_LIMIT) {
        return error_set(err, ERROR_LIMIT, "the reply has more than %d header fields",
                         HTTP_HEADERS_LIMIT);
    }
    head->fields[head->field_count++] = (struct http_head_field){
        .name_start = append_text(head, name),
        .name_size = (uint32_t)name.size,
        .value_start = append_text(head, value),
        .value_size = (uint32_t)value.size,
    };
    return 0;
}

/* A line that begins with a blank goes on with the value of the last field, which stands at the
 * end of the text. */
static int take_fold(struct http_head *head, struct slice line, struct error *err)
{
    if (head->field_count == 0) {
        return NOT_HTTP(err, "begins with a folded header line");
    }
    if (!are_value_bytes(line)) {
        return NOT_HTTP(err, "has a control character in a folded header line");
    }
    struct http_head_field *last = &head->fields[head->field_count - 1];
    struct slice more = slice_trim(line);
    if (more.size > 0 && last->value_size > 0) {
        strbuf_append_char(&head->text, ' ');
    }
    strbuf_append(&head->text, more);
    last->value_size = (uint32_t)head->text.size - last->value_start;
    return 0;
}

/* Where the body ends, by the head. Who sees another end than we do could slip a second reply in.
 */
struct framing {
    struct slice length; /* as written; empty: none */
    bool is_chunked;
};

static int take_length(struct framing *framing, struct slice value, struct error *err)
{
    uint64_t number = 0;
    if (!slice_to_u64(value, &number) || number > INT64_MAX) {
        return NOT_HTTP(err, "has a Content-Length that is no number");
    }
    if (framing->length.size > 0 && !slice_equal(framing->length, value)) {
        return NOT_HTTP(err, "has two different lengths");
    }
    framing->length = value;
    return 0;
}

static int take_coding(struct framing *framing, struct slice value, struct error *err)
{
    if (framing->is_chunked || !slice_equal_nocase(value, SLICE("chunked"))) {
        return NOT_HTTP(err, "has a Transfer-Encoding other than chunked");
    }
    framing->is_chunked = true;
    return 0;
}

static int take_framing(struct framing *framing, struct slice name, struct slice value,
                        struct error *err)
{
    if (slice_equal_nocase(name, SLICE("content-length"))) {
        return take_length(framing, value, err);
    }
    if (slice_equal_nocase(name, SLICE("transfer-encoding"))) {
        return take_coding(framing, value, err);
    }
    return 0;
}

static int check_framing(const struct http_head *head, struct error *err)
{
    struct framing framing = {.length = {NULL, 0}};
    for (size_t i = 0; i < head->field_count; i++) {
        if (take_framing(&framing, field_name(head, i), field_value(head, i), err) != 0) {
            return -1;
        }
    }
    return framing.is_chunked && framing.length.size > 0
               ? NOT_HTTP(err, "has both a length and chunks")
               : 0;
}

/* The blank line: the end of an interim head, or of the final one. */
static int take_end(struct http_head *head, struct error *err)
{
    if (head->status < 200) {
        forget_fields(head);
        return 0;
    }
    if (check_framing(head, err) != 0) {
        return -1;
    }
    head->complete = true;
    return 0;
}

static int take_trailer(struct slice line, struct error *err)
{
    struct slice name;
    struct slice value;
    return line.size == 0 ? 0 : split_field(line, &name, &value, err);
}

int http_head_line(struct http_head *head, struct slice line, struct error *err)
{
    head->bytes += line.size;
    if (head->bytes > HTTP_HEADERS_BYTES_LIMIT) {
        return error_set(err, ERROR_LIMIT, "the reply has more than %d bytes of header lines",
                         HTTP_HEADERS_BYTES_LIMIT);
    }
    struct slice text = without_end(line);
    if (head->complete) {
        return take_trailer(text, err);
    }
    if (head->status == 0) {
        return take_status_line(head, text, err);
    }
    if (text.size == 0) {
        return take_end(head, err);
    }
    return text.data[0] == ' ' || text.data[0] == '\t' ? take_fold(head, text, err)
                                                       : take_field(head, text, err);
}

void http_head_store(const struct http_head *head, struct arena *arena,
                     struct http_response *response)
{
    struct slice text = arena_copy(arena, strbuf_slice(&head->text));
    struct http_header *headers = arena_zalloc(arena, head->field_count, sizeof(*headers));
    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_head_field *field = &head->fields[i];
        headers[i].name = slice_of(text.data + field->name_start, field->name_size);
        headers[i].value = slice_of(text.data + field->value_start, field->value_size);
    }
    response->status = head->status;
    response->headers = headers;
    response->header_count = head->field_count;
}
