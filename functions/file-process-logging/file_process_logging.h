/* The function that Redshift's status event starts: the outcome of a load or a transformation is
 * recorded, and what follows from it is done. */
#ifndef FILE_PROCESS_LOGGING_FILE_PROCESS_LOGGING_H
#define FILE_PROCESS_LOGGING_FILE_PROCESS_LOGGING_H

#include "runtime/lambda_loop.h"

/* A lambda_handler; its state is a struct services. */
int file_process_logging_handle(const struct lambda_context *context, struct slice event_text,
                                struct arena *arena, struct strbuf *response, struct error *err);

#endif
