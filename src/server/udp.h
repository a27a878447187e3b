/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_UDP_H
#define SERVER_UDP_H

#include "server/worker.h"

/* A UDP socket of a worker. */
struct udp {
	enum event event; /* EVENT_UDP */
	int socket;
	bool segments; /* responses may go out in segments */
};

/* What the sockets of one worker take requests with, one socket at a time. NULL: no memory. */
struct batch *batch_new(void);
void batch_free(struct batch *batch);

int udp_open(struct udp *udp, const struct conf_address *address);
void udp_close(struct udp *udp);

/* How many messages the kernel has dropped here as there was no room for them; 0 where it does not tell. */
uint64_t udp_drops(const struct udp *udp);

/* Answers what has come in, until nothing is left or others should have their turn. */
void udp_serve(struct udp *udp, struct worker *worker);

/*
 * The response to a job that is done; it goes out with udp_flush() at the latest. The job must
 * stay until then.
 */
void udp_respond(struct udp *udp, struct worker *worker, struct job *job);
void udp_flush(struct worker *worker);

#endif
