/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include <sys/types.h>

#include "conf/conf.h"
#include "server/exchange.h"

/*
 * Our certificate and its key, made ready. Sessions share them, whichever state they came from: they
 * are freed with the last one that holds them.
 */
struct tls_credentials;

/* Loads the files. -EINVAL, -ENOMEM, and a line for people in fault. */
int tls_credentials_new(struct tls_credentials **ret, const struct conf_tls *conf,
			struct text *fault);
struct tls_credentials *tls_credentials_hold(
	struct tls_credentials *credentials);                      /* NULL is nothing */
void tls_credentials_release(struct tls_credentials *credentials); /* NULL is nothing */

/* TLS on a connected socket that does not block, the server's side (RFC 7858 3). */
struct tls_session;

/* Holds the credentials; the socket stays the caller's. -ENOMEM, -EIO. */
int tls_session_new(struct tls_session **ret, struct tls_credentials *credentials, int socket);

/* Says that we send no more, if that can be said without waiting, and frees; NULL is nothing. */
void tls_session_free(struct tls_session *session);

/*
 * Goes on with the handshake: 1 when it is done, 0 where it waits for the peer, a negative errno
 * where it failed (the peer was told).
 */
int tls_handshake(struct tls_session *session);

/* Whether the handshake waits for room to send; else it waits for something to read. */
bool tls_wants_to_send(const struct tls_session *session);

/* What the session is good for, once the handshake is done. */
enum exchange_tls tls_level(const struct tls_session *session);

/* As recv(2) and send(2) of a socket that does not block. */
ssize_t tls_receive(struct tls_session *session, void *buffer, size_t room);
ssize_t tls_send(struct tls_session *session, const void *data, size_t size);

/* Whether tls_receive() has octets that the socket has given out already. */
bool tls_has_more(const struct tls_session *session);

#endif
