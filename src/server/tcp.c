/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS over TCP (RFC 7766): several requests may be under way on a connection, and responses go out
 * as they are ready. Nobody may have more of the server than a share:
 *
 * - A connection that asks faster than it reads is not read from until it has taken what waits for it, and
 *   one that takes it too slowly is closed.
 * - One that sends no whole request and takes no response for the idle time is closed (RFC 7766 6.2.3): an octet
 *   now and then keeps nothing open.
 * - After some requests of one connection others have their turn, and UDP; it goes on when it comes up again,
 *   for which it asks to be told that it can be written to, and it can.
 * - Where there are too many (listener.c), the one that has been idle for longest makes room.
 */
#include "server/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/listener.h"
#include "server/peer.h"
#include "server/stream.h"
#include "server/tls.h"

enum {
	LENGTH_SIZE = 2,
	IN_ROOM = LENGTH_SIZE + 65535,
	OUT_HIGH = 128 * 1024, /* octets waiting to go out at which no more requests are taken */
	JOBS_MAX = 128,
	STREAM_ROUNDS = 16,
	TURN_REQUESTS = 32, /* of one connection */
	ROOM_STEPS = 64,    /* connections that are looked at to make room */
};

struct connection {
	enum event event; /* EVENT_CONNECTION */
	int socket;
	struct tls_session *tls; /* NULL: none */
	bool shaking_hands;      /* its handshake is under way */
	struct origin origin;
	struct connection *older, *newer;
	int64_t active; /* when it last got something done */
	uint8_t *in;    /* IN_ROOM octets */
	size_t in_size;
	struct text out;
	size_t out_sent;
	struct stream *stream;
	int64_t waits_since; /* something waits to go out without a break since; 0: nothing does */
	uint64_t waits_sent; /* octets that went out since */
	atomic_uint *of_client; /* where its client's connections are counted */
	unsigned jobs;          /* in the hands of the writer */
	uint32_t events;
	bool ended;  /* the peer sends no more */
	bool closed; /* waits for its jobs only */
};

static void list_add(struct worker *worker, struct connection *c)
{
	c->active = clock_monotonic_ms();
	c->newer = NULL;
	c->older = worker->newest;
	if (worker->newest != NULL)
		worker->newest->newer = c;
	else
		worker->oldest = c;
	worker->newest = c;
}

static void list_remove(struct worker *worker, struct connection *c)
{
	if (c->older != NULL)
		c->older->newer = c->newer;
	else
		worker->oldest = c->newer;
	if (c->newer != NULL)
		c->newer->older = c->older;
	else
		worker->newest = c->older;
}

static void list_touch(struct worker *worker, struct connection *c)
{
	list_remove(worker, c);
	list_add(worker, c);
}

static void connection_free(struct connection *c)
{
	stream_free(c->stream);
	text_done(&c->out);
	free(c->in);
	free(c);
}

static void bury(struct worker *worker, struct connection *c)
{
	c->newer = worker->dead;
	worker->dead = c;
}

void connections_bury(struct worker *worker)
{
	while (worker->dead != NULL) {
		struct connection *c = worker->dead;

		worker->dead = c->newer;
		connection_free(c);
	}
}

/* How a stream ended, where it is a transfer. */
static void count_stream(const struct connection *c, struct worker *worker, enum count how)
{
	if (!c->stream->no_transfer)
		count_add(&worker->responder.counts, how, 1);
}

/* Closes the socket; the rest goes when the last job is back. */
static void connection_close(struct worker *worker, struct connection *c)
{
	if (c->closed)
		return;
	if (c->stream != NULL)
		count_stream(c, worker, COUNT_TRANSFER_OUT_FAILED);
	list_remove(worker, c);
	tls_session_free(c->tls);
	c->tls = NULL;
	close(c->socket);
	c->closed = true;
	listener_forget(worker->shared, c->of_client);
	if (c->jobs == 0)
		bury(worker, c);
}

static bool has_output(const struct connection *c)
{
	return c->out.size > c->out_sent;
}

bool connections_make_room(struct worker *worker, enum count why)
{
	struct connection *c = worker->oldest;

	for (int i = 0; i < ROOM_STEPS && c != NULL; i++, c = c->newer) {
		if (c->jobs > 0 || c->stream != NULL || has_output(c))
			continue;
		connection_close(worker, c);
		count_add(&worker->responder.counts, why, 1);
		return true;
	}
	return false;
}

static struct connection *connection_allocate(void)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->in = malloc(IN_ROOM);
	if (c != NULL && c->in != NULL)
		return c;
	free(c);
	return NULL;
}

