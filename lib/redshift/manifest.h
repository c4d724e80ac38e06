/*
 * The manifest that COPY reads: it names exactly the objects meant, each mandatory, because a COPY
 * path is a prefix and would take siblings along.
 */
#ifndef REDSHIFT_MANIFEST_H
#define REDSHIFT_MANIFEST_H

#include "base/slice.h"
#include "base/strbuf.h"

struct manifest_entry {
    struct slice bucket;
    struct slice key;
};

/* Appends {"entries":[{"url":"s3://bucket/key","mandatory":true}, …]}. */
void manifest_build(struct strbuf *out, const struct manifest_entry *entries, size_t count);

#endif
