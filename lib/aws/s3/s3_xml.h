/* Reading S3's XML replies field by field; for the files of S3 only. Pure. */
#ifndef AWS_S3_XML_H
#define AWS_S3_XML_H

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "base/xml.h"

/*
 * Walks over the children of one element. Before: the reader has just given the start of the
 * element. s3_xml_next gives the next child (reader->name is its name), which the caller then reads
 * whole; false at the end of the element, or with *failed and *err at a bad document.
 */
bool s3_xml_next(struct xml_reader *reader, bool *failed, struct error *err);

/* Enters the root element, which must have this name; else ERROR_INVALID names it. */
int s3_xml_enter(struct xml_reader *reader, struct slice body, const char *root, struct error *err);

/* Each reads the child that s3_xml_next has just given. ERROR_INVALID names the child. */
int s3_xml_text(struct xml_reader *reader, struct arena *arena, struct slice *text,
                struct error *err);
int s3_xml_key(struct xml_reader *reader, struct arena *arena, struct slice *key,
               struct error *err); /* percent-encoded, as encoding-type=url asks */
int s3_xml_number(struct xml_reader *reader, struct arena *arena, uint64_t *number,
                  struct error *err);
int s3_xml_time(struct xml_reader *reader, struct arena *arena, int64_t *time_ms,
                struct error *err);
int s3_xml_truth(struct xml_reader *reader, struct arena *arena, bool *truth, struct error *err);

/* Is the root of the reply this element? Replies with status 200 may be errors. */
bool s3_xml_has_root(struct slice body, const char *root);

/* Appends text as the content of an element. */
void s3_xml_append(struct strbuf *out, struct slice text);

#endif
