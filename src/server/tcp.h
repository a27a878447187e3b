/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_TCP_H
#define SERVER_TCP_H

#include "server/worker.h"

/*
 * A connection that was accepted; where it returns 0 the socket is its own. of_client is given to
 * listener_forget() at its end.
 */
int connection_new(struct worker *worker, int fd, const struct origin *origin, bool tls,
		   atomic_uint *of_client);

/* Something happened at a connection: events as of epoll_wait(2). */
void connection_serve(struct connection *connection, struct worker *worker, uint32_t events);

/* Gives a job's response to its connection; size 0: there is none. */
void connection_return(struct connection *connection, struct worker *worker, const uint8_t *wire,
		       size_t size);

/* Closes those that were idle for too long. Returns how many milliseconds to wait for the next, -1: for ever. */
int connections_expire(struct worker *worker, int64_t now_ms);

/*
 * Closes the one that has been idle for longest and has nothing under way, and counts it; false: there is none.
 */
bool connections_make_room(struct worker *worker, enum count why);

/* Frees those that were closed, once no event at hand can name them. */
void connections_bury(struct worker *worker);

void connections_close(struct worker *worker);

#endif
