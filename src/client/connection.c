/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection to the server, TCP alone or TLS above it. A message goes out in one piece with its
 * two octets of length (RFC 7766 8). Nothing blocks; each wait has a deadline. A server that ends TLS
 * without saying so is one that closed the connection: nothing rests on the end alone, since a
 * transfer has its closing SOA.
 */
#include "client/connection.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/writer.h"
#include "client/socket.h"

enum { LENGTH_SIZE = 2 };

int client_connection_open(struct client_connection *ret, struct client *client, bool transfer,
			   int64_t deadline)
{
	struct client_connection c = { .fd = -1 };
	int err = client_socket_open(&c.fd, &client->options.address, true, deadline);

	if (err < 0)
		return client_fail_to_reach(client, err,
					    client->options.tls != NULL ? "TLS" : "TCP");
	if (client->options.tls != NULL)
		err = client_session_new(&c.tls, client, c.fd, transfer, deadline);
	if (err < 0)
		close(c.fd);
	else
		*ret = c;
	return err;
}

void client_connection_close(struct client_connection *c)
{
	if (c->tls != NULL)
		client_session_free(c->tls);
	close(c->fd);
}

const char *client_connection_way(const struct client_connection *c)
{
	return c->tls != NULL ? "TLS" : "TCP";
}

static ssize_t tls_errno(ssize_t err)
{
	if (err == GNUTLS_E_PREMATURE_TERMINATION || err == GNUTLS_E_PUSH_ERROR ||
	    err == GNUTLS_E_PULL_ERROR)
		return -ECONNRESET;
	return gnutls_error_is_fatal((int)err) != 0 ? -EPROTO : -EAGAIN;
}

ssize_t client_connection_read(struct client_connection *c, void *buffer, size_t room)
{
	ssize_t size = c->tls != NULL ? gnutls_record_recv(c->tls, buffer, room) :
					recv(c->fd, buffer, room, 0);

	if (size > 0)
		return size;
	if (size == 0)
		return -ECONNRESET;
	if (c->tls != NULL)
		return tls_errno(size);
	return errno == EINTR ? -EAGAIN : -errno;
}

ssize_t client_connection_write(struct client_connection *c, const void *data, size_t size)
{
	if (c->tls == NULL) {
		ssize_t sent = send(c->fd, data, size, MSG_NOSIGNAL);

		return sent >= 0 ? sent : errno == EINTR ? -EAGAIN : -errno;
	}

	/* what did not go out GnuTLS has kept; it is told to go on with that */
	ssize_t sent = c->unsent ? gnutls_record_send(c->tls, NULL, 0) :
				   gnutls_record_send(c->tls, data, size);
	c->unsent = sent < 0;
	return sent >= 0 ? sent : tls_errno(sent);
}

int client_connection_wait(struct client_connection *c, short events, int64_t deadline)
{
	/* what TLS has read already the socket does not tell of */
	if (c->tls != NULL && (events & POLLIN) != 0 && gnutls_record_check_pending(c->tls) > 0)
		return 0;
	return client_socket_wait(c->fd, events, deadline);
}

int client_connection_send(struct client_connection *c, const uint8_t *data, size_t size,
			   int64_t deadline)
{
	uint8_t frame[LENGTH_SIZE + UINT16_MAX];
	size_t sent = 0;

	put_u16(frame, (uint16_t)size);
	memcpy(frame + LENGTH_SIZE, data, size);
	while (sent < LENGTH_SIZE + size) {
		ssize_t more = client_connection_write(c, frame + sent, LENGTH_SIZE + size - sent);

		if (more < 0 && more != -EAGAIN)
			return (int)more;
		sent += more > 0 ? (size_t)more : 0;

		int err = more < 0 ? client_connection_wait(c, POLLOUT, deadline) : 0;
		if (err < 0)
			return err;
	}
	return 0;
}

static int receive_all(struct client_connection *c, uint8_t *buffer, size_t size, int64_t deadline)
{
	while (size > 0) {
		ssize_t got = client_connection_read(c, buffer, size);

		if (got > 0) {
			buffer += got;
			size -= (size_t)got;
			continue;
		}
		if (got != -EAGAIN)
			return (int)got;

		int err = client_connection_wait(c, POLLIN, deadline);
		if (err < 0)
			return err;
	}
	return 0;
}

int client_connection_receive(struct client_connection *c, uint8_t *buffer, size_t room,
			      size_t *ret, int64_t deadline)
{
	uint8_t length[LENGTH_SIZE];
	int err = receive_all(c, length, sizeof(length), deadline);

	if (err < 0)
		return err;

	size_t size = get_u16(length);
	if (size > room)
		return -EBADMSG;
	err = receive_all(c, buffer, size, deadline);
	if (err == 0)
		*ret = size;
	return err;
}
