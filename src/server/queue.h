/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_QUEUE_H
#define SERVER_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/job.h"

/* Updates that wait for the writer, in the order in which they came. */
struct update_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct job *first, **last;
	atomic_size_t count; /* changed with the lock, read without */
	size_t wanted;       /* how many the writer sleeps for; 0: it does not sleep */
	bool closed;
};

void queue_init(struct update_queue *queue);
void queue_done(struct update_queue *queue);

/* Hands a job over; false where too many wait, and the job is still the caller's. */
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
