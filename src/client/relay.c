/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request passed on for somebody else (RFC 2136 6). It goes over TCP: an update that was lost, and one
 * whose answer was lost, look the same over UDP, and only the first may be sent again. The ID stays, as
 * the connection is ours alone; so does the signature, which covers it.
 */
#include "client/relay.h"

#include <errno.h>

#include "base/clock.h"
#include "client/connection.h"

static int receive(struct client *client, struct client_connection *c, struct slice request,
		   int64_t deadline)
{
	const uint8_t *wire = client->answer;
	size_t size = 0;
	int err = client_connection_receive(c, client->answer, sizeof(client->answer), &size,
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
	struct client_connection c;
	int err;

	*sent = false;
	text_reset(&client->fault);
	err = client_connection_open(&c, client, false, deadline);
	if (err < 0)
		return err;
	*sent = true;
	err = client_connection_send(&c, request.data, request.size, deadline);
	if (err == 0)
		err = receive(client, &c, request, deadline);
	const char *way = client_connection_way(&c);
	client_connection_close(&c);
	if (err < 0)
		return client_fail_to_reach(client, err, way);
	*ret = slice_make(client->answer, (size_t)err);
	return 0;
}
