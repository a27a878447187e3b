/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include "server/worker.h"

/* A socket that takes TCP connections for a worker. */
struct listener {
	enum event event; /* EVENT_LISTENER */
	int socket;
	int64_t paused_to_ms; /* not watched until then; 0: watched */
	bool tls;             /* they speak TLS */
};

int listener_open(struct listener *listener, const struct conf_address *address, bool tls);
void listener_close(struct listener *listener);

/* Takes what connections wait, as far as there may be more. */
void listener_serve(struct listener *listener, struct worker *worker);

/* Watches listeners again whose pause is over. Returns milliseconds to the next, -1: for ever. */
int listeners_resume(struct worker *worker, int64_t now_ms);

/* A connection has ended that was counted there. */
void listener_forget(struct shared *shared, atomic_uint *of_client);

#endif
