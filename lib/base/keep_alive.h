/*
 * A hook that long work calls between two requests, so that its owner can renew a lease meanwhile.
 * The work does not know what is renewed; the hook decides each time whether there is anything to
 * do. A zero hook does nothing.
 */
#ifndef BASE_KEEP_ALIVE_H
#define BASE_KEEP_ALIVE_H

#include "base/error.h"

struct keep_alive {
    /* 0: go on. -1 with *err set: the work stops and passes this error on. Work that is no longer
     * ours is ERROR_CANCELLED: a conflict or "not found" would be read as the service's answer. */
    int (*renew)(void *self, struct error *err);
    void *self;
};
#endif
