/* The function that an S3 event starts: each object is checked, prepared and submitted. */
#ifndef FILE_PROCESS_FILE_PROCESS_H
#define FILE_PROCESS_FILE_PROCESS_H

#include "runtime/lambda_loop.h"

/* A lambda_handler; its state is a struct services. */
int file_process_handle(const struct lambda_context *context, struct slice event_text,
                        struct arena *arena, struct strbuf *response, struct error *err);

#endif
