/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Inside store/ only: trees that no zone has any more, whose entries are still there. */
struct trees {
	uint32_t *tree;
	size_t count, room;
};

int trees_add(struct trees *trees, uint32_t tree);
void trees_done(struct trees *trees);

struct sweep {
	pthread_mutex_t lock; /* for gone */
	struct trees gone;
	uint32_t limit;     /* the last tree of an earlier process */
	bool searched;      /* what an earlier process left behind was looked for */
	atomic_bool wanted; /* there is something to take away, or to look for */
};

void sweep_init(struct sweep *sweep);
void sweep_done(struct sweep *sweep);

/*
 * These trees have no zone from now on. -ENOMEM: the next process finds those that are not noted.
 */
int sweep_add(struct sweep *sweep, const struct trees *trees);

#endif
