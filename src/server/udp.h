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

/* Sends one response that was not ready with its batch. */
void udp_send(const struct origin *origin, const uint8_t *wire, size_t size);

#endif
