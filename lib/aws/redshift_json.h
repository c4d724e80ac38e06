/*
 * What requests and replies of the Redshift Data API have in common. For redshift_data.c and
 * redshift_result.c only.
 */
#ifndef AWS_REDSHIFT_JSON_H
#define AWS_REDSHIFT_JSON_H

#include "aws/aws_call.h"
#include "base/json.h"
#include "base/json_writer.h"

/* The request of a body, which may be sent again; the buffer is released. */
struct aws_request redshift_json_request(const char *target, struct strbuf *body,
                                         struct arena *arena);
/* A member, unless the text is empty. */
void redshift_json_write(struct json_writer *writer, const char *name, struct slice text);
/* {"<name>": "<text>", "NextToken": …} */
void redshift_json_question(struct strbuf *body, const char *name, struct slice text,
                            struct slice next_token);

/* NULL with *err when the body is no JSON. */
const json *redshift_json_parse(struct slice body, struct arena *arena, struct error *err);

#endif
