/* Which objects are none of our business. Pure. */
#ifndef JOB_IGNORE_H
#define JOB_IGNORE_H

#include "event/s3_object.h"
#include "services/folder_settings.h"

/* Is it a removal, a folder marker (its key ends in '/', and it has no content), or our own output:
 * below archive_folder or processing_folder? */
bool ignore_object(const struct folder_settings *folders, const struct s3_object_event *object);

/* The folder of ours that the key is in; empty: none. */
struct slice ignore_folder(const struct folder_settings *folders, struct slice key);

#endif
