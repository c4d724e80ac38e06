/*
 * Calls an AWS service: signs, sends, reads the error, decides whether to try again. The only way
 * in which service files talk to the network.
 *
 * Tries are repeated until they succeed, the retry policy or the deadline says stop, or the failure
 * is one that trying cannot help. What may have been carried out is repeated only if the request is
 * repeatable; throttled and otherwise refused requests always may be. Three faults are put right
 * once a call, at once: expired keys (reloaded), a wrong clock (corrected by the reply's Date), a
 * bucket in another region (asked there, and remembered). Once the body sink has seen a byte,
 * nothing is repeated here: whoever owns the sink knows how to go on.
 */
#ifndef AWS_AWS_CALL_H
#define AWS_AWS_CALL_H

#include "aws/aws_request.h"
#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/keep_alive.h"
#include "base/random.h"
#include "base/retry.h"
#include "http/http.h"

#define AWS_BUCKET_REGIONS_COUNT 8

/*
 * What calls need. It serves one call at a time: a sink that writes to S3 while S3 is read into it
 * needs a client and a transport of its own.
 */
struct aws_client {
    struct http *http; /* borrowed, as all that is pointed to */
    struct credentials_provider *credentials;
    const struct clock *clock;
    const struct random_source *random;
    struct slice region;                 /* "eu-west-1" */
    const struct retry_policy *retry;    /* retry_default, unless changed */
    int64_t deadline_ms;                 /* wall clock; 0: none. Set for each invocation */
    int64_t grace_ms;                    /* behind the deadline, to undo what was not finished */
    const volatile sig_atomic_t *cancel; /* non-zero ends a call; or NULL */
    int64_t patience_ms;                 /* most time without a byte in or out */
    /*
     * Called before each try, never while a request or a streamed body of this client is under way.
     * It may make calls through this client; they do not call it again. If it fails, the call ends
     * with its error. Set it anew for each unit of work.
     */
    struct keep_alive keep_alive;

    uint64_t calls; /* so far, for benches and metrics */
    uint64_t tries;

    /* Inner state. */
    struct sigv4_key_cache keys;
    int64_t skew_ms; /* added to our clock it is the service's */
    struct strbuf body;
    struct aws_bucket_region {
        char bucket[256]; /* empty: free */
        char region[33];
    } bucket_regions[AWS_BUCKET_REGIONS_COUNT];
    size_t next_bucket_region;
    bool busy;
};

struct aws_client_options {
    struct http *http;
    struct credentials_provider *credentials;
    const struct clock *clock;          /* NULL: clock_system */
    const struct random_source *random; /* NULL: random_system */
    struct slice region;
};

void aws_client_init(struct aws_client *client, const struct aws_client_options *options);
/* Wipes keys and buffer. Takes NULL. */
void aws_client_release(struct aws_client *client);

struct aws_reply {
    struct http_response response; /* its body is not set, unless `body` came from it */
    struct slice body;             /* in the client's buffer: valid until its next call */
    int tries;
    uint64_t delivered; /* bytes given to body_sink, also when the call failed */
    /* The failure is one that body_sink, check_head or keep_alive returned: do not repeat the call.
     */
    bool ended_by_caller;
    /* A try failed in a way that does not tell whether the service did what was asked. The error of
     * a later try does not take that back. */
    bool may_have_acted;
};

/*
 * Calls. The reply's status is 2xx. The error names service, operation and subject, and tells what
 * earlier tries met ("s3 PutObject s3://b/k: 3 tries: SlowDown, SlowDown, then: InternalError: …");
 * kind, status and code are those of the last try. *reply is filled in either case.
 */
int aws_call(struct aws_client *client, const struct aws_request *request, struct arena *arena,
             struct aws_reply *reply, struct error *err);

/*
 * A reply with status 2xx makes no sense: that is no fault of who asked or of what was asked for,
 * and another try may bring a better one. Makes the parser's error ERROR_REMOTE, retryable, with
 * the call's name before its message; returns -1.
 */
int aws_call_bad_reply(const struct aws_request *request, struct error *err);

/* Overwrites the body of the last reply, which a secret was read from. */
void aws_client_wipe_reply(struct aws_client *client);

#endif
