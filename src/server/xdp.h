/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_XDP_H
#define SERVER_XDP_H

#include "base/text.h"
#include "server/worker.h"

/* An AF_XDP socket: one receive queue of a network interface, served by one worker. */
struct xdp {
	enum event event; /* EVENT_XDP */
	int socket;       /* to be polled; belongs to the frames */
	struct xdp *next;
	struct frames *frames;
};

/*
 * Takes the UDP datagrams to one port that come in at an interface; all else stays with the kernel.
 * ret becomes a list, one for each queue. A negative errno, and why not in why, one line for people;
 * the datagrams then reach ordinary sockets. Needs rights (CAP_NET_ADMIN, CAP_NET_RAW,
 * CAP_SYS_ADMIN) that may be dropped afterwards.
 */
int xdp_open(struct xdp **ret, const struct conf_interface *interface, struct text *why);

/* Closes all of the list; NULL is an empty one. */
void xdp_close(struct xdp *list);

/* How the datagrams get from the interface to here, for people. */
const char *xdp_mode(const struct conf_interface *interface);

/* Answers what has come in, until nothing is left or others should have their turn. */
void xdp_serve(struct xdp *xdp, struct worker *worker);

/* Sends one response that was not ready with its batch. Only for the worker that serves the socket. */
void xdp_send(const struct origin *origin, const uint8_t *wire, size_t size);

#endif
