/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_QUEUE_H
#define SERVER_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/siphash.h"
#include "server/job.h"

enum {
	QUEUE_JOBS_MAX = 16384,
	QUEUE_OCTETS_MAX = 256 << 20, /* of memory that waiting jobs hold */
	QUEUE_SHARES = 4096,
};

/* What waits of one key, or from one address. */
struct queue_share {
	size_t count, octets;
};

/* Updates that wait for the writer, in the order in which they came. */
struct update_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct job *first, **last;
	atomic_size_t count; /* changed with the lock, read without */
	size_t octets;
	uint8_t share_key[SIPHASH_KEY]; /* of the hash by which shares are found */
	struct queue_share of_key[QUEUE_SHARES], of_peer[QUEUE_SHARES];
	size_t wanted; /* how many the writer sleeps for; 0: it does not sleep */
	bool closed;
};

void queue_init(struct update_queue *queue);
void queue_done(struct update_queue *queue);

/*
 * Hands a job over; false where too many wait, or too many of its key or from its address: then the job is still the
 * caller's, and its exchange's why says which.
 */
bool queue_put(struct update_queue *queue, struct job *job);

/*
 * Waits for jobs and takes all there are, at most max, as a list. NULL: the queue was closed and
 * is empty.
 */
struct job *queue_take(struct update_queue *queue, size_t max);

/*
 * Waits at most patience_us microseconds until there are wanted jobs, where these are more than one. Returns at
 * once where the queue is closed.
 */
void queue_gather(struct update_queue *queue, size_t wanted, int64_t patience_us);

/* Waits so long for a job: true: there is one, or the queue was closed. */
bool queue_wait(struct update_queue *queue, int64_t microseconds);

/* How many wait now; nobody is waited for to know that. */
size_t queue_waiting(const struct update_queue *queue);

/* Whether nothing waits, and more may come. */
bool queue_is_idle(struct update_queue *queue);

/* What is in the queue will still be taken; then queue_take() gives NULL. */
void queue_close(struct update_queue *queue);

#endif
