#include "http/http_curl.h"

#include "base/memory.h"
#include "http/http_call.h"
#include "http/http_curl_error.h"
#include "http/http_roots.h"
#include "http/http_sockets.h"
#include "layers/native/native.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "base/banned.h"

#define CONNECTIONS_KEPT 16L
#define RECEIVE_BUFFER (256L * 1024)
#define UPLOAD_BUFFER (256L * 1024)

struct http_curl {
    struct http http; /* first: whoever has one has the other */
    const struct clock *clock;
    const char *user_agent;
    bool initialised; /* by curl_global_init */
    CURLM *multi;     /* NULL until the first call, like the next */
    CURL *easy;
    struct http_sockets sockets;
    struct http_roots *roots;
    bool owns_roots;
    X509_STORE *store;      /* of the call under way, borrowed from roots */
    struct http_call *call; /* under way, or NULL */
    size_t sendings;        /* of the transfer under way: libcurl repeats what had no reply */
    bool refused;           /* a callback ended it: call->error says why */
    bool spoilt;            /* the kept connection must not be used: another one is needed */
    struct curl_slist no_content_type, no_expect, no_accept;
    char detail[CURL_ERROR_SIZE];
    struct http_head head; /* last: its pages are not touched before they are used */
};

/* --- what libcurl calls --- */

/* What ends a call from within: libcurl stops when fewer bytes are taken than it gave. */
static size_t refuse(struct http_curl *self)
{
    self->refused = true;
    return 0;
}

/* libcurl's unit, the second argument of both, is always 1. */

static size_t on_header(char *bytes, size_t one, size_t size, void *user)
{
    struct http_curl *self = user;
    (void)one;
    self->call->response->received_bytes += size;
    return http_call_line(self->call, slice_of(bytes, size)) == 0 ? size : refuse(self);
}

static size_t on_body(char *bytes, size_t one, size_t size, void *user)
{
    struct http_curl *self = user;
    (void)one;
    self->call->response->received_bytes += size;
    return http_call_body(self->call, slice_of(bytes, size)) == 0 ? size : refuse(self);
}

/* Every TLS connection trusts the same store, whose certificates were read once. */
static CURLcode on_tls_context(CURL *easy, void *context, void *user)
{
    const struct http_curl *self = user;
    (void)easy;
    if (self->store == NULL) { /* an https proxy before a plain http server */
        return CURLE_SSL_CACERT_BADFILE;
    }
    SSL_CTX_set1_cert_store(context, self->store);
    return CURLE_OK;
}

static curl_socket_t on_open(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_curl *self = user;
    (void)purpose;
    return http_sockets_open(&self->sockets, address->family, address->socktype, address->protocol);
}

static int on_close(void *user, curl_socket_t fd)
{
    struct http_curl *self = user;
    http_sockets_close(&self->sockets, fd);
    return 0;
}

/* Called before a request is sent: on a kept connection only if nothing has come meanwhile. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is libcurl's */
static int on_request(void *user, char *peer, char *local, int peer_port, int local_port)
{
    struct http_curl *self = user;
    long connects = 0;
    (void)peer, (void)local, (void)peer_port;
    curl_easy_getinfo(self->easy, CURLINFO_NUM_CONNECTS, &connects);
    self->spoilt = connects == 0 && !http_sockets_is_quiet(&self->sockets, local_port);
    self->sendings += self->spoilt ? 0 : 1;
    return self->spoilt ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* --- the request --- */

/* libcurl wants "Name: value", and "Name;" where the value is empty. */
static char *header_line(struct arena *arena, const struct http_header *header)
{
    size_t value_size = header->value.size;
    size_t size = header->name.size + (value_size == 0 ? 1 : 2) + value_size;
    char *line = arena_alloc(arena, size + 1);
    memcpy(line, header->name.data, header->name.size);
    char *end = line + header->name.size;
    if (value_size == 0) {
        *end++ = ';';
    } else {
        *end++ = ':';
        *end++ = ' ';
        memcpy(end, header->value.data, value_size);
        end += value_size;
    }
    *end = '\0';
    return line;
}

/* The request's fields, and before those that libcurl would add by itself the word not to. */
static struct curl_slist *header_list(struct http_curl *self, const struct http_call *call)
{
    const struct http_request *request = call->request;
    struct curl_slist *nodes = arena_zalloc(call->arena, request->header_count, sizeof(*nodes));
    struct curl_slist *first = &self->no_content_type;
    for (size_t i = request->header_count; i > 0; i--) {
        struct curl_slist *node = &nodes[i - 1];
        node->data = header_line(call->arena, &request->headers[i - 1]);
        node->next = first;
        first = node;
    }
    return first;
}

static void set_method(CURL *easy, const struct http_call *call)
{
    const struct http_request *request = call->request;
    if (call->is_head) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    } else if (slice_equal(request->method, SLICE("GET"))) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    } else {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, arena_text(call->arena, request->method));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         request->body.size == 0 ? "" : request->body.data);
    }
}