int connection_new(struct worker *worker, int fd, const struct origin *origin, bool tls,
		   atomic_uint *of_client)
{
	struct connection *c = connection_allocate();
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	if (c == NULL)
		return -ENOMEM;
	c->event = EVENT_CONNECTION;
	c->socket = fd;
	c->origin = *origin;
	c->origin.connection = c;
	c->of_client = of_client;
	c->events = EPOLLIN;
	c->shaking_hands = tls;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

	int err = 0;
	if (tls) {
		struct tls_credentials *credentials = worker->responder.state->tls;

		/* a reload may have taken the certificate away; the listener goes with the next start */
		err = credentials != NULL ? tls_session_new(&c->tls, credentials, fd) : -ENOENT;
	}
	if (err == 0 && epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		err = -errno;
	if (err != 0) {
		tls_session_free(c->tls);
		connection_free(c);
		return err;
	}
	list_add(worker, c);
	return 0;
}

static ssize_t octets_send(struct connection *c, const void *data, size_t size)
{
	return c->tls != NULL ? tls_send(c->tls, data, size) :
				send(c->socket, data, size, MSG_NOSIGNAL);
}

static ssize_t octets_receive(struct connection *c, void *buffer, size_t room)
{
	return c->tls != NULL ? tls_receive(c->tls, buffer, room) :
				recv(c->socket, buffer, room, 0);
}

static bool takes_requests(const struct connection *c)
{
	return c->stream == NULL && c->out.size - c->out_sent < OUT_HIGH && c->jobs < JOBS_MAX;
}

static void put_message(struct connection *c, const uint8_t *wire, size_t size)
{
	uint8_t length[LENGTH_SIZE] = { (uint8_t)(size >> 8), (uint8_t)size };

	text_add(&c->out, length, sizeof(length));
	text_add(&c->out, wire, size);
}

/* Whether the peer takes what waits for it so slowly that it is better ended. */
static bool is_too_slow(const struct connection *c)
{
	char peer[PEER_TEXT_ROOM];

	if (c->waits_since == 0 ||
	    !stream_is_slow(clock_monotonic_ms() - c->waits_since, c->waits_sent))
		return false;
	if (c->stream == NULL)
		return true;
	peer_format(peer, (const struct sockaddr *)&c->origin.peer);
	log_warning("transfer ended: peer=%s: it takes less than %d octets a second", peer,
		    STREAM_RATE_MIN);
	return true;
}

/* Sends what waits, and has a transfer make more of it; false where the connection is broken. */
static bool send_output(struct connection *c, struct worker *worker)
{
	for (int round = 0; round < STREAM_ROUNDS; round++) {
		if (c->out.failed)
			return false;
		if (!has_output(c) && c->stream != NULL) {
			int size = stream_next(c->stream, worker->scratch);

			if (size == -EAGAIN) {
				list_touch(worker, c);
				return true; /* the socket takes more, so this goes on at once */
			}
			if (size < 0)
				return false; /* the client sees a transfer without its end */
			if (size == 0) {
				stream_free(c->stream);
				c->stream = NULL;
				return true;
			}
			put_message(c, worker->scratch, (size_t)size);
		}
		if (!has_output(c))
			return true;

		ssize_t sent = octets_send(c, c->out.data + c->out_sent, c->out.size - c->out_sent);
		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		list_touch(worker, c);
		c->out_sent += (size_t)sent;
		c->waits_sent += (uint64_t)sent;
		if (is_too_slow(c)) {
			count_add(&worker->responder.counts, COUNT_TCP_CLOSED_SLOW, 1);
			return false;
		}
		if (!has_output(c)) {
			text_reset(&c->out);
			c->out_sent = 0;
			if (c->stream != NULL && c->stream->no_transfer)
				c->waits_since =
					0; /* a search finds little for long: it is us who are slow */
		}
	}
	return true;
}

/* Answers requests that have come in whole, at most so many. */
static void answer_requests(struct connection *c, struct worker *worker, int *most)
{
	size_t used = 0;

	while (*most > 0 && takes_requests(c) && c->in_size - used >= LENGTH_SIZE) {
		size_t length = get_u16(c->in + used), size = 0;

		if (c->in_size - used < LENGTH_SIZE + length)
			break;

		struct slice request = slice_make(c->in + used + LENGTH_SIZE, length);
		switch (request_answer(&worker->responder, &c->origin, request, worker->scratch,
				       &size, &c->stream)) {
		case RESPONSE_READY:
			put_message(c, worker->scratch, size);
			break;
		case RESPONSE_LATER:
			c->jobs++;
			break;
		case RESPONSE_STREAM:
		case RESPONSE_NONE:
			break;
		}
		list_touch(worker, c);
		used += LENGTH_SIZE + length;
		(*most)--;
	}
	if (used > 0)
		memmove(c->in, c->in + used, c->in_size - used);
	c->in_size -= used;
}

static bool has_whole_request(const struct connection *c)
{
	return c->in_size >= LENGTH_SIZE && c->in_size >= LENGTH_SIZE + (size_t)get_u16(c->in);
}

/* Whether there is a request that can be answered now. */
static bool can_answer(const struct connection *c)
{
	return has_whole_request(c) && takes_requests(c);
}

/* The time runs from when something began to wait, and on until nothing does. */
static void note_waiting(struct connection *c, bool waits)
{
	if (!waits) {
		c->waits_since = 0;
	} else if (c->waits_since == 0) {
		c->waits_since = clock_monotonic_ms();
		c->waits_sent = 0;
	}
}

/* Takes what has come in; false where the connection is broken. */
static bool take_input(struct connection *c)
{
	ssize_t size = octets_receive(c, c->in + c->in_size, IN_ROOM - c->in_size);

	if (size < 0)
		return errno == EAGAIN || errno == EINTR;
	c->ended = size == 0;
	c->in_size += (size_t)size;
	return true;
}

/* Takes what TLS holds back, of which the socket tells nothing any more. */
static bool take_rest(struct connection *c)
{
	while (c->tls != NULL && !c->ended && c->in_size < IN_ROOM && takes_requests(c) &&
	       tls_has_more(c->tls))
		if (!take_input(c))
			return false;
	return true;
}

static void watch_for(struct connection *c, struct worker *worker, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (events != c->events && epoll_ctl(worker->epoll, EPOLL_CTL_MOD, c->socket, &event) == 0)
		c->events = events;
}

/* Whether there is something to do that no event will tell of. */
static bool has_more(const struct connection *c)
{
	return can_answer(c) || (c->tls != NULL && !c->ended && c->in_size < IN_ROOM &&
				 takes_requests(c) && tls_has_more(c->tls));
}

/* Goes on with a connection after something came in, went out, or came back, or its turn is come. */
static void go_on(struct connection *c, struct worker *worker)
{
	int64_t began_us = clock_monotonic_us();
	int most = TURN_REQUESTS;
	bool good = true;

	do {
		good = take_rest(c);
		if (good && can_answer(c)) {
			good = worker_renew(worker);
			if (good)
				answer_requests(c, worker, &most);
		}
		good = send_output(c, worker) && good;
		began_us = count_time(&worker->responder.counts, began_us);
	} while (good && most > 0 && !has_output(c) && has_more(c));

	bool waits = has_output(c) || c->stream != NULL;
	if (!good || (c->ended && !waits && !has_more(c) && c->jobs == 0)) {
		connection_close(worker, c);
		return;
	}
	note_waiting(c, waits);
	watch_for(c, worker,
		  (!c->ended && takes_requests(c) && c->in_size < IN_ROOM ? EPOLLIN : 0) |
			  (waits || has_more(c) ? EPOLLOUT : 0));
}

/* True when the handshake is done. Its steps do not count as life: the idle time bounds all of it. */
static bool shake_hands(struct connection *c, struct worker *worker)
{
	int done = tls_handshake(c->tls);

	if (done == 0) {
		watch_for(c, worker, tls_wants_to_send(c->tls) ? EPOLLOUT : EPOLLIN);
		return false;
	}
	count_add(&worker->responder.counts, done > 0 ? COUNT_TLS_GOOD : COUNT_TLS_FAILED, 1);
	if (done < 0) {
		connection_close(worker, c);
		return false;
	}
	c->shaking_hands = false;
	c->origin.tls = tls_level(c->tls);
	list_touch(worker, c);
	return true;
}

void connection_serve(struct connection *c, struct worker *worker, uint32_t events)
{
	if (c->closed)
		return;
	if ((events & EPOLLERR) != 0) {
		connection_close(worker, c);
		return;
	}
	if (c->shaking_hands && !shake_hands(c, worker))
		return;
	if ((events & (EPOLLIN | EPOLLHUP)) != 0 && c->in_size < IN_ROOM && !c->ended) {
		if (!take_input(c)) {
			connection_close(worker, c);
			return;
		}
	} else if ((events & EPOLLHUP) != 0) {
		connection_close(worker, c);
		return;
	}
	go_on(c, worker);
}

void connection_return(struct connection *c, struct worker *worker, const uint8_t *wire,
		       size_t size)
{
	c->jobs--;
	if (c->closed) {
		if (c->jobs == 0)
			bury(worker, c);
		return;
	}
	if (size > 0)
		put_message(c, wire, size);
	go_on(c, worker);
}

int connections_expire(struct worker *worker, int64_t now_ms)
{
	int64_t limit = (int64_t)worker->responder.state->conf->tcp_idle_timeout * 1000;

	while (worker->oldest != NULL) {
		struct connection *c = worker->oldest;
		int64_t left = c->active + limit - now_ms;

		if (left > 0)
			return (int)left + 1;
		if (c->jobs > 0)
			list_touch(worker, c); /* it is us who are slow */
		else {
			count_add(&worker->responder.counts, COUNT_TCP_CLOSED_IDLE, 1);
			connection_close(worker, c);
		}
	}
	return -1;
}

void connections_close(struct worker *worker)
{
	while (worker->oldest != NULL)
		connection_close(worker, worker->oldest);
}
