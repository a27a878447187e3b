/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_TCP_H
#define SERVER_TCP_H

#include "server/worker.h"

/* A socket that takes TCP connections for a worker. */
struct listener {
	enum event event; /* EVENT_LISTENER */
	int socket;
	bool tls; /* they speak TLS */
};

int listener_open(struct listener *listener, const struct conf_address *address, bool tls);
void listener_close(struct listener *listener);

/* Takes what connections wait, as far as there may be more. */
void listener_serve(struct listener *listener, struct worker *worker);

/* Something happened at a connection: events as of epoll_wait(2). */
void connection_serve(struct connection *connection, struct worker *worker, uint32_t events);

/* Gives a job's response to its connection; size 0: there is none. */
void connection_return(struct connection *connection, struct worker *worker, const uint8_t *wire,
		       size_t size);

/* Closes those that were idle for too long. Returns how many milliseconds to wait for the next, -1: for ever. */
int connections_expire(struct worker *worker);

/* Frees those that were closed, once no event at hand can name them. */
void connections_bury(struct worker *worker);

void connections_close(struct worker *worker);

#endif
