/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_RANGE_H
#define ZONE_RANGE_H

#include "store/store.h"

/*
 * Number ranges, as number-ranges of onnet.yaml(5) has them: a name that has no records of its own,
 * be it absent or an empty non-terminal, is answered by the longest wildcard above it. What range.c
 * says of it holds for both that follow.
 */

/*
 * For a name in which store_find() found no records, and match is what it found: match becomes
 * STORE_FOUND with the records of the range that answers, or stays as it is. 0, or an error of the
 * store.
 */
int range_find(struct store_txn *txn, const struct store_zone *zone, const knot_dname_t *name,
	       struct store_match *match);

/* Whether a wildcard's records make it a range. */
bool range_is(const struct node *wildcard);

/*
 * The names of a zone with their records, as store_walk_next() gives them, and with spread beside
 * them all that a server which knows RFC 4592 alone needs to give the same answers. The transaction
 * is the walk's alone as long as it lasts.
 */
struct range_walk;
int range_walk_begin(struct range_walk **ret, struct store_txn *txn, const struct store_zone *zone,
		     const knot_dname_t *apex, bool spread);

/* 1 and the next name, 0 at the end, or an error. The node stays until the next call. */
int range_walk_next(struct range_walk *walk, knot_dname_storage_t name, struct node *ret);
void range_walk_end(struct range_walk *walk);

#endif
