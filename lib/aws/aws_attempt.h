/* One try of a call: signed, sent, and its reply read. aws_call.c decides what follows. */
#ifndef AWS_AWS_ATTEMPT_H
#define AWS_AWS_ATTEMPT_H

#include "aws/aws_call.h"
#include "aws/aws_error.h"

struct aws_attempt {
    struct error error;
    bool sent;     /* else it failed before a byte left */
    bool answered; /* `remote` is what the service said */
    struct aws_error remote;
    int64_t signed_at_ms;
    int64_t started_ms;
};

/* Sends the request once. True: it succeeded, and *reply is the service's; else *attempt says what
 * went wrong. */
bool aws_attempt(struct aws_client *client, const struct aws_request *request, struct slice region,
                 struct arena *arena, struct aws_reply *reply, struct aws_attempt *attempt);

#endif
