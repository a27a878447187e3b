/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_MEMBERSHIP_H
#define ZONE_MEMBERSHIP_H

#include "zone/catalog.h"

/* A zone that a catalog brought, and what the catalog said of it: what is noted beside the zone. */
struct membership {
	const knot_dname_t *zone;
	const knot_dname_t *catalog; /* apex */
	struct slice label, groups;  /* as in struct catalog_member */
};

/* By rising octets of the zones' names. */
struct memberships {
	struct membership *list;
	size_t count;
};

/* All that are noted; in the arena. */
int membership_read(struct memberships *ret, struct arena *arena, struct store_txn *txn);

/* The octets of the note, in the arena. -ENOMEM. */
int membership_format(struct slice *ret, struct arena *arena, const struct membership *membership);

/* A catalog that is followed. */
struct catalog_source {
	const knot_dname_t *apex;
	bool broken; /* what it said before counts */
	struct catalog now;
};

/* What becomes of a zone. */
enum membership_fate {
	MEMBER_KEPT,     /* as it was */
	MEMBER_CHANGED,  /* another catalog, or other groups; its records stay */
	MEMBER_NEW,      /* to be served */
	MEMBER_RESET,    /* to be begun anew, without its records (5.4, 5.6) */
	MEMBER_GONE,     /* not to be served any more; its records go (5.3) */
	MEMBER_DECLARED, /* the operator declares it now: no catalog's any more; its records stay */
	MEMBER_CLASHES, /* listed, but another catalog's or declared (5.2): nothing becomes of it */
};

struct membership_step {
	enum membership_fate fate;
	struct membership now; /* of MEMBER_GONE and MEMBER_DECLARED: as it was */
	size_t source;         /* whose it is; of these two no one's */
};

struct membership_plan {
	struct membership_step *step;
	size_t count;
};

/*
 * How to go over from what is noted to what the catalogs say. What the operator declares goes before
 * any catalog. -ENOMEM.
 */
int membership_plan(struct membership_plan *ret, struct arena *arena,
		    const struct memberships *noted, const struct catalog_source *source,
		    size_t count, const struct zone_table *declared);

#endif
