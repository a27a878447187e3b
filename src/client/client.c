/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asking a server one thing and waiting for the answer.
 *
 * Over UDP a request is sent again, the same octets each time, until an answer comes that
 * belongs to it and, where it was signed, whose signature is right; whatever else arrives is
 * dropped (RFC 8945 5.4: "that response MUST be discarded"), and told as the reason where nothing better
 * comes. TCP is taken for large requests, truncated answers (RFC 7766 5), and updates with
 * prerequisites: sent twice, such an update could fail on its own effect (RFC 2136 5.2 has the
 * problem at large). Where the options have a name for TLS, all goes over TLS (client/session.c).
 */
#include "client/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/writer.h"
#include "client/connection.h"
#include "client/request.h"
#include "client/socket.h"

enum { TIMEOUT_MS = 3000, TRIES = 3 };

static void format_address(char *ret, size_t room, const struct sockaddr_storage *address)
{
	char host[INET6_ADDRSTRLEN] = "?";
	uint16_t port = 0;

	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		port = ntohs(in->sin_port);
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		port = ntohs(in6->sin6_port);
	}
	snprintf(ret, room, "%s@%u", host, port);
}

int client_new(struct client **ret, const struct client_options *options)
{
	struct client *client = malloc(sizeof(*client));

	if (client == NULL)
		return -ENOMEM;
	client->options = *options;
	client->fault = (struct text){ 0 };
	client->plain = false;
	client->audit = slice_make(NULL, 0);
	client->packet = NULL;
	if (client->options.timeout_ms == 0)
		client->options.timeout_ms = TIMEOUT_MS;
	if (client->options.tries == 0)
		client->options.tries = TRIES;
	format_address(client->server, sizeof(client->server), &options->address);
	*ret = client;
	return 0;
}

void client_free(struct client *client)
{
	if (client == NULL)
		return;
	knot_pkt_free(client->packet);
	text_done(&client->fault);
	free(client);
}

void client_use_key(struct client *client, const knot_tsig_key_t *key)
{
	client->options.key = key;
}

const char *client_server(const struct client *client)
{
	return client->server;
}

const char *client_fault(const struct client *client)
{
	return text_get(&client->fault);
}

/* Parses and checks what has come into client->answer. -EAGAIN: not the answer. */
static int take_answer(struct client *client, struct client_answer *ret,
		       const struct request_mark *mark, size_t size)
{
	knot_pkt_t *packet;
	int err = client_answer_parse(client, &packet, mark, client->answer, size);

	if (err < 0)
		return err;
	err = client_answer_check(client, ret, mark, packet);
	if (err < 0)
		knot_pkt_free(packet);
	else
		client->packet = packet;
	return err;
}

/* One try: send, and wait for an answer that is one. */
static int try_datagram(struct client *client, struct client_answer *ret,
			const struct request_mark *mark, int fd)
{
	int64_t deadline = clock_monotonic_ms() + client->options.timeout_ms;
	int err = client_socket_send_datagram(fd, client->request, client->request_size);
	int reason = -ETIMEDOUT;

	while (err == 0) {
		size_t size;

		err = client_socket_receive_datagram(fd, client->answer, sizeof(client->answer),
						     &size, deadline);
		if (err < 0)
			break;
		err = take_answer(client, ret, mark, size);
		if (err == 0 || err == -ENOMEM)
			return err;
		if (err != -EAGAIN)
			reason = err;
		err = 0;
	}
	return err == -ETIMEDOUT ? reason : err;
}

static int exchange_udp(struct client *client, struct client_answer *ret,
			const struct request_mark *mark)
{
	int fd, err = client_socket_open(&fd, &client->options.address, false, 0);

	if (err < 0)
		return client_fail_to_reach(client, err, "UDP");
	for (unsigned n = 0; n < client->options.tries; n++) {
		err = try_datagram(client, ret, mark, fd);
		if (err == 0 || err == -ENOMEM)
			break;
	}
	close(fd);
	return err < 0 ? client_fail_to_reach(client, err, "UDP") : 0;
}

static int exchange_connected(struct client *client, struct client_answer *ret,
			      const struct request_mark *mark)
{
	int64_t patience = (int64_t)client->options.timeout_ms * client->options.tries;
	int64_t deadline = clock_monotonic_ms() + patience;
	struct client_connection c;
	size_t size = 0;
	int err = client_connection_open(&c, client, false, deadline);

	if (err < 0)
		return err;
	err = client_connection_send(&c, client->request, client->request_size, deadline);
	if (err == 0)
		err = client_connection_receive(&c, client->answer, sizeof(client->answer), &size,
						deadline);
	const char *way = client_connection_way(&c);
	client_connection_close(&c);
	if (err < 0)
		return client_fail_to_reach(client, err, way);

	err = take_answer(client, ret, mark, size);
	if (err == -EAGAIN)
		return client_fail(client, -EBADMSG, "%s: the answer is to another question",
				   client->server);
	return err;
}

static bool wants_connection(const struct client *client)
{
	const uint8_t *wire = client->request;

	if (client->options.tcp || client->options.tls != NULL ||
	    client->request_size > REQUEST_EDNS_SIZE)
		return true;
	/* the count of answers is in an update the count of prerequisites */
	return knot_wire_get_opcode(wire) == KNOT_OPCODE_UPDATE && knot_wire_get_ancount(wire) > 0;
}

static int exchange(struct client *client, struct client_answer *ret, const uint8_t *message,
		    size_t size)
{
	struct request_mark mark = { .id = client_request_id() };
	int err = client_request_finish(client, &mark, message, size);

	if (err < 0)
		return err;
	if (!wants_connection(client)) {
		err = exchange_udp(client, ret, &mark);
		if (err < 0 || !knot_wire_get_tc(client->answer))
			return err;
		knot_pkt_free(client->packet);
		client->packet = NULL;
	}
	return exchange_connected(client, ret, &mark);
}

int client_exchange(struct client *client, struct client_answer *ret, const uint8_t *request,
		    size_t size)
{
	struct client_answer answer;

	knot_pkt_free(client->packet);
	client->packet = NULL;
	text_reset(&client->fault);
	int err = exchange(client, &answer, request, size);

	/* RFC 6891 7: a server that knows no EDNS says FORMERR (or NOTIMP), without OPT */
	if (err == 0 && !client->plain && answer.packet->opt_rr == NULL &&
	    (answer.rcode == KNOT_RCODE_FORMERR || answer.rcode == KNOT_RCODE_NOTIMPL)) {
		client->plain = true;
		knot_pkt_free(client->packet);
		client->packet = NULL;
		err = exchange(client, &answer, request, size);
	}
	if (err == 0) {
		text_reset(&client->fault);
		*ret = answer;
	}
	return err;
}

int client_query(struct client *client, struct client_answer *ret, const knot_dname_t *name,
		 uint16_t type)
{
	uint8_t message[KNOT_WIRE_HEADER_SIZE + KNOT_DNAME_MAXLEN + 4] = { 0 };
	struct writer w = write_begin(message, sizeof(message));

	write_bytes(&w, message, KNOT_WIRE_HEADER_SIZE);
	write_bytes(&w, name, knot_dname_size(name));
	write_u16(&w, type);
	write_u16(&w, KNOT_CLASS_IN);
	knot_wire_set_qdcount(message, 1);
	return client_exchange(client, ret, message, write_size(&w));
}
