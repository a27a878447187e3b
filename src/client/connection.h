/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_CONNECTION_H
#define CLIENT_CONNECTION_H

#include "client/session.h"

/*
 * Folder-internal: a connection to the server, over TLS where the client's options say so; which of
 * the two it is nobody need know. A deadline is a time of clock_monotonic_ms(). Errors are negative errno,
 * -ETIMEDOUT past the deadline.
 */
struct client_connection {
	int fd;
	gnutls_session_t tls; /* NULL: none */
	bool unsent;          /* TLS has something to get rid of before anything new */
};

/* Connects. On failure the client's fault says why. transfer: as in client_session_new(). */
int client_connection_open(struct client_connection *ret, struct client *client, bool transfer,
			   int64_t deadline);
void client_connection_close(struct client_connection *c);

/* "TLS" or "TCP" */
const char *client_connection_way(const struct client_connection *c);

/* What passes without waiting; -EAGAIN where nothing does, -ECONNRESET where the peer has closed. */
ssize_t client_connection_read(struct client_connection *c, void *buffer, size_t room);
ssize_t client_connection_write(struct client_connection *c, const void *data, size_t size);

/* Waits for POLLIN or POLLOUT, or an error, which the next call shows. */
int client_connection_wait(struct client_connection *c, short events, int64_t deadline);

/* A message with its two octets of length (RFC 1035 4.2.2). */
int client_connection_send(struct client_connection *c, const uint8_t *data, size_t size,
			   int64_t deadline);

/* The next message; its size in ret. -ECONNRESET: closed before it was whole; -EBADMSG: too large. */
int client_connection_receive(struct client_connection *c, uint8_t *buffer, size_t room,
			      size_t *ret, int64_t deadline);

#endif
