/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_DIFFERENCE_H
#define ZONE_DIFFERENCE_H

#include "store/store.h"

/*
 * What changed in a zone since one of its serials, as its change log has it, in the form of an incremental
 * transfer (RFC 1995 4). No I/O but the store, of which it reads one snapshot; as long as it lasts, that must.
 */
struct difference;

struct difference_from {
	const knot_dname_t *apex; /* stays the caller's */
	uint32_t serial;          /* the version that is there already */
	bool spread; /* a copy of a zone with number ranges that has what range_walk.c makes of it */
	size_t memory; /* octets that condensing may take; beyond that changes go one by one */
};

/*
 * Looks where the change log has that version. -ENOENT: it does not, or what follows is likely to be much more
 * than the zone.
 */
int difference_begin(struct difference **ret, struct store_txn *txn, const struct store_zone *zone,
		     const struct difference_from *from);

/*
 * Reads on in the log, a little at a time. 1: there is more; 0: all was read, and difference_next() may begin;
 * -ENOENT: the zone has to be sent whole, as no unbroken line of changes leads to what it is now, or that
 * is less than the difference, or what changed can't be told to a spread copy.
 */
int difference_prepare(struct difference *difference);

/*
 * 1 and the next record, its owner whole: one or more times an old SOA, what went, a new SOA, what
 * came. 0 at the end. The record stays as long as the snapshot.
 */
int difference_next(struct difference *difference, struct slice *record);

/* Whether many changes were made one. */
bool difference_is_condensed(const struct difference *difference);

void difference_end(struct difference *difference); /* NULL is nothing */

#endif
