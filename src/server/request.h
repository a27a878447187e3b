/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "base/log_bound.h"
#include "server/count.h"
#include "server/job.h"
#include "server/limit.h"
#include "server/transfer_log.h"
#include "zone/answer.h"

struct forwarder;
struct secondary;
struct stream;

/* What one thread answers requests with. No sockets here: octets in, octets out. */
struct responder {
	struct store *store;
	const struct state *state;
	struct zone_view view;                     /* renewed by the owner, for each batch */
	int64_t now_ms;                            /* clock_coarse_ms(), renewed like view */
	struct arena arena;                        /* emptied after each request */
	struct limit limit;                        /* on responses over UDP */
	struct rate *bad_signatures;               /* of each sender */
	struct log_bound refused;                  /* lines about updates, NOTIFY, change logs */
	struct log_bound forgers;                  /* and about who sends bad signatures */
	struct counts counts;                      /* the thread's */
	struct transfer_pace transfer_pace;        /* of its lines about transfers */
	struct job_pool jobs;                      /* to be used for updates */
	struct update_queue *queue;                /* where updates go; NULL: updates are refused */
	void (*done)(struct job *list, void *arg); /* given to jobs */
	void *arg;
	struct secondary *secondary; /* to be told of NOTIFY; NULL: nobody is */
	struct forwarder *forwarder; /* where updates of copies go; NULL: they are refused */
};

int responder_init(struct responder *r, struct store *store, const struct state *state);

/* Goes over to another state. */
int responder_use(struct responder *r, const struct state *state);
void responder_done(struct responder *r);

enum response {
	RESPONSE_NONE,   /* nothing is to be sent */
	RESPONSE_READY,  /* size octets are to be sent */
	RESPONSE_LATER,  /* the update queue has it; done() will be called */
	RESPONSE_STREAM, /* a transfer, to be sent message by message */
};

enum { RESPONSE_ROOM = 65535 };

/* A request from its reading to its answer. */
struct request {
	const struct origin *origin;
	enum exchange_read read;
	struct exchange exchange;
	bool plain; /* a query; then, where it is */
	struct question question;
};

/*
 * Answers one request. wire has room for the response: over UDP for what the client takes and a
 * signature, over TCP RESPONSE_ROOM octets. For RESPONSE_STREAM the caller owns *stream.
 *
 * In steps: whoever has several requests reads all of them, then has the memory fetched that their answers
 * will need, and only then answers them. Octets and origin must stay, and the snapshot of the view.
 */
void request_read(struct responder *r, struct request *request, const struct origin *origin,
		  struct slice octets);
void request_prefetch(struct responder *r, struct request *request, size_t count);
enum response request_reply(struct responder *r, struct request *request, uint8_t *wire,
			    size_t *size, struct stream **stream);

/* The largest response that this client takes (RFC 1035 4.2.1, RFC 6891 6.2.3-6.2.5). */
size_t response_room(const struct exchange *x);

/* Reading and answering at once. */
enum response request_answer(struct responder *r, const struct origin *origin, struct slice request,
			     uint8_t *wire, size_t *size, struct stream **stream);

/* The response to an update that the writer has carried out; its size, 0: none. */
size_t request_finish(struct job *job, uint8_t *wire);

#endif
