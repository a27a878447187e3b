/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Update forwarding (RFC 2136 6). The request goes out octet for octet as it came, and the primary's response
 * comes back the same way, so that the client's signature is checked by the primary and the primary's by the
 * client. The next primary is asked only as long as none can have got the request: from then on nobody knows
 * whether it was carried out, and the client gets SERVFAIL (6.1: the secondary "can act as a sort of proxy").
 *
 * A primary that is slow or gone makes all wait, and of what may wait an address has as much as is still free, as in
 * server/queue.c. Keys do not count here: whose signature is good is for the primary to say.
 */
#include "server/forward.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "client/client.h"
#include "client/relay.h"
#include "client/socket.h"
#include "server/peer.h"
#include "server/queue.h"

enum { THREADS = 4, WAITING_MAX = 1024, TIMEOUT_MS = 2000, TRIES = 2 };

struct forwarder {
	pthread_t thread[THREADS];
	size_t threads;
	int stop;              /* an eventfd */
	atomic_bool hurry;     /* what was not begun fails */
	atomic_uint unsettled; /* jobs that were put and are not back */

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t filled;
	struct job *first, **last; /* that wait for a thread */
	bool closed;
	uint8_t share_key[SIPHASH_KEY];           /* of the hash by which shares are found */
	struct queue_share of_peer[QUEUE_SHARES]; /* jobs that were put and are not back */
};

static void fail(struct job *job, const char *why)
{
	job->exchange.rcode = KNOT_RCODE_SERVFAIL;
	job->exchange.why_code = KNOT_EDNS_EDE_NETWORK;
	job->exchange.why = why;
}

static void log_failure(const struct job *job, const struct conf_peer *primary, const char *why)
{
	knot_dname_txt_storage_t zone = "?";
	char peer[PEER_TEXT_ROOM], to[PEER_TEXT_ROOM];

	peer_format(peer, job->exchange.peer);
	peer_format(to, (const struct sockaddr *)&primary->address.socket);
	knot_dname_to_str(zone, job->zone->apex, sizeof(zone));
	log_warning("update not forwarded: zone=%s peer=%s primary=%s: %s", zone, peer, to, why);
}

/* Asks one primary. 0: its response is in the job; *sent: no other may be asked. */
static int ask(struct job *job, const struct conf_peer *primary, bool *sent)
{
	const struct client_options options = { .address = primary->address.socket,
						.tls = primary->tls,
						.trust = job->trust,
						.timeout_ms = TIMEOUT_MS,
						.tries = TRIES };
	struct slice request = slice_make(job->exchange.wire, job->exchange.size), response;
	struct client *client;
	int err = client_new(&client, &options);

	if (err != 0)
		return err;
	err = client_relay(client, &response, request, sent);
	if (err != 0) {
		log_failure(job, primary, client_fault(client));
	} else {
		job->response.data = arena_copy(&job->arena, response.data, response.size);
		job->response.size = job->response.data != NULL ? response.size : 0;
		err = job->response.data != NULL ? 0 : -ENOMEM;
	}
	client_free(client);
	return err;
}

static void forward(struct job *job)
{
	const struct conf_zone *zone = job->copy_of;
	bool sent = false;
	int err = -ENOENT;

	for (size_t i = 0; err != 0 && !sent && i < zone->primary_count; i++)
		err = ask(job, &zone->primary[i], &sent);
	if (err != 0)
		fail(job, sent ? "the primary did not say whether it made this change" :
				 "no primary of this zone can be reached");
}

/* The next job; NULL: there are none, and no more will come. */
static struct job *take(struct forwarder *f)
{
	pthread_mutex_lock(&f->lock);
	while (f->first == NULL && !f->closed)
		pthread_cond_wait(&f->filled, &f->lock);

	struct job *job = f->first;
	if (job != NULL) {
		f->first = job->next;
		job->next = NULL;
	}
	if (f->first == NULL)
		f->last = &f->first;
	pthread_mutex_unlock(&f->lock);
	return job;
}

static void give_back(struct forwarder *f, struct job *job)
{
	pthread_mutex_lock(&f->lock);
	job->place.of_peer->count--;
	pthread_mutex_unlock(&f->lock);
	job->done(job, job->arg);
	atomic_fetch_sub(&f->unsettled, 1);
}

static void *forward_main(void *arg)
{
	struct forwarder *f = arg;
	struct job *job;

	client_socket_heed(f->stop);
	while ((job = take(f)) != NULL) {
		if (atomic_load(&f->hurry))
			fail(job, "this server is being set up anew; try again");
		else
			forward(job);
		give_back(f, job);
	}
	return NULL;
}

int forwarder_new(struct forwarder **ret)
{
	struct forwarder *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -ENOMEM;
	f->last = &f->first;
	if (getrandom(f->share_key, sizeof(f->share_key), 0) < 0)
		memset(f->share_key, 0, sizeof(f->share_key)); /* fair enough */
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->filled, NULL);
	f->stop = eventfd(0, EFD_CLOEXEC);
	if (f->stop < 0) {
		forwarder_free(f);
		return -EMFILE;
	}
	*ret = f;
	return 0;
}

int forwarder_start(struct forwarder *f)
{
	int err = 0;

	for (; err == 0 && f->threads < THREADS; f->threads += err == 0)
		err = -pthread_create(&f->thread[f->threads], NULL, forward_main, f);
	return err;
}

static struct queue_share *share_of(struct forwarder *f, const struct job *job)
{
	static const struct peer_bits bits = { .v4 = 32, .v6 = 64 };
	const struct sockaddr *peer = (const struct sockaddr *)&job->origin.peer;

	return &f->of_peer[peer_hash(f->share_key, peer, bits) % QUEUE_SHARES];
}

bool forwarder_put(struct forwarder *f, const struct state *state, struct job *job)
{
	struct queue_share *share = share_of(f, job);

	pthread_mutex_lock(&f->lock);

	unsigned waiting = atomic_load(&f->unsettled);
	bool taken = !f->closed && waiting < WAITING_MAX && share->count < WAITING_MAX - waiting;
	if (taken) {
		job->place.of_peer = share;
		share->count++;
		job->copy_of = &state->conf->zone[job->zone->index];
		job->trust = state->trust;
		job->next = NULL;
		*f->last = job;
		f->last = &job->next;
		atomic_fetch_add(&f->unsettled, 1);
		pthread_cond_signal(&f->filled);
	}
	pthread_mutex_unlock(&f->lock);
	return taken;
}

void forwarder_settle(struct forwarder *f)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };

	atomic_store(&f->hurry, true);
	while (atomic_load(&f->unsettled) > 0)
		nanosleep(&pause, NULL);
	atomic_store(&f->hurry, false);
}

void forwarder_stop(struct forwarder *f)
{
	if (f == NULL)
		return;
	atomic_store(&f->hurry, true);
	pthread_mutex_lock(&f->lock);
	f->closed = true;
	pthread_cond_broadcast(&f->filled);
	pthread_mutex_unlock(&f->lock);
	if (f->stop >= 0)
		eventfd_write(f->stop, 1);
	for (; f->threads > 0; f->threads--)
		pthread_join(f->thread[f->threads - 1], NULL);
}

void forwarder_free(struct forwarder *f)
{
	if (f == NULL)
		return;
	pthread_cond_destroy(&f->filled);
	pthread_mutex_destroy(&f->lock);
	if (f->stop >= 0)
		close(f->stop);
	free(f);
}
