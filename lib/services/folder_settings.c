#include "services/folder_settings.h"

#include "services/setting.h"

#include "base/banned.h"

#define FOLDER_LIMIT 500 /* bytes: half a key stays for names, times and ids */
/* Redshift cuts names of objects at 256 bytes in its load errors, and the file id must be in them:
 * s3://<bucket, up to 63>/<folder>/<id, 36>/data- */
#define PROCESSING_FOLDER_LIMIT (256 - 5 - 63 - 1 - 1 - 36 - 6)

static int read_folder(const char *name, size_t limit, struct slice *value, struct error *err)
{
    if (setting_require(name, value, err) != 0) {
        return -1;
    }
    while (slice_starts_with(*value, SLICE("/"))) {
        *value = slice_skip(*value, 1);
    }
    while (slice_ends_with(*value, SLICE("/"))) {
        value->size--;
    }
    if (value->size == 0) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s must name a folder of the bucket", name);
    }
    if (value->size > limit) {
        return error_set(err, ERROR_CONFIGURATION,
                         "environment variable %s has %zu bytes; this folder's name may have %zu",
                         name, value->size, limit);
    }
    return 0;
}

int folder_settings_read(struct folder_settings *settings, struct error *err)
{
    if (read_folder("archive_folder", FOLDER_LIMIT, &settings->archive, err) != 0 ||
        read_folder("processing_folder", PROCESSING_FOLDER_LIMIT, &settings->processing, err) !=
            0) {
        return -1;
    }
    if (slice_equal(settings->archive, settings->processing)) {
        return error_set(err, ERROR_CONFIGURATION,
                         "archive_folder and processing_folder must be different folders");
    }
    return 0;
}