static void set_request(struct http_curl *self, const struct http_call *call, bool fresh)
{
    const struct http_request *request = call->request;
    CURL *easy = self->easy;
    curl_easy_setopt(easy, CURLOPT_URL, arena_text(call->arena, request->url));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, header_list(self, call));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)http_call_connect_timeout_ms(call));
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, fresh || !request->repeatable ? 1L : 0L);
    /* "" is no proxy; NULL is what the environment says. */
    curl_easy_setopt(easy, CURLOPT_PROXY, request->no_proxy ? "" : NULL);
    set_method(easy, call);
}

/* No pointer into the caller's memory outlives the call. */
static void forget_request(struct http_curl *self)
{
    curl_easy_setopt(self->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(self->easy, CURLOPT_POSTFIELDS, NULL);
    self->call = NULL;
}

/* --- the handle --- */

static void set_always(struct http_curl *self)
{
    CURL *easy = self->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    /* A name that takes long to resolve is not waited for after the call has ended. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, self->detail);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, self->user_agent);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);

    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL); /* on_tls_context brings the roots */
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls_context);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, self);

    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, self);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, self);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, self);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, self);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, self);
}

static void suppress_defaults(struct http_curl *self)
{
    static char content_type[] = "Content-Type:";
    static char expect[] = "Expect:";
    static char accept[] = "Accept:";
    self->no_accept = (struct curl_slist){.data = accept, .next = NULL};
    self->no_expect = (struct curl_slist){.data = expect, .next = &self->no_accept};
    self->no_content_type = (struct curl_slist){.data = content_type, .next = &self->no_expect};
}

/* A program that no dynamic loader started is linked statically: then glibc must not load the
 * host's modules for names (native.h). A dynamic one follows the host's configuration. */
static void stand_alone_if_static(void)
{
    if (getauxval(AT_BASE) == 0) {
        native_stand_alone();
    }
}

/* libcurl's own preparations take 0.3 ms, mostly OpenSSL's: a program that starts need not wait. */
static int open_once(struct http_curl *self, struct error *err)
{
    if (self->easy != NULL) {
        return 0;
    }
    stand_alone_if_static();
    if (!self->initialised) {
        self->initialised = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    }
    if (self->initialised && self->multi == NULL) {
        self->multi = curl_multi_init();
    }
    self->easy = self->multi == NULL ? NULL : curl_easy_init();
    if (self->easy == NULL) {
        return error_set(err, ERROR_SYSTEM, "libcurl cannot be set up");
    }
    curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
    set_always(self);
    return 0;
}

/* --- the call --- */

/* What the transfer ended with; libcurl has just said that it is over. */
static CURLcode take_result(struct http_curl *self)
{
    int left = 0;
    const CURLMsg *message = curl_multi_info_read(self->multi, &left);
    return message != NULL && message->msg == CURLMSG_DONE ? message->data.result
                                                           : CURLE_FAILED_INIT;
}

