/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_UDP_H
#define SERVER_UDP_H

#include "server/worker.h"

/* A UDP socket of a worker with the buffers of its batches. */
struct udp {
	enum event event; /* EVENT_UDP */
	int socket;
	struct batch *batch;
};

int udp_open(struct udp *udp, const struct conf_address *address);
void udp_close(struct udp *udp);

/* Answers what has come in, until nothing is left or others should have their turn. */
void udp_serve(struct udp *udp, struct worker *worker);

/* The response to a job that is done; it goes out with udp_flush() at the latest. The job must stay until then. */
void udp_respond(struct udp *udp, struct job *job);
void udp_flush(struct udp *udp);

#endif
