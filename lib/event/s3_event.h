/*
 * The two forms in which S3 reports that something happened to an object: its own event message
 * and EventBridge's event. Their sequencers have different lengths and paddings, so that of
 * EventBridge is marked: sequencers of different sources are never compared.
 */
#ifndef EVENT_S3_EVENT_H
#define EVENT_S3_EVENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/slice.h"
#include "event/s3_object.h"

#define S3_EVENT_SEQUENCER_LIMIT 64         /* characters, without the mark */
#define S3_EVENT_BRIDGE_MARK "eventbridge:" /* before a sequencer; lib/state/sql knows it */

/* Reads one of the "Records" of S3's own message. ERROR_INVALID says why the record cannot be
 * worked on; the slices belong to the arena and the document. */
int s3_event_read_record(struct arena *arena, const json *record, struct s3_object_event *object,
                         struct error *err);

/* Is this document an event of S3 from EventBridge? */
bool s3_event_is_bridge(const json *document);
/* Reads it, as above: "Object Created" is a creation. Everything else is not; it need not name an
 * object. */
int s3_event_read_bridge(struct arena *arena, const json *document, struct s3_object_event *object,
                         struct error *err);

#endif
