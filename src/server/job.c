/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Jobs are used again: a worker that takes update after update asks for no memory, and what it
 * works in stays in the caches.
 */
#include "server/job.h"

#include <stdlib.h>

enum { KEPT_MAX = 512 };

struct job *job_new(struct job_pool *pool)
{
	struct job *job = pool->first;

	if (job == NULL)
		return calloc(1, sizeof(*job));
	pool->first = job->next;
	pool->count--;
	*job = (struct job){ .arena = job->arena };
	return job;
}

void job_keep(struct job_pool *pool, struct job *job)
{
	if (pool->count == KEPT_MAX) {
		job_free(job);
		return;
	}
	arena_reset(&job->arena);
	job->next = pool->first;
	pool->first = job;
	pool->count++;
}

void job_free(struct job *job)
{
	if (job == NULL)
		return;
	arena_done(&job->arena);
	free(job);
}

void job_pool_done(struct job_pool *pool)
{
	while (pool->first != NULL) {
		struct job *job = pool->first;

		pool->first = job->next;
		job_free(job);
	}
	pool->count = 0;
}
