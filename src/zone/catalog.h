/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_CATALOG_H
#define ZONE_CATALOG_H

#include "base/arena.h"
#include "store/store.h"
#include "zone/group.h"

/* A catalog zone (RFC 9432): a zone that lists others. Names are in lower case; all lies in an arena. */

/* A zone that a catalog lists. */
struct catalog_member {
	const knot_dname_t *zone;
	struct slice label;      /* the member's label in the catalog, without its length (4.1) */
	const knot_dname_t *coo; /* the catalog that it may move to (4.4.1); NULL: none */
	struct slice groups; /* as in TXT records: texts, each behind an octet of length (4.4.2) */
};

/* By rising octets of the zones' names; none is there twice. */
struct catalog {
	struct catalog_member *member;
	size_t count;
};

/*
 * What the catalog zone says in this snapshot. -EPROTO and a reason in why: it is broken, and nothing
 * of it counts (5.1); -ENOENT: the store has no such zone.
 */
int catalog_read(struct catalog *ret, struct arena *arena, struct store_txn *txn,
		 const knot_dname_t *apex, const char **why);

/* The member that this zone is; NULL: it is none. */
const struct catalog_member *catalog_find(const struct catalog *catalog, const knot_dname_t *zone);

/* Whether one of the member's groups is this one. */
bool catalog_has_group(struct slice groups, const char *group);

/*
 * Makes the zone list these members, in any order, their labels made from their names; coo does not count.
 * Everything else goes, but the SOA. As change_commit() returns: 1 where something changed. -EEXIST: two
 * members are the same, or their labels. The zone must be in the store; the arena must outlive the group.
 */
int catalog_write(struct change_group *group, struct arena *arena, const struct zone *zone,
		  struct catalog_member *member, size_t count);

#endif
