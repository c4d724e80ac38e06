#include "job/ignore.h"

#include "base/banned.h"

static bool is_inside(struct slice key, struct slice folder)
{
    return key.size > folder.size && slice_starts_with(key, folder) && key.data[folder.size] == '/';
}

struct slice ignore_folder(const struct folder_settings *folders, struct slice key)
{
    if (is_inside(key, folders->archive)) {
        return folders->archive;
    }
    return is_inside(key, folders->processing) ? folders->processing : SLICE("");
}

static bool is_folder_marker(const struct s3_object_event *object)
{
    return slice_ends_with(object->key, SLICE("/")) && object->size_bytes == 0;
}

bool ignore_object(const struct folder_settings *folders, const struct s3_object_event *object)
{
    return !object->is_creation || is_folder_marker(object) ||
           ignore_folder(folders, object->key).size > 0;
}
