/*
 * SNS: publishing a message to a topic.
 *
 * Source: Amazon SNS API reference, Publish, 2010-03-31.
 */
#ifndef AWS_SNS_H
#define AWS_SNS_H

#include "aws/aws_call.h"

#define SNS_SUBJECT_LIMIT 99               /* bytes */
#define SNS_MESSAGE_LIMIT ((size_t)262144) /* bytes of subject and message */

struct sns_message {
    struct slice topic_arn;
    struct slice subject; /* made legal by sns_append_subject; empty: none */
    struct slice message;
    bool is_json; /* MessageStructure json: an object of strings with "default" */
};

/* Appends what SNS takes as a subject: printable ASCII in one line, at most 99 bytes; what is not
 * becomes '?', a longer one ends in "...". */
void sns_append_subject(struct strbuf *out, struct slice subject);

int sns_publish_request(const struct sns_message *message, struct arena *arena,
                        struct aws_request *request, struct error *err);
int sns_publish_parse(struct slice body, struct arena *arena, struct slice *message_id,
                      struct error *err);
/* Not repeatable: after an unknown outcome the caller decides whether a second message does harm.
 */
int sns_publish(struct aws_client *client, const struct sns_message *message, struct arena *arena,
                struct slice *message_id, struct error *err);

#endif
