/*
 * The stages by themselves, on files, for the benchmark:
 *
 *     stages make <bytes>        writes rows and a trailer with their count to standard output
 *     stages prepare <in> <out>  gzip in, trailer checked and taken off, gzip out
 *     stages count <in>          plain in, trailer checked and taken off
 *     stages count_csv <in>      the same, with the records of a CSV file
 *
 * Bytes come in pieces of 16 KiB, as libcurl gives them. All but make print the records and the
 * peak of memory in KiB.
 */
#include "bench/sink_nowhere.h"
#include "stage/gunzip.h"
#include "stage/gzip.h"
#include "stage/trailer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE ((size_t)16 * 1024)
#define COUNT_START 4 /* "TRL0000000012" */
#define COUNT_END 14

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static void require(int result, const struct error *err)
{
    if (result == 0) {
        return;
    }
    (void)fprintf(stderr, "stages: %s\n", err->message);
    exit(1);
}

/* --- where it ends --- */

struct file_sink {
    struct sink sink;
    int fd;
};

static int file_write(struct sink *sink, struct slice bytes, struct error *err)
{
    int fd = ((struct file_sink *)(void *)sink)->fd;
    while (bytes.size > 0) {
        ssize_t written = write(fd, bytes.data, bytes.size);
        if (written < 0) {
            return error_set(err, ERROR_SYSTEM, "write failed");
        }
        bytes = slice_skip(bytes, (size_t)written);
    }
    return 0;
}

static int file_close(struct sink *sink, struct error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static void file_abort(struct sink *sink)
{
    (void)sink;
}

static const struct sink_operations file_operations = {file_write, file_close, file_abort};

/* --- the runs --- */

static void feed(const char *path, struct sink *sink)
{
    static char piece[PIECE];
    struct error err;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size;
    if (fd < 0) {
        give_up(path);
    }
    while ((size = read(fd, piece, PIECE)) > 0) {
        require(sink_write(sink, slice_of(piece, (size_t)size), &err), &err);
    }
    require(sink_close(sink, &err), &err);
    (void)close(fd);
}

/* VmHWM: what the program itself has held; rusage would count what its parent held at the fork. */
static uint64_t peak_kib(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    uint64_t peak = 0;
    if (status == NULL) {
        give_up("/proc/self/status");
    }
    while (fgets(line, sizeof(line), status) != NULL) {
        if (slice_starts_with(slice_from(line), SLICE("VmHWM:"))) {
            peak = strtoull(line + sizeof("VmHWM:") - 1, NULL, 10);
        }
    }
    (void)fclose(status);
    return peak;
}

static void check_count(const struct trailer_stage *trailer)
{
    struct trailer_counts counts = trailer_stage_counts(trailer);
    struct error err;
    uint64_t promised;
    require(trailer_read_count(counts.text, COUNT_START, COUNT_END, &promised, &err), &err);
    if (promised != counts.records) {
        (void)fprintf(stderr, "stages: %" PRIu64 " records, %" PRIu64 " promised\n", counts.records,
                      promised);
        exit(1);
    }
    (void)printf("%" PRIu64 " %" PRIu64 "\n", counts.records, peak_kib());
}

static void prepare(const char *in, const char *out)
{
    struct file_sink end = {{&file_operations},
                            open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    struct trailer_stage trailer;
    struct gunzip_stage *gunzip;
    struct gzip_stage *gzip;
    struct error err;
    if (end.fd < 0) {
        give_up(out);
    }
    gzip = gzip_stage_new(&end.sink, GZIP_FASTEST, &err);
    require(gzip == NULL ? -1 : 0, &err);
    trailer_stage_init(&trailer, gzip_stage_sink(gzip), record_scanner_for(RECORDS_LINES, 0, 0),
                       false);
    gunzip = gunzip_stage_new(&trailer.sink, &err);
    require(gunzip == NULL ? -1 : 0, &err);
    feed(in, gunzip_stage_sink(gunzip));
    check_count(&trailer);
    gunzip_stage_free(gunzip);
    trailer_stage_release(&trailer);
    gzip_stage_free(gzip);
    (void)close(end.fd);
}

static void count(const char *in, enum record_layout layout)
{
    struct sink end = SINK_NOWHERE;
    struct trailer_stage trailer;
    trailer_stage_init(&trailer, &end, record_scanner_for(layout, '|', '"'), false);
    feed(in, &trailer.sink);
    check_count(&trailer);
    trailer_stage_release(&trailer);
}

/* Rows that pack as files of the kind do, to about a third. */
static void make(uint64_t bytes)
{
    static const char *const types[] = {"C", "N", "P", "A", "D", "Q", "B", "I", "PB"};
    uint64_t written = 0;
    uint64_t rows = 0;
    for (uint64_t mixed = 1; written < bytes; rows++) {
        mixed = mixed * 6364136223846793005U + 1442695040888963407U;
        int size = printf("%011" PRIu64 "|%s|%u|20%02u%02u%02u|20790606|20%02u0101|20790606\n",
                          (mixed >> 20) % 40000000000U, types[(mixed >> 33) % 9],
                          (unsigned)(mixed >> 40) & 1, (unsigned)(mixed >> 41) % 26,
                          (unsigned)(mixed >> 45) % 12 + 1, (unsigned)(mixed >> 50) % 28 + 1,
                          (unsigned)(mixed >> 55) % 26);

        if (size < 0) {
            give_up("standard output");
        }
        written += (uint64_t)size;
    }
    if (printf("TRL%010" PRIu64 "\n", rows) < 0 || fflush(stdout) != 0) {
        give_up("standard output");
    }
}

int main(int argc, char **argv)
{
    struct slice command = slice_from(argc > 1 ? argv[1] : NULL);
    if (argc == 3 && slice_equal(command, SLICE("make"))) {
        make(strtoull(argv[2], NULL, 10));
    } else if (argc == 4 && slice_equal(command, SLICE("prepare"))) {
        prepare(argv[2], argv[3]);
    } else if (argc == 3 && slice_equal(command, SLICE("count"))) {
        count(argv[2], RECORDS_LINES);
    } else if (argc == 3 && slice_equal(command, SLICE("count_csv"))) {
        count(argv[2], RECORDS_CSV);
    } else {
        give_up("stages make|prepare|count|count_csv");
    }
    return 0;
}
