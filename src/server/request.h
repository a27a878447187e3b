/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "server/job.h"
#include "zone/view.h"

struct transfer;

/* What one thread answers requests with. No sockets here: octets in, octets out. */
struct responder {
	struct store *store;
	const struct state *state;
	struct zone_view view;                    /* renewed by the owner, for each batch */
	struct arena arena;                       /* emptied after each request */
	struct update_queue *queue;               /* where updates go; NULL: updates are refused */
	void (*done)(struct job *job, void *arg); /* given to jobs */
	void *arg;
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

/*
 * Answers a request of size octets from origin. wire has RESPONSE_ROOM octets for the response. For
 * RESPONSE_STREAM the caller owns *stream.
 */
enum response request_answer(struct responder *r, const struct origin *origin, struct slice request,
			     uint8_t *wire, size_t *size, struct transfer **stream);

/* The response to an update that the writer has carried out; its size, 0: none. */
size_t request_finish(struct job *job, uint8_t *wire);

#endif
