/*
 * A plain object as file-process reads it: from S3, through the stage that counts its records and
 * takes the trailer off, to nowhere. For the benchmark.
 *
 *     plain_in <bucket> <key> <trailer start> <trailer end>
 *
 * The environment says where S3 is, as for the functions. Prints {"bytes": …, "records": …}, or the
 * trouble and exits with 1: also when the trailer promises another count.
 */
#include "base/env.h"
#include "bench/sink_nowhere.h"
#include "http/http_curl.h"
#include "stream/source_s3.h"
#include "stage/trailer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

struct run {
    struct http *http;
    struct credentials_provider credentials;
    struct aws_client client;
    struct arena arena;
};

static int run_init(struct run *run, struct error *err)
{
    *run = (struct run){.http =
                            http_curl_new(&(struct http_curl_options){.user_agent = "bench"}, err)};
    if (run->http == NULL) {
        return -1;
    }
    arena_init(&run->arena, 0);
    credentials_init(&run->credentials, run->http, &clock_system, &random_system);
    aws_client_init(&run->client, &(struct aws_client_options){
                                      .http = run->http,
                                      .credentials = &run->credentials,
                                      .region = slice_from(env_get("AWS_REGION", "eu-west-1")),
                                  });
    return 0;
}

static void run_release(struct run *run)
{
    aws_client_release(&run->client);
    credentials_release(&run->credentials);
    arena_release(&run->arena);
    http_curl_free(run->http);
}

static int check_count(const struct trailer_counts *counts, char **arguments, struct error *err)
{
    uint64_t promised = 0;
    if (trailer_read_count(counts->text, strtoul(arguments[3], NULL, 10),
                           strtoul(arguments[4], NULL, 10), &promised, err) != 0) {
        return -1;
    }
    return promised == counts->records
               ? 0
               : error_set(err, ERROR_INVALID, "the trailer promises %" PRIu64 " of %" PRIu64,
                           promised, counts->records);
}

static int read_object(struct run *run, char **arguments, struct error *err)
{
    struct source_s3_options options = {.bucket = slice_from(arguments[1]),
                                        .key = slice_from(arguments[2])};
    struct source_s3_result result;
    struct sink end = SINK_NOWHERE;
    struct trailer_stage stage;
    int status = -1;
    trailer_stage_init(&stage, &end, record_scanner_for(RECORDS_LINES, '|', '"'), false);
    if (source_s3_read(&run->client, &options, &stage.sink, &run->arena, &result, err) == 0 &&
        sink_close(&stage.sink, err) == 0) {
        struct trailer_counts counts = trailer_stage_counts(&stage);
        printf("{\"bytes\": %" PRIu64 ", \"records\": %" PRIu64 "}\n", result.bytes,
               counts.records);
        status = check_count(&counts, arguments, err);
    }
    trailer_stage_release(&stage);
    return status;
}

int main(int argc, char **argv)
{
    struct run run;
    struct error err = {.kind = ERROR_SYSTEM};
    int status = -1;
    if (argc != 5) {
        (void)fprintf(stderr, "usage: plain_in <bucket> <key> <trailer start> <trailer end>\n");
        return 2;
    }
    if (run_init(&run, &err) == 0) {
        status = read_object(&run, argv, &err);
        run_release(&run);
    }
    if (status != 0) {
        (void)fprintf(stderr, "plain_in: %s\n", err.message);
    }
    return status == 0 ? 0 : 1;
}
