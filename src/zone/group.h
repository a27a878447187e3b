/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_GROUP_H
#define ZONE_GROUP_H

#include "store/store.h"
#include "zone/table.h"

/* The SOA record of an apex; false where it has none. */
bool apex_soa(const struct node *apex, struct rrset_record *ret);

/* That of a zone in the store; it stays as a node does that store_node_get() gave. -ENOENT: it has none. */
int apex_soa_get(struct store_txn *txn, const struct store_zone *zone, const knot_dname_t *apex,
		 struct rrset_record *ret);

/* A zone as the changes of a group have left it so far. */
struct group_zone {
	struct group_zone *next;
	const struct zone *zone;
	struct store_zone record;
	struct node apex; /* its octets stay until group_apex_put() */
	uint8_t *octets;  /* where the apex lies, and how many fit there */
	size_t room;
	bool apex_changed;
	uint64_t time; /* of the newest change, seconds since 1970 */
	size_t changes;
};

/*
 * Changes that share one write transaction. What many of them touch, the zone's record and its
 * apex with the serial, is read once and written once, by group_end(); all else the changes
 * write themselves. A group that is simply dropped has written none of that. Memory comes from the
 * arena, which must live as long.
 */
struct change_group {
	struct arena *arena;
	struct store_txn *txn;
	struct group_zone *first;
};

void group_begin(struct change_group *group, struct arena *arena, struct store_txn *txn);

/* The zone as it is now; the same one each time. -ENOENT: the store has no such zone. */
int group_zone_open(struct change_group *group, const struct zone *zone, struct group_zone **ret);

/* Puts a node in place of the apex's; its octets are copied. -ENOMEM. */
int group_apex_put(struct change_group *group, struct group_zone *zone, const struct node *node);

/*
 * Writes what the changes have in common, and shortens the change logs. 1: something was changed;
 * 0: nothing was. After an error the transaction must be aborted.
 */
int group_end(struct change_group *group);

#endif
