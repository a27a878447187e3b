/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_DELTA_H
#define ZONE_DELTA_H

#include "store/store.h"

/*
 * What changed in a zone since one of its serials, as its change log has it, in the form of an incremental
 * transfer (RFC 1995 4). No I/O but the store, of which it reads one snapshot; as long as it lasts, that must.
 */
struct delta;

struct delta_from {
	const knot_dname_t *apex; /* stays the caller's */
	uint32_t serial;          /* the version that is there already */
	bool spread; /* a copy of a zone with number ranges that has what range_walk.c makes of it */
	size_t memory; /* octets that condensing may take; beyond that changes go one by one */
};

/*
 * Looks where the change log has that version. -ENOENT: it does not, or what follows is likely to be much more
 * than the zone.
 */
int delta_begin(struct delta **ret, struct store_txn *txn, const struct store_zone *zone,
		const struct delta_from *from);

/*
 * Reads on in the log, a little at a time. 1: there is more; 0: all was read, and delta_next() may begin;
 * -ENOENT: the zone has to be sent whole, as no unbroken line of changes leads to what it is now, or that
 * is less than the difference, or what changed can't be told to a spread copy.
 */
int delta_prepare(struct delta *difference);

/*
 * 1 and the next record, its owner whole: one or more times an old SOA, what went, a new SOA, what
 * came. 0 at the end. The record stays as long as the snapshot.
 */
int delta_next(struct delta *difference, struct slice *record);

/* Whether many changes were made one. */
bool delta_is_condensed(const struct delta *difference);

void delta_end(struct delta *difference); /* NULL is nothing */

#endif
