/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker: an epoll loop over its own sockets. It shares with others the store (whose readers
 * never wait), the update queue, and a pointer to the newest state. Jobs that the writer has done
 * come back through a list of the worker's own.
 */
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/listener.h"
#include "server/lost.h"
#include "server/schedule.h"
#include "server/tcp.h"
#include "server/udp.h"
#include "server/xdp.h"

enum { EVENTS_MAX = 64 };

static enum event wake_event = EVENT_WAKE;

/* The writer's part: a group of updates is done. */
static void jobs_returned(struct job *list, void *arg)
{
	struct worker *worker = arg;
	struct job **last = &list;

	while (*last != NULL)
		last = &(*last)->next;
	pthread_mutex_lock(&worker->lock);

	bool first = worker->returned == NULL;
	*worker->returned_last = list;
	worker->returned_last = last;
	pthread_mutex_unlock(&worker->lock);
	if (first)
		worker_wake(worker);
}

int worker_init(struct worker *worker, struct shared *shared, const struct state *state)
{
	size_t count = state->conf->listen_count;
	size_t listeners = count + state->conf->listen_tls_count;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = &wake_event };

	*worker = (struct worker){ .shared = shared,
				   .returned_last = &worker->returned,
				   .epoll = epoll_create1(EPOLL_CLOEXEC),
				   .wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
				   .scratch = malloc(RESPONSE_ROOM),
				   .udp = calloc(count, sizeof(*worker->udp)),
				   .batch = batch_new(),
				   .listener = calloc(listeners, sizeof(*worker->listener)) };
	pthread_mutex_init(&worker->lock, NULL);
	worker->responder.state = state;
	if (worker->scratch == NULL || worker->udp == NULL || worker->batch == NULL ||
	    worker->listener == NULL)
		return -ENOMEM;
	if (worker->epoll < 0 || worker->wake < 0 ||
	    epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->wake, &event) != 0)
		return -errno;
	return 0;
}

static int watch(struct worker *worker, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	return epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static int listen_tcp(struct worker *worker, const struct conf_address *address, bool tls)
{
	struct listener *listener = &worker->listener[worker->listener_count];
	int err = listener_open(listener, address, tls);

	if (err != 0)
		return err;
	worker->listener_count++;
	return watch(worker, listener->socket, listener);
}

int worker_listen(struct worker *worker, const struct conf_address *address)
{
	struct udp *udp = &worker->udp[worker->udp_count];
	int err = udp_open(udp, address);

	if (err != 0)
		return err;
	worker->udp_count++;
	err = watch(worker, udp->socket, udp);
	return err == 0 ? listen_tcp(worker, address, false) : err;
}

int worker_listen_tls(struct worker *worker, const struct conf_address *address)
{
	return listen_tcp(worker, address, true);
}

int worker_take_xdp(struct worker *worker, struct xdp *xdp)
{
	xdp->next = worker->xdp;
	worker->xdp = xdp;
	return watch(worker, xdp->socket, xdp);
}

int worker_open(struct worker *worker, struct store *store)
{
	struct responder responder;
	int err = responder_init(&responder, store, worker->responder.state);

	if (err != 0)
		return err;
	responder.queue = worker->shared->queue;
	responder.secondary = worker->shared->secondary;
	responder.forwarder = worker->shared->forwarder;
	responder.done = jobs_returned;
	responder.arg = worker;
	worker->responder = responder;
	return 0;
}

bool worker_renew(struct worker *worker)
{
	struct store_txn *txn = worker->responder.view.txn;

	worker->responder.now_ms = clock_coarse_ms();
	store_read_reset(txn);
	int err = store_read_renew(txn);
	if (err == -ENOTRECOVERABLE)
		lost_tell();
	return err == 0;
}

static struct udp *find_udp(struct worker *worker, int socket)
{
	struct udp *udp = worker->udp;

	while (udp->socket != socket)
		udp++;
	return udp;
}

static void respond(struct worker *worker, struct job *job)
{
	size_t size;

	if (job->origin.connection == NULL && job->origin.xdp == NULL) {
		udp_respond(find_udp(worker, job->origin.socket), worker, job);
		return;
	}
	size = request_finish(job, worker->scratch);
	if (job->origin.connection != NULL)
		connection_return(job->origin.connection, worker, worker->scratch, size);
	else if (size > 0)
		xdp_send(&job->origin, worker->scratch, size);
}

/* Sends the responses of the updates that are done. */
static void take_returned(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);

	struct job *list = worker->returned;
	worker->returned = NULL;
	worker->returned_last = &worker->returned;
	pthread_mutex_unlock(&worker->lock);
	if (list == NULL)
		return;

	for (struct job *job = list; job != NULL; job = job->next)
		respond(worker, job);
	udp_flush(worker);
	while (list != NULL) {
		struct job *job = list;

		list = job->next;
		job_keep(&worker->responder.jobs, job);
	}
}

