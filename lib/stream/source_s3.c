#include "stream/source_s3.h"

#include "aws/s3/s3.h"
#include "base/log.h"

#include "base/banned.h"

#define FRUITLESS_LIMIT 4

/* How far the object has come. */
struct reading {
    struct aws_client *client;
    struct s3_get_options get;
    struct sink *sink;
    struct arena *arena;
    uint64_t size; /* of the object, once known */
    bool is_size_known;
    bool is_crc32_told;
    uint32_t crc32_told;
    bool has_crc32; /* of the bytes so far */
    uint32_t crc32;
    unsigned fruitless; /* tries in a row that brought no byte */
};

/* The first reply fixes what the object is; later ones are held to it by If-Match. */
static int note_object(void *self, const struct s3_object *object, struct error *err)
{
    struct reading *reading = self;
    (void)err;
    if (!reading->is_size_known) {
        reading->size = object->size;
        reading->is_size_known = true;
        reading->get.if_match = arena_copy(reading->arena, object->etag);
        reading->is_crc32_told = object->has_crc32;
        reading->crc32_told = object->crc32;
    }
    return 0;
}

/* After a try: the bytes that came count, whether it failed or not. One that brought nothing, not
 * even a head perhaps, changes nothing. */
static void advance(struct reading *reading, const struct s3_get_result *got)
{
    if (got->delivered == 0) {
        reading->fruitless++;
        return;
    }
    reading->fruitless = 0;
    reading->get.offset += got->delivered;
    reading->has_crc32 = got->has_crc32;
    reading->crc32 = got->crc32;
    reading->get.resumes_crc32 = got->has_crc32;
    reading->get.crc32_so_far = got->crc32;
}

static bool may_resume(const struct reading *reading, const struct s3_get_result *got,
                       const struct error *failure)
{
    const struct aws_client *client = reading->client;
    bool in_time = client->deadline_ms == 0 || clock_now_ms(client->clock) < client->deadline_ms;
    return !got->ended_by_caller && failure->retryable && reading->is_size_known && in_time &&
           reading->fruitless < FRUITLESS_LIMIT;
}

static void wait_before_resuming(const struct reading *reading)
{
    const struct aws_client *client = reading->client;
    struct retry_question question = {
        .attempt = (int)reading->fruitless + 1,
        .now_ms = clock_now_ms(client->clock),
        .deadline_ms = client->deadline_ms,
        .random = random_next(client->random),
    };
    int64_t delay_ms = retry_delay_ms(client->retry, &question);
    if (delay_ms > 0) {
        clock_sleep_ms(client->clock, delay_ms);
    }
}

/* One get, from where the last one ended. 1: go on. */
static int read_on(struct reading *reading, struct source_s3_result *result, struct error *err)
{
    struct s3_get_result got = {0};
    struct error failure = {.kind = ERROR_SYSTEM};
    int status =
        s3_get(reading->client, &reading->get, reading->sink, reading->arena, &got, &failure);
    advance(reading, &got);
    if (status == 0) {
        return 0;
    }
    if (reading->is_size_known && reading->get.offset == reading->size && !got.ended_by_caller) {
        return 0; /* the connection broke behind the last byte, or check_whole has something to say
                   */
    }
    if (!may_resume(reading, &got, &failure)) {
        result->ended_by_caller = got.ended_by_caller;
        return error_pass(err, &failure);
    }
    result->resumed++;
    log_warn("the download broke off and is taken up again",
             LOG_NUMBER("offset", reading->get.offset), LOG_CAUSE(&failure));
    wait_before_resuming(reading);
    return 1;
}

static int check_whole(const struct reading *reading, struct error *err)
{
    if (reading->get.offset != reading->size) {
        (void)error_set(err, ERROR_NETWORK, "s3://%.*s/%.*s: %llu of %llu bytes came",
                        SLICE_ARG(reading->get.bucket), SLICE_ARG(reading->get.key),
                        (unsigned long long)reading->get.offset, (unsigned long long)reading->size);
        return -1;
    }
    if (!reading->is_crc32_told || !reading->has_crc32) {
        return 0;
    }
    return s3_check_crc32(&reading->get, reading->crc32_told, reading->crc32, reading->arena, err);
}

int source_s3_read(struct aws_client *client, const struct source_s3_options *options,
                   struct sink *sink, struct arena *arena, struct source_s3_result *result,
                   struct error *err)
{
    struct reading reading = {
        .client = client,
        .sink = sink,
        .arena = arena,
        .get = {.bucket = options->bucket,
                .key = options->key,
                .version_id = options->version_id,
                .if_match = options->if_match,
                .check = note_object,
                .check_self = &reading},
    };
    int status = 1;
    *result = (struct source_s3_result){0};
    while (status == 1) {
        status = read_on(&reading, result, err);
    }
    if (status != 0 || check_whole(&reading, err) != 0) {
        return -1;
    }
    result->bytes = reading.size;
    result->etag = reading.get.if_match;
    return 0;
}
