/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_CONDENSE_H
#define ZONE_CONDENSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct condense_item;

/*
 * What many changes come down to: which records went that were there at first, and which came that
 * are there in the end. A record is known by its octets, which stay where they are.
 */
struct condense {
	struct condense_item *item; /* in the order in which they were first seen */
	size_t count, room, most;
	uint32_t *slot; /* hash table of index + 1; 0: empty; twice as many as items */
	uint64_t size;  /* octets of all records that condense_next() gives */
};

/* Nothing yet; it takes at most so many octets of memory. */
void condense_init(struct condense *condense, size_t memory);
void condense_done(struct condense *condense);

/* A record went, or came. -ENOMEM; -E2BIG: it would take more memory or time than it may; then all is lost. */
int condense_put(struct condense *condense, struct slice record, bool came);

/* The next record that came (or went) in the end, from *at on, 0 at first; false: no more. */
bool condense_next(const struct condense *condense, size_t *at, bool came, struct slice *ret);

#endif
