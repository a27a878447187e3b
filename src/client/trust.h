/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_TRUST_H
#define CLIENT_TRUST_H

#include "base/text.h"

/* The authorities that a server's certificate is checked with. May be used by many threads at once. */
struct client_trust;

/*
 * Those in the file of this path (PEM), or the system's where it is NULL. -EINVAL with a line in
 * fault, -ENOMEM.
 */
int client_trust_new(struct client_trust **ret, const char *authorities, struct text *fault);

/* One more who holds it and will call client_trust_free(); returns trust. NULL is nothing, for both. */
struct client_trust *client_trust_hold(struct client_trust *trust);
void client_trust_free(struct client_trust *trust);

#endif
