#include "operate/finding.h"

#include "job/ignore.h"

#include "base/banned.h"

/* The highest character of UTF-8, and so of the order in which S3 lists keys. */
#define HIGHEST_CHARACTER "\xF4\x8F\xBF\xBF"

struct s3_object_event finding_object(struct slice bucket, const struct s3_list_entry *entry)
{
    return (struct s3_object_event){
        .origin = S3_OBJECT_OF_SEARCH,
        .bucket = bucket,
        .key = entry->key,
        .etag = entry->etag,
        .size_bytes = entry->size,
        .is_creation = true,
    };
}

enum finding finding_judge(const struct folder_settings *folders, struct slice bucket,
                           const struct s3_list_entry *entry, int64_t latest_ms,
                           struct error *problem)
{
    const struct s3_object_event object = finding_object(bucket, entry);
    if (ignore_object(folders, &object)) {
        return FINDING_IGNORED;
    }
    if (entry->modified_ms > latest_ms) {
        return FINDING_YOUNG;
    }
    return s3_object_check(&object, problem) == 0 ? FINDING_WANTED : FINDING_UNUSABLE;
}

void finding_go_on_after(const struct folder_settings *folders, struct slice key,
                         struct strbuf *after)
{
    struct slice folder = ignore_folder(folders, key);
    strbuf_clear(after);
    if (folder.size > 0) {
        strbuf_append(after, folder);
        strbuf_append_text(after, "/" HIGHEST_CHARACTER);
    } else {
        strbuf_append(after, key);
    }
}
