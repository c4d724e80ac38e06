#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/banned.h"

static uint64_t next_from_kernel(void *self)
{
    (void)self;
    uint64_t bits = 0;
    ssize_t received = 0;
    do {
        received = getrandom(&bits, sizeof(bits), 0);
    } while (received == -1 && errno == EINTR);
    if (received != (ssize_t)sizeof(bits)) {
        /* Owners of leases are told apart by these bits: no second-best source will do. */
        static const char line[] = "the kernel gives no random bytes: the process ends\n";
        ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);
        (void)written;
        abort();
    }
    return bits;
}

const struct random_source random_system = {.next = next_from_kernel, .self = NULL};
