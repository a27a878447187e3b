/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/request.h"

struct batch;
struct udp;
struct connection;
struct listener;
struct xdp;

/* So many that clients hardly ever share one, and hardly mind where they do. */
enum { TCP_CLIENT_SLOTS = 4096 };

/* What the workers share; all else is a worker's own. */
struct shared {
	struct store *store;
	struct update_queue *queue;
	struct secondary *secondary;
	struct forwarder *forwarder;
	_Atomic(const struct state *) state; /* the newest */
	atomic_uint generation;              /* moves on with each call of the workers */
	atomic_uint tcp_clients;
	uint8_t tcp_key[SIPHASH_KEY];                 /* for the next */
	atomic_uint tcp_clients_of[TCP_CLIENT_SLOTS]; /* by a hash of the client */
	atomic_uint slow_work; /* commands under way that may hold up the writer for long */
	atomic_bool stop;
};

/*
 * A thread with its own sockets, its own snapshot of the store and its own memory. It takes what
 * came in, a batch at a time, and answers it.
 */
struct worker {
	struct shared *shared;
	pthread_t thread;
	int epoll;
	int wake; /* eventfd: jobs came back, or something of shared is new */
	struct responder responder;
	uint8_t *scratch; /* RESPONSE_ROOM octets */
	struct udp *udp;
	size_t udp_count;
	struct batch *batch; /* of all of these */
	struct listener *listener;
	size_t listener_count;
	struct xdp *xdp; /* a list */

	struct connection *oldest, *newest; /* by their last message */
	struct connection *dead;            /* closed; an event at hand may still name them */
	int64_t files_told_ms; /* when the log was last told that files are short; 0: never */

	pthread_mutex_t lock; /* of the jobs that came back */
	struct job *returned, **returned_last;

	atomic_uint steps; /* moves on as long as the thread does */
	atomic_uint seen;  /* the generation up to which everything is done */
};

/* Sockets are made by the thread that may bind them; worker_start() runs the worker in its own. */
int worker_init(struct worker *worker, struct shared *shared, const struct state *state);
int worker_listen(struct worker *worker, const struct conf_address *address);
int worker_listen_tls(struct worker *worker, const struct conf_address *address);
int worker_open(struct worker *worker, struct store *store);

/* Serves one AF_XDP socket, which is the worker's from now on. */
int worker_take_xdp(struct worker *worker, struct xdp *xdp);
int worker_start(struct worker *worker);
void worker_wake(struct worker *worker);
void worker_done(struct worker *worker);

/* A snapshot of what is committed now, for what has just come in. */
bool worker_renew(struct worker *worker);

/* What an event of a worker's epoll set is about: the first member of what the event points to. */
enum event { EVENT_WAKE, EVENT_UDP, EVENT_LISTENER, EVENT_CONNECTION, EVENT_XDP };

#endif
