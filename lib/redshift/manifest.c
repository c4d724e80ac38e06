#include "redshift/manifest.h"

#include "base/json_writer.h"

#include "base/banned.h"

static void write_entry(struct json_writer *writer, const struct manifest_entry *entry)
{
    struct strbuf url = STRBUF_INIT;
    strbuf_append_text(&url, "s3://");
    strbuf_append(&url, entry->bucket);
    strbuf_append_char(&url, '/');
    strbuf_append(&url, entry->key);
    json_write_object(writer);
    json_write_member_string(writer, "url", strbuf_slice(&url));
    json_write_member_bool(writer, "mandatory", true);
    json_write_object_end(writer);
    strbuf_release(&url);
}

void manifest_build(struct strbuf *out, const struct manifest_entry *entries, size_t count)
{
    struct json_writer writer = json_writer_to(out);
    json_write_object(&writer);
    json_write_name(&writer, SLICE("entries"));
    json_write_array(&writer);
    for (size_t i = 0; i < count; i++) {
        write_entry(&writer, &entries[i]);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}
