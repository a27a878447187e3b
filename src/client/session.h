/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include <gnutls/gnutls.h>
#include <stdatomic.h>

#include "client/request.h"

struct client_trust {
	atomic_uint holders;
	gnutls_certificate_credentials_t credentials;
};

/*
 * Folder-internal: TLS with the server over a connected socket (RFC 8310, strict profile). On failure
 * the client's fault says why. transfer: what RFC 9103 asks for is asked for. Errors: -EPROTO and what
 * client_socket_wait() gives; -EKEYREJECTED: the certificate is not good, or not the one wanted.
 */
int client_session_new(gnutls_session_t *ret, struct client *client, int fd, bool transfer,
		       int64_t deadline);
void client_session_free(gnutls_session_t session);

#endif
