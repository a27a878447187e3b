/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_KEY_H
#define CLIENT_KEY_H

#include <libknot/libknot.h>

#include "base/text.h"

/*
 * TSIG keys (RFC 8945) in the forms in which people have them. Each of these fills a key for
 * knot_tsig_key_deinit(), or gives a negative errno and in fault (one line) what was wrong.
 */

/* algorithm "hmac-sha256" as in RFC 8945 6, or NULL for that one; secret in base64. */
int client_key_make(knot_tsig_key_t *ret, const char *algorithm, const char *id, const char *secret,
		    struct text *fault);

/*
 * A file: key clauses of BIND (tsig-keygen, named.conf), of which id picks one and NULL the first;
 * or K<id>.+<algorithm>+<tag>.private or .key of dnssec-keygen.
 */
int client_key_read(knot_tsig_key_t *ret, const char *path, const char *id, struct text *fault);

/* "[ALGORITHM:]ID:SECRET", as nsupdate -y and dig -y take it. -ENOENT: the text has no colon. */
int client_key_parse(knot_tsig_key_t *ret, const char *text, struct text *fault);

#endif
