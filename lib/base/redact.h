/*
 * Secrets never leave the process in text. Whoever reads a secret registers its value; everything
 * that is formatted for a log, an error reply or a notice passes through redact_append, which puts
 * "[redacted]" where a registered value stands: as it is, JSON-escaped (once or inside JSON inside
 * JSON), or percent- or form-encoded; also its beginning where a text was cut in the middle of it.
 */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include "base/slice.h"
#include "base/strbuf.h"

/*
 * Remembers a value (copied, wiped when forgotten); an empty one is ignored. When more than 32 are
 * registered, the one goes that was registered longest ago: whoever goes on using a secret
 * registers it again.
 *
 * A value of fewer than 8 characters is replaced only where it is a whole word, so that ordinary
 * text stays readable: where it begins (ends) with a letter, a digit or '_', none of these may
 * stand before (after) it. Letters are the Latin, Greek and Cyrillic ones. An escape beside it
 * (%3D, \n, \u0022) is no letter, whatever it stands for.
 */
void redact_register(struct slice secret);
/* Wipes and forgets all; for tests and at exit. */
void redact_forget_all(void);

/* Appends `text` with every registered value replaced. */
void redact_append(struct strbuf *out, struct slice text);

/* Is a field or header of this name secret by itself (authorization, x-amz-security-token,
 * password, secretstring, cookie …)? Case and '-' or '_' do not matter. */
bool redact_is_secret_name(struct slice name);

#endif