/* Until the transfer is over, however it ended, or the call's limits end it. */
static int drive(struct http_curl *self, struct http_call *call, struct error *err)
{
    int running = 1;
    while (running > 0) {
        int active = 0;
        if (http_call_check(call, err) != 0) {
            return -1;
        }
        (void)curl_multi_perform(self->multi, &running);
        if (running > 0) {
            (void)curl_multi_poll(self->multi, NULL, 0, (int)http_call_wait_ms(call), &active);
        }
        if (active > 0) {
            http_call_active(call);
        }
    }
    return 0;
}

static int run(struct http_curl *self, struct http_call *call, struct error *err)
{
    if (drive(self, call, err) != 0) {
        return -1;
    }
    CURLcode code = take_result(self);
    if (self->spoilt) {
        return -1; /* and tried again */
    }
    if (self->refused) {
        return http_call_fail(call, err);
    }
    if (code != CURLE_OK) {
        return http_curl_error(self->easy, code, self->detail, err);
    }
    /* libcurl is content with a head that ends with the connection. */
    return self->head.complete ? 0
                               : error_set(err, ERROR_NETWORK, "the reply broke off in its head");
}

static bool was_reused(const struct http_curl *self, const struct http_response *response)
{
    long connects = 0;
    curl_easy_getinfo(self->easy, CURLINFO_NUM_CONNECTS, &connects);
    return connects == 0 && response->received_bytes > 0;
}

static int transfer(struct http_curl *self, struct http_call *call, bool fresh, struct error *err)
{
    self->call = call;
    self->refused = false;
    self->spoilt = false;
    self->sendings = 0;
    self->detail[0] = '\0';
    set_request(self, call, fresh);
    int result = -1;
    if (curl_multi_add_handle(self->multi, self->easy) == CURLM_OK) {
        result = run(self, call, err);
        call->response->reused = was_reused(self, call->response);
        call->response->resent = self->sendings > 1;
        curl_multi_remove_handle(self->multi, self->easy);
    } else {
        (void)error_set(err, ERROR_SYSTEM, "libcurl takes no transfer");
    }
    forget_request(self);
    return result;
}

/* Nothing has been sent on a connection that turned out to be spoilt: another one is made. */
static int transfer_somehow(struct http_curl *self, struct http_call *call, struct error *err)
{
    int result = transfer(self, call, false, err);
    return self->spoilt ? transfer(self, call, true, err) : result;
}

static int http_curl_send(struct http *http, const struct http_request *request,
                          struct arena *arena, struct http_response *response, struct error *err)
{
    struct http_curl *self = (struct http_curl *)http;
    struct http_call call = {.request = request,
                             .response = response,
                             .arena = arena,
                             .head = &self->head,
                             .clock = self->clock};
    int result = -1;
    if (self->call != NULL) { /* from a sink of its own transfer, whose head is not to be touched */
        return error_set(err, ERROR_SYSTEM, "the transport is in use");
    }
    if (http_call_begin(&call, err) != 0) {
        return -1;
    }
    self->store = call.target.tls ? http_roots_for(self->roots, call.target.host, err) : NULL;
    if ((!call.target.tls || self->store != NULL) && open_once(self, err) == 0) {
        result = transfer_somehow(self, &call, err);
    }
    return http_call_name(&call, result, err);
}

/* --- the transport --- */

struct http *http_curl_new(const struct http_curl_options *options, struct error *err)
{
    struct http_curl *self = memory_allocate(sizeof(*self));
    memset(self, 0, offsetof(struct http_curl, head));
    self->http.send = http_curl_send;
    self->clock = options->clock == NULL ? &clock_system : options->clock;
    self->user_agent = options->user_agent;
    http_head_init(&self->head);
    self->owns_roots = options->roots == NULL;
    self->roots = self->owns_roots ? http_roots_new() : options->roots;
    suppress_defaults(self);
    (void)err; /* what can fail is put off until the first call */
    return &self->http;
}

void http_curl_free(struct http *http)
{
    struct http_curl *self = (struct http_curl *)http;
    if (self == NULL) {
        return;
    }
    curl_easy_cleanup(self->easy);
    curl_multi_cleanup(self->multi);
    if (self->initialised) {
        curl_global_cleanup();
    }
    http_head_release(&self->head);
    if (self->owns_roots) {
        http_roots_free(self->roots);
    }
    free(self);
}
