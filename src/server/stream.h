/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_STREAM_H
#define SERVER_STREAM_H

#include "server/request.h"

/*
 * A response of many messages over TCP, made one at a time as the client takes them: a transfer, a
 * change log. Whoever makes one puts a struct stream first into a struct of its own. It reads one
 * snapshot, however long it takes, and outlives the request and a reload.
 */
struct filling;

struct stream {
	/*
	 * Fills a message: 1: it is full and there is more; 0: that was all; -EAGAIN: nothing was put in
	 * yet, others shall have their turn first; another negative errno.
	 */
	int (*fill)(struct stream *stream, struct filling *f);
	void (*sent)(struct stream *stream); /* all of it went out; NULL: nobody wants to know */
	void (*free)(struct stream *stream); /* calls stream_done() and frees */

	struct arena arena; /* request and zone, of which x and apex tell */
	struct exchange x;
	struct sockaddr_storage peer;
	struct server_key key;
	const knot_dname_t *apex;
	size_t apex_size;
	struct store_txn *txn;
	bool no_transfer;         /* not to be counted as one */
	size_t room;              /* octets that a message may have */
	bool started;             /* a message was made */
	bool ended;               /* the last one was */
	uint64_t records, octets; /* of all so far */
};

/* Keeps what the request and the zone say, and takes a snapshot; fill and free are set already. */
int stream_init(struct stream *stream, struct responder *r, const struct zone *zone,
		const struct exchange *x);
void stream_done(struct stream *stream);

/*
 * The next message into wire (RESPONSE_ROOM octets, over UDP as many as the client takes): its size; 0: there
 * are no more; -EAGAIN: not yet, it is to be called again; another negative errno.
 */
int stream_next(struct stream *stream, uint8_t *wire);
void stream_free(struct stream *stream); /* NULL is nothing */

enum { STREAM_GRACE_MS = 60 * 1000, STREAM_RATE_MIN = 8192 /* octets a second */ };

/*
 * Whether a stream that has lasted so long and has sent so many octets should be ended: as long as it lasts, its
 * snapshot keeps the store from using room again.
 */
bool stream_is_slow(int64_t lasted_ms, uint64_t sent);

/* A message that is being filled. */
struct filling {
	struct writer w;
	uint16_t answers;
	const knot_dname_t *apex; /* stands in the question */
	size_t apex_size;
	size_t owner_at; /* where the owner at hand stands; 0: it does not yet */
	size_t limit;
};

/*
 * Writes a record of a name at or below the apex; rest is the record from its type on. Before each new owner the
 * caller sets owner_at to 0. false where it does not fit this message.
 */
bool filling_put(struct filling *f, const knot_dname_t *owner, struct slice rest);

/* The zone's SOA: 1; 0: it does not fit; a negative errno. */
int filling_put_soa(struct filling *f, const struct stream *stream);

#endif
