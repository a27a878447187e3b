/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one place where threads wait for each other: updates on their way to the writer. */
#include "server/queue.h"

#include <time.h>

enum { WAITING_MAX = 16384 };

void queue_init(struct update_queue *queue)
{
	*queue = (struct update_queue){ .last = &queue->first };
	pthread_condattr_t attributes;

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

bool queue_put(struct update_queue *queue, struct job *job)
{
	pthread_mutex_lock(&queue->lock);

	bool taken = queue->count < WAITING_MAX && !queue->closed;
	if (taken) {
		job->next = NULL;
		*queue->last = job;
		queue->last = &job->next;
		queue->count++;
		if (queue->wanted > 0 && queue->count >= queue->wanted) {
			queue->wanted = 0;
			pthread_cond_signal(&queue->filled);
		}
	}
	pthread_mutex_unlock(&queue->lock);
	return taken;
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
		end = &(*end)->next;
		queue->count--;
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
