/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one place where threads wait for each other: updates on their way to the writer.
 *
 * Nobody can fill the queue alone. A key, and an address, may have as much waiting as is still free: one alone
 * up to a half, the next who comes up to half of the rest, and so there is always room for another. Shares are
 * counted in slots by a hash; where two fall into one slot they share it. Memory is bounded as the count is,
 * since a message may be of 40 octets or of 65,535.
 */
#include "server/queue.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "server/peer.h"

void queue_init(struct update_queue *queue)
{
	*queue = (struct update_queue){ .last = &queue->first };
	pthread_condattr_t attributes;

	if (getrandom(queue->share_key, sizeof(queue->share_key), 0) < 0)
		memset(queue->share_key, 0, sizeof(queue->share_key)); /* fair enough */
	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->filled, &attributes);
	pthread_condattr_destroy(&attributes);
}

void queue_done(struct update_queue *queue)
{
	pthread_cond_destroy(&queue->filled);
	pthread_mutex_destroy(&queue->lock);
}

/* What the job will count for; a task is nobody's and takes no memory. */
static void find_place(struct update_queue *queue, struct job *job)
{
	static const struct peer_bits bits = { .v4 = 32, .v6 = 64 };
	const knot_dname_t *key = job->by.key;

	job->place = (struct queue_place){ .octets = 0 };
	if (job->task != NULL)
		return;
	job->place.octets = arena_held(&job->arena);
	if (key != NULL)
		job->place.of_key =
			&queue->of_key[siphash(queue->share_key, key, knot_dname_size(key)) %
				       QUEUE_SHARES];
	if (job->origin.peer.ss_family != AF_UNSPEC)
		job->place.of_peer =
			&queue->of_peer[peer_hash(queue->share_key,
						  (struct sockaddr *)&job->origin.peer, bits) %
					QUEUE_SHARES];
}

static bool is_beyond(const struct update_queue *queue, const struct queue_share *share,
		      size_t octets)
{
	return share != NULL && (share->count >= QUEUE_JOBS_MAX - queue->count ||
				 share->octets + octets > QUEUE_OCTETS_MAX - queue->octets);
}

/* Why there is no room for the job; NULL: there is. */
static const char *refuse(const struct update_queue *queue, const struct job *job)
{
	const struct queue_place *place = &job->place;

	if (queue->closed || queue->count >= QUEUE_JOBS_MAX ||
	    place->octets > QUEUE_OCTETS_MAX - queue->octets)
		return "too many updates are waiting; try again";
	if (is_beyond(queue, place->of_key, place->octets))
		return "too many updates of this key are waiting; try again";
	if (is_beyond(queue, place->of_peer, place->octets))
		return "too many updates from this address are waiting; try again";
	return NULL;
}

static void share_add(struct queue_share *share, size_t octets)
{
	if (share == NULL)
		return;
	share->count++;
	share->octets += octets;
}

static void share_remove(struct queue_share *share, size_t octets)
{
	if (share == NULL)
		return;
	share->count--;
	share->octets -= octets;
}

static void count_in(struct update_queue *queue, const struct queue_place *place)
{
	queue->count++;
	queue->octets += place->octets;
	share_add(place->of_key, place->octets);
	share_add(place->of_peer, place->octets);
}

static void count_out(struct update_queue *queue, const struct queue_place *place)
{
	queue->count--;
	queue->octets -= place->octets;
	share_remove(place->of_key, place->octets);
	share_remove(place->of_peer, place->octets);
}

bool queue_put(struct update_queue *queue, struct job *job)
{
	find_place(queue, job);
	pthread_mutex_lock(&queue->lock);

	const char *why = refuse(queue, job);
	if (why == NULL) {
		job->next = NULL;
		*queue->last = job;
		queue->last = &job->next;
		count_in(queue, &job->place);
		if (queue->wanted > 0 && queue->count >= queue->wanted) {
			queue->wanted = 0;
			pthread_cond_signal(&queue->filled);
		}
	}
	pthread_mutex_unlock(&queue->lock);
	if (why != NULL)
		job->exchange.why = why; /* else it may be gone already */
	return why == NULL;
}

static struct timespec deadline_after(int64_t microseconds)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += (long)(microseconds % 1000000 * 1000);
	t.tv_sec += (time_t)(microseconds / 1000000) + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* Waits until there are wanted jobs, or the deadline has come; NULL: no deadline. */
static void wait_for(struct update_queue *queue, size_t wanted, const struct timespec *deadline)
{
	int err = 0;

	while (queue->count < wanted && !queue->closed && err == 0) {
		queue->wanted = wanted;
		err = deadline != NULL ?
			      pthread_cond_timedwait(&queue->filled, &queue->lock, deadline) :
			      pthread_cond_wait(&queue->filled, &queue->lock);
	}
	queue->wanted = 0;
}

void queue_gather(struct update_queue *queue, size_t wanted, int64_t patience_us)
{
	pthread_mutex_lock(&queue->lock);
	if (wanted > 1 && queue->count < wanted && patience_us > 0) {
		struct timespec deadline = deadline_after(patience_us);

		wait_for(queue, wanted, &deadline);
	}
	pthread_mutex_unlock(&queue->lock);
}

bool queue_wait(struct update_queue *queue, int64_t microseconds)
{
	struct timespec deadline = deadline_after(microseconds);

	pthread_mutex_lock(&queue->lock);
	wait_for(queue, 1, &deadline);

	bool there = queue->count > 0 || queue->closed;
	pthread_mutex_unlock(&queue->lock);
	return there;
}

size_t queue_waiting(const struct update_queue *queue)
{
	return atomic_load_explicit(&queue->count, memory_order_relaxed);
}

bool queue_is_idle(struct update_queue *queue)
{
	pthread_mutex_lock(&queue->lock);

	bool idle = queue->first == NULL && !queue->closed;
	pthread_mutex_unlock(&queue->lock);
	return idle;
}

struct job *queue_take(struct update_queue *queue, size_t max)
{
	pthread_mutex_lock(&queue->lock);
	wait_for(queue, 1, NULL);

	struct job *list = queue->first, **end = &list;
	for (size_t i = 0; i < max && *end != NULL; i++) {
		count_out(queue, &(*end)->place);
		end = &(*end)->next;
	}
	queue->first = *end;
	*end = NULL;
	if (queue->first == NULL)
		queue->last = &queue->first;
	pthread_mutex_unlock(&queue->lock);
	return list;
}

void queue_close(struct update_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->lock);
}
