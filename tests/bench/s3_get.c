/*
 * An object of S3 read to its end, as a function would.
 * Endpoint, keys and region come from the environment.
 *
 *     s3_get <bucket> <key>   {"bytes": 1000, "seconds": 0.123, "cpu": 0.045, "peak_kib": 9000}
 */
#include "base/env.h"
#include "bench/sink_nowhere.h"
#include "http/http_curl.h"
#include "stream/source_s3.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "s3_get: %s\n", what);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The most memory that this program had. getrusage would count its parent's before exec too. */
static long peak_kib(void)
{
    char line[256];
    long peak = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            peak = strtol(line + 6, NULL, 10);
        }
    }
    if (status != NULL) {
        (void)fclose(status);
    }
    return peak;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int count, char **arguments)
{
    struct error err = {.message = "usage: s3_get <bucket> <key>"};
    struct credentials_provider credentials;
    struct aws_client client;
    struct sink nowhere = SINK_NOWHERE;
    struct arena arena;
    struct source_s3_result result;
    struct rusage usage;
    struct http *http = count == 3 ? http_curl_new(&(struct http_curl_options){0}, &err) : NULL;
    if (http == NULL) {
        give_up(err.message);
    }
    arena_init(&arena, 0);
    credentials_init(&credentials, http, &clock_system, &random_system);
    aws_client_init(&client,
                    &(struct aws_client_options){.http = http,
                                                 .credentials = &credentials,
                                                 .region = slice_from(env_get("AWS_REGION", ""))});
    const struct source_s3_options options = {.bucket = slice_from(arguments[1]),
                                              .key = slice_from(arguments[2])};
    double started = now();
    if (source_s3_read(&client, &options, &nowhere, &arena, &result, &err) != 0) {
        give_up(err.message);
    }
    double seconds = now() - started;
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("{\"bytes\": %" PRIu64 ", \"seconds\": %.4f, \"cpu\": %.4f, \"peak_kib\": %ld}\n",
                 result.bytes, seconds, seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
                 peak_kib());
    aws_client_release(&client);
    credentials_release(&credentials);
    http_curl_free(http);
    arena_release(&arena);
    return 0;
}