static void take_wake(struct worker *worker)
{
	uint64_t count;

	if (read(worker->wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_error("worker: eventfd: %s", strerror(errno));

	/* Only after the read: that took the wake with it, so what it was for must be seen below. */
	unsigned generation = atomic_load(&worker->shared->generation);
	take_returned(worker);

	const struct state *state = atomic_load(&worker->shared->state);
	if (state != worker->responder.state) {
		int err = responder_use(&worker->responder, state);

		if (err != 0) {
			log_error("worker: cannot take the new configuration yet: %s",
				  strerror(-err));
			worker_wake(worker);
			return;
		}
	}
	atomic_store(&worker->seen, generation);
}

static void serve(struct worker *worker, const struct epoll_event *event)
{
	switch (*(const enum event *)event->data.ptr) {
	case EVENT_WAKE:
		take_wake(worker);
		break;
	case EVENT_UDP:
		udp_serve(event->data.ptr, worker);
		break;
	case EVENT_LISTENER:
		listener_serve(event->data.ptr, worker);
		break;
	case EVENT_CONNECTION:
		connection_serve(event->data.ptr, worker, event->events);
		break;
	case EVENT_XDP:
		xdp_serve(event->data.ptr, worker);
		break;
	}
}

/* Of two times to wait in milliseconds the shorter one; -1 is for ever. */
static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Does what time alone brings; returns how long there is to wait for the next. */
static int expire(struct worker *worker)
{
	struct responder *r = &worker->responder;
	int64_t now_ms = clock_coarse_ms();
	int wait = connections_expire(worker, now_ms);

	wait = sooner(wait, listeners_resume(worker, now_ms));
	wait = sooner(wait, limit_expire(&r->limit, now_ms));
	wait = sooner(wait, log_bound_expire(&r->refused, now_ms));
	return sooner(wait, log_bound_expire(&r->forgers, now_ms));
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	struct epoll_event event[EVENTS_MAX];

	pthread_setname_np(pthread_self(), "worker");
	schedule_answering();
	while (!atomic_load(&worker->shared->stop)) {
		int timeout = expire(worker);

		atomic_fetch_add_explicit(&worker->steps, 1, memory_order_relaxed);

		/* a snapshot that is held while nothing happens keeps old pages from being used again */
		store_read_reset(worker->responder.view.txn);

		int count = epoll_wait(worker->epoll, event, EVENTS_MAX, timeout);
		for (int i = 0; i < count; i++)
			serve(worker, &event[i]);
		connections_bury(worker);
	}
	take_returned(worker);
	return NULL;
}

int worker_start(struct worker *worker)
{
	return -pthread_create(&worker->thread, NULL, worker_main, worker);
}

void worker_wake(struct worker *worker)
{
	uint64_t one = 1;

	if (write(worker->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_error("worker: eventfd: %s", strerror(errno));
}

void worker_done(struct worker *worker)
{
	take_returned(worker);
	connections_close(worker);
	connections_bury(worker);
	for (size_t i = 0; i < worker->udp_count; i++)
		udp_close(&worker->udp[i]);
	for (size_t i = 0; i < worker->listener_count; i++)
		listener_close(&worker->listener[i]);
	xdp_close(worker->xdp);
	if (worker->responder.store != NULL)
		responder_done(&worker->responder);
	if (worker->epoll >= 0)
		close(worker->epoll);
	if (worker->wake >= 0)
		close(worker->wake);
	batch_free(worker->batch);
	free(worker->udp);
	free(worker->listener);
	free(worker->scratch);
	pthread_mutex_destroy(&worker->lock);
}
