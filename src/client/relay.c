/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request passed on for somebody else (RFC 2136 6). It goes over TCP: an update that was lost, and one
 * whose answer was lost, look the same over UDP, and only the first may be sent again. The ID stays, as
 * the connection is ours alone; so does the signature, which covers it.
 */
#include "client/relay.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/request.h"
#include "client/socket.h"

static int receive(struct client *client, int fd, struct slice request, int64_t deadline)
{
	const uint8_t *wire = client->answer;
	size_t size = 0;
	int err = client_socket_receive_message(fd, client->answer, sizeof(client->answer), &size,
						deadline);

	if (err < 0)
		return err;
	if (size < KNOT_WIRE_HEADER_SIZE ||
	    knot_wire_get_id(wire) != knot_wire_get_id(request.data) || !knot_wire_get_qr(wire) ||
	    knot_wire_get_opcode(wire) != knot_wire_get_opcode(request.data))
		return -EBADMSG;
	return (int)size;
}

int client_relay(struct client *client, struct slice *ret, struct slice request, bool *sent)
{
	int64_t patience = (int64_t)client->options.timeout_ms * client->options.tries;
	int64_t deadline = clock_monotonic_ms() + patience;
	int fd, err;

	*sent = false;
	text_reset(&client->fault);
	err = client_socket_open(&fd, &client->options.address, true, deadline);
	if (err < 0)
		return client_fail(client, err, "%s: %s (TCP)", client->server, strerror(-err));
	*sent = true;
	err = client_socket_send_message(fd, request.data, request.size, deadline);
	if (err == 0)
		err = receive(client, fd, request, deadline);
	close(fd);
	if (err < 0)
		return client_fail(client, err, "%s: %s (TCP)", client->server, strerror(-err));
	*ret = slice_make(client->answer, (size_t)err);
	return 0;
}
