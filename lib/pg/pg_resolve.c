#include "pg/pg_resolve.h"

#include "base/memory.h"
#include "pg/pg_wait.h"

#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/banned.h"

#define HOST_SIZE 256 /* a DNS name has 253 characters at most */
#define STACK_SIZE ((size_t)256 * 1024)

/* Shared by the caller and the thread that asks; whoever is done last frees it. */
struct lookup {
    atomic_int holders;
    int done; /* eventfd */
    int status;
    struct pg_addresses addresses;
    char host[HOST_SIZE];
};

static void lookup_release(struct lookup *lookup)
{
    if (atomic_fetch_sub(&lookup->holders, 1) == 1) {
        (void)close(lookup->done);
        free(lookup);
    }
}

/* Status as of getaddrinfo. */
static int ask(const char *host, int flags, struct pg_addresses *addresses)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *found = NULL;
    int status = getaddrinfo(host, NULL, &hints, &found);
    addresses->count = 0;
    for (const struct addrinfo *entry = found;
         status == 0 && entry != NULL && addresses->count < PG_RESOLVE_LIMIT;
         entry = entry->ai_next) {
        status = getnameinfo(entry->ai_addr, entry->ai_addrlen, addresses->text[addresses->count],
                             PG_RESOLVE_TEXT, NULL, 0, NI_NUMERICHOST);
        addresses->count++;
    }
    if (found != NULL) {
        freeaddrinfo(found);
    }
    return status;
}

static void *ask_in_thread(void *argument)
{
    struct lookup *lookup = argument;
    lookup->status = ask(lookup->host, 0, &lookup->addresses);
    (void)eventfd_write(lookup->done, 1);
    lookup_release(lookup);
    return NULL;
}

/* Starts a thread that nobody waits for and that takes no signals. */
static int start_thread(struct lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    if (pthread_attr_init(&attributes) != 0) {
        return -1;
    }
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = pthread_create(&thread, &attributes, ask_in_thread, lookup);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return status == 0 ? 0 : -1;
}

static int set_failure(struct error *err, const char *host, int status)
{
    return error_set(err, ERROR_NETWORK, "cannot find the address of Postgres server %s: %s", host,
                     gai_strerror(status));
}

/* Waits for the thread's answer. */
static int take_answer(struct lookup *lookup, int64_t until_ms, const struct clock *clock,
                       struct pg_addresses *addresses, struct error *err)
{
    if (pg_wait(lookup->done, POLLIN, until_ms, clock) == 0) {
        return error_set(err, ERROR_TIMEOUT,
                         "cannot find the address of Postgres server %s: no answer in time",
                         lookup->host);
    }
    if (lookup->status != 0) {
        return set_failure(err, lookup->host, lookup->status);
    }
    *addresses = lookup->addresses;
    return 0;
}

int pg_resolve(const char *host, int64_t until_ms, const struct clock *clock,
               struct pg_addresses *addresses, struct error *err)
{
    if (ask(host, AI_NUMERICHOST, addresses) == 0) {
        return 0;
    }
    if (strlen(host) >= HOST_SIZE) {
        return error_set(err, ERROR_CONFIGURATION, "the name of the Postgres server is too long");
    }
    struct lookup *lookup = memory_allocate(sizeof(*lookup));
    atomic_init(&lookup->holders, 2);
    lookup->done = eventfd(0, EFD_CLOEXEC);
    (void)snprintf(lookup->host, sizeof(lookup->host), "%s", host);
    int outcome = -1;
    if (lookup->done == -1 || start_thread(lookup) != 0) {
        error_set(err, ERROR_SYSTEM, "cannot start a thread to find the address of %s", host);
        atomic_store(&lookup->holders, 1); /* there is no thread to release its part */
    } else {
        outcome = take_answer(lookup, until_ms, clock, addresses, err);
    }
    lookup_release(lookup);
    return outcome;
}
