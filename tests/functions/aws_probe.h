/* What the parts of aws_probe.c share: the order under way, and where its answer goes. */
#ifndef FUNCTIONS_AWS_PROBE_H
#define FUNCTIONS_AWS_PROBE_H

#include "aws/aws_call.h"
#include "base/json.h"
#include "base/json_writer.h"

/* A transport and what stands on it; reading and writing at once needs two. */
struct side {
    struct http *http;
    struct credentials_provider credentials;
    struct aws_client client;
};

struct probe {
    struct side one;
    struct side other;
    struct arena arena;
    const json *order;
    struct json_writer out;
};

struct probe_order {
    const char *name;
    int (*run)(struct probe *probe, struct error *err);
};

/* Each list ends with an order without a name. */
extern const struct probe_order probe_s3_orders[];
extern const struct probe_order probe_redshift_orders[];

/* Members of the order; empty, 0 or false where they are absent. */
struct slice probe_text(const struct probe *probe, const char *name);
uint64_t probe_number(const struct probe *probe, const char *name);
bool probe_truth(const struct probe *probe, const char *name);

#endif
