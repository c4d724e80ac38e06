/* What the search does with an object that a listing shows. Pure. */
#ifndef OPERATE_FINDING_H
#define OPERATE_FINDING_H

#include "aws/s3/s3_list.h"
#include "base/strbuf.h"
#include "event/s3_object.h"
#include "services/folder_settings.h"

enum finding {
    FINDING_WANTED,   /* taken in, if it has no row */
    FINDING_YOUNG,    /* its event may still come */
    FINDING_IGNORED,  /* a folder marker, or our own output */
    FINDING_UNUSABLE, /* its key cannot be handled: *problem says why */
};

/* The object as an event would name it, had one come. */
struct s3_object_event finding_object(struct slice bucket, const struct s3_list_entry *entry);

/* Objects that were modified after `latest_ms` are too young. */
enum finding finding_judge(const struct folder_settings *folders, struct slice bucket,
                           const struct s3_list_entry *entry, int64_t latest_ms,
                           struct error *problem);

/* Where the search goes on after this key: after the whole folder, where it is one of ours, so that
 * a large archive costs one page and not all of its own. */
void finding_go_on_after(const struct folder_settings *folders, struct slice key,
                         struct strbuf *after);

#endif
