/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_VIEW_H
#define ZONE_VIEW_H

#include "store/store.h"
#include "zone/table.h"

/*
 * What a reader sees: the served zones in one snapshot of the store. Used by one thread. What the
 * store says of a zone is looked up once in a snapshot.
 */
struct zone_view {
	struct store_txn *txn;
	const struct zone_table *table;
	struct zone_state *state; /* one for each zone */
	struct negative *negative;
};

int zone_view_init(struct zone_view *view, struct store *store, const struct zone_table *table);
void zone_view_done(struct zone_view *view);

/* Goes over to another table, in the same snapshot. -ENOMEM, and the view is as it was. */
int zone_view_use(struct zone_view *view, const struct zone_table *table);

/* What negative answers of some zones need (zone/negative.c): none yet, and none any more. NULL: no memory. */
struct negative *negatives_new(void);
void negatives_forget(struct negative *negative);

/*
 * The zone in this snapshot; NULL where the store has none, it can't be read, or it is a copy that has
 * expired.
 */
const struct store_zone *zone_view_get(struct zone_view *view, const struct zone *zone);

/* The apex's SOA record; false where there is none. */
bool zone_view_soa(struct zone_view *view, const struct zone *zone, struct rrset *ret);

#endif
