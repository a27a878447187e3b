/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests in flight. A ring of slots, oldest first; an answer finds its slot by its ID (RFC
 * 7766 7, answers may come in any order), waits there until all
 * older ones have theirs, and is handed over. While a request is being written answers are read
 * too: a server that waits for us to read before it reads on must not stop both.
 */
#include "client/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/writer.h"
#include "client/connection.h"

enum { WINDOW_MAX = 64, FRAME_MAX = 2 + UINT16_MAX };

struct slot {
	struct request_mark mark;
	uint64_t tag;
	uint8_t *answer; /* malloc; NULL: still to come */
	size_t answer_size;
};

struct client_stream {
	struct client *client;
	struct client_stream_handler handler;
	void *arg;
	struct client_connection connection;
	int err; /* sticky */
	uint16_t next_id;
	unsigned window;
	unsigned first, count; /* of the ring */
	struct slot slot[WINDOW_MAX];
	size_t in_size; /* octets in "in" */
	uint8_t in[FRAME_MAX];
	uint8_t out[FRAME_MAX];
};

static struct slot *slot_at(struct client_stream *s, unsigned index)
{
	return &s->slot[(s->first + index) % s->window];
}

static int64_t patience(const struct client_stream *s)
{
	return (int64_t)s->client->options.timeout_ms * s->client->options.tries;
}

int client_stream_new(struct client_stream **ret, struct client *client, unsigned window,
		      const struct client_stream_handler *handler, void *arg)
{
	struct client_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return client_fail(client, -ENOMEM, "out of memory");
	s->client = client;
	s->handler = *handler;
	s->arg = arg;
	s->window = window < 1 ? 1 : window > WINDOW_MAX ? WINDOW_MAX : window;
	s->next_id = client_request_id();
	text_reset(&client->fault);
	int err = client_connection_open(&s->connection, client, false,
					 clock_monotonic_ms() + patience(s));
	if (err < 0) {
		free(s);
		return err;
	}
	*ret = s;
	return 0;
}

/* Takes the oldest slot out of the ring and hands its result over. */
static void deliver(struct client_stream *s, int err)
{
	struct slot *slot = slot_at(s, 0);
	struct client_answer answer = { 0 };
	knot_pkt_t *packet = NULL;

	if (err == 0)
		err = client_answer_parse(s->client, &packet, &slot->mark, slot->answer,
					  slot->answer_size);
	if (err == -EAGAIN)
		err = client_fail(s->client, -EBADMSG, "%s: the answer is to another request",
				  s->client->server);
	if (err == 0)
		err = client_answer_check(s->client, &answer, &slot->mark, packet);

	uint64_t tag = slot->tag;
	uint8_t *octets = slot->answer;
	slot->answer = NULL;
	s->first = (s->first + 1) % s->window;
	s->count--;
	s->handler.result(tag, err, err == 0 ? &answer : NULL, s->arg);
	knot_pkt_free(packet);
	free(octets);
}

/* The connection is of no use any more: all that is in flight ends with err. */
static int break_off(struct client_stream *s, int err)
{
	if (err == -ECONNRESET || err == -EPIPE)
		client_fail(s->client, err, "%s closed the connection", s->client->server);
	else if (err == -ETIMEDOUT)
		client_fail(s->client, err, "%s does not answer (%s)", s->client->server,
			    client_connection_way(&s->connection));
	else if (err != -EBADMSG && err != -EMSGSIZE)
		client_fail(s->client, err, "%s: %s (%s)", s->client->server, strerror(-err),
			    client_connection_way(&s->connection));
	s->err = err;
	while (s->count > 0)
		deliver(s, slot_at(s, 0)->answer != NULL ? 0 : err);
	return err;
}

static struct slot *slot_find(struct client_stream *s, uint16_t id)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct slot *slot = slot_at(s, i);

		if (slot->mark.id == id && slot->answer == NULL)
			return slot;
	}
	return NULL;
}

static int take_frame(struct client_stream *s, const uint8_t *frame, size_t size)
{
	struct slot *slot = size >= KNOT_WIRE_HEADER_SIZE ? slot_find(s, knot_wire_get_id(frame)) :
							    NULL;

	if (slot == NULL)
		return client_fail(s->client, -EBADMSG, "%s: an answer to no request of ours",
				   s->client->server);
	slot->answer = malloc(size);
	if (slot->answer == NULL)
		return -ENOMEM;
	memcpy(slot->answer, frame, size);
	slot->answer_size = size;
	return 0;
}

/* Reads what there is without waiting, and stores whole answers in their slots. */
static int read_some(struct client_stream *s)
{
	ssize_t size = client_connection_read(&s->connection, s->in + s->in_size,
					      sizeof(s->in) - s->in_size);
	size_t at = 0;

	if (size < 0)
		return size == -EAGAIN ? 0 : (int)size;
	s->in_size += (size_t)size;
	while (s->in_size - at >= 2 && s->in_size - at - 2 >= get_u16(s->in + at)) {
		size_t length = get_u16(s->in + at);
		int err = take_frame(s, s->in + at + 2, length);

		if (err < 0)
			return err;
		at += 2 + length;
	}
	memmove(s->in, s->in + at, s->in_size - at);
	s->in_size -= at;
	return 0;
}

static void deliver_ready(struct client_stream *s)
{
	while (s->count > 0 && slot_at(s, 0)->answer != NULL)
		deliver(s, 0);
}

/* Sends client->request. */
static int write_request(struct client_stream *s)
{
	int64_t deadline = clock_monotonic_ms() + patience(s);
	size_t size = 2 + s->client->request_size, sent = 0;

	put_u16(s->out, (uint16_t)s->client->request_size);
	memcpy(s->out + 2, s->client->request, s->client->request_size);
	while (sent < size) {
		ssize_t more = client_connection_write(&s->connection, s->out + sent, size - sent);
		int err = 0;

		if (more > 0) {
			sent += (size_t)more;
			continue;
		}
		if (more != -EAGAIN)
			return (int)more;
		err = client_connection_wait(&s->connection, POLLIN | POLLOUT, deadline);
		if (err == 0)
			err = read_some(s);
		if (err < 0)
			return err;
	}
	return 0;
}

/* Waits until fewer than limit are in flight. */
static int drain(struct client_stream *s, unsigned limit)
{
	while (s->err == 0 && s->count >= limit && s->count > 0) {
		int err = client_connection_wait(&s->connection, POLLIN,
						 clock_monotonic_ms() + patience(s));

		if (err == 0)
			err = read_some(s);
		if (err < 0)
			return break_off(s, err);
		deliver_ready(s);
	}
	return s->err;
}

int client_stream_send(struct client_stream *s, struct slice request, uint64_t tag)
{
	struct client *client = s->client;
	int err = drain(s, s->window);

	if (err < 0)
		return err;

	struct slot *slot = slot_at(s, s->count++);
	*slot = (struct slot){ .mark.id = s->next_id++, .tag = tag };
	err = client_request_finish(client, &slot->mark, request.data, request.size);
	if (err == 0)
		err = write_request(s);
	if (err < 0)
		return break_off(s, err);
	deliver_ready(s);
	return 0;
}

int client_stream_flush(struct client_stream *s)
{
	return drain(s, 1);
}

void client_stream_free(struct client_stream *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->count; i++)
		free(slot_at(s, i)->answer);
	client_connection_close(&s->connection);
	free(s);
}
