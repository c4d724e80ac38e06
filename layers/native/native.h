/*
 * A static program must stand alone: where a library would look for parts of itself at run time, it
 * would find those of a foreign system, made for another C library, and crash or worse.
 */
#ifndef NATIVE_NATIVE_H
#define NATIVE_NATIVE_H

#include <nss.h>
#include <openssl/crypto.h>

/*
 * Keeps libc and OpenSSL from loading modules of the host: names are resolved by the `files` and
 * `dns` that are built in, whatever the host's nsswitch.conf asks for, and users (libpq looks for a
 * home when HOME is not set) by `files`; no openssl.cnf is read. Call it first in main, before any
 * thread or name; it cannot fail. Harmless in a program that is linked dynamically.
 */
static inline void native_stand_alone(void)
{
    __nss_configure_lookup("hosts", "files dns");
    __nss_configure_lookup("passwd", "files");
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

#endif
