/* What file-process answers: JSON, for the person who ordered it, or for the queue. */
#ifndef FILE_PROCESS_ANSWER_H
#define FILE_PROCESS_ANSWER_H

#include "advance/advance.h"
#include "base/json_writer.h"
#include "base/strbuf.h"
#include "operate/sweep.h"

/*
 * {"objects": n, "items": [{"bucket", "key", "file_id", "state", "result", "until", "message"}]};
 * what does not apply is left out. Items after the first ANSWER_ITEMS_LIMIT are counted only.
 */
#define ANSWER_ITEMS_LIMIT 100

struct answer {
    struct json_writer writer;
    size_t items;
};

void answer_begin(struct answer *answer, struct strbuf *response, size_t objects);
void answer_add(struct answer *answer, const struct advance_result *result);
void answer_end(struct answer *answer);

/*
 * {"batchItemFailures": [{"itemIdentifier": "<message id>"}]}: Lambda deletes all other messages of
 * the batch. A message whose objects failed is named once; they follow each other.
 */
struct batch_answer {
    struct json_writer writer;
    struct slice last_id; /* that was named */
    size_t failed;        /* messages */
};

void answer_batch_begin(struct batch_answer *answer, struct strbuf *response);
void answer_batch_failed(struct batch_answer *answer, struct slice message_id);
void answer_batch_end(struct batch_answer *answer);

/* {"due": n, "failed": n, "left": n, "searched": n, "found": n} */
void answer_sweep(struct strbuf *response, const struct sweep *sweep);

#endif
