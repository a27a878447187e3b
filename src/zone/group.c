/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each change of a zone steps the serial and adds to the zone's record, so that a thousand
 * changes in one transaction would write the same two values a thousand times. Here they are kept
 * in memory until the end of the transaction. A change puts them only when nothing can go wrong
 * any more but the store, which loses the whole transaction, and the group with it.
 */
#include "zone/group.h"

#include <errno.h>
#include <libknot/libknot.h>

#include "zone/history.h"

/*
 * Where a log is too large, after its bounds were made tighter, each group takes away twice as many entries as it
 * adds and these: so it comes down bit by bit, and no update waits for all of it.
 */
enum { TRIM_MORE = 64 };

void group_begin(struct change_group *group, struct arena *arena, struct store_txn *txn)
{
	*group = (struct change_group){ .arena = arena, .txn = txn };
}

bool apex_soa(const struct node *apex, struct rrset_record *ret)
{
	struct rrset soa;
	size_t pos = 0;

	return node_find(apex, KNOT_RRTYPE_SOA, &soa) && rrset_next(&soa, &pos, ret);
}

int apex_soa_get(struct store_txn *txn, const struct store_zone *zone, const knot_dname_t *apex,
		 struct rrset_record *ret)
{
	struct node node;
	int err = store_node_get(txn, zone, apex, &node);

	return err != 0 ? err : apex_soa(&node, ret) ? 0 : -ENOENT;
}

static int apex_keep(struct change_group *group, struct group_zone *zone, const struct node *node)
{
	if (node->size > zone->room) {
		size_t room = node->size * 2;
		uint8_t *octets = arena_take(group->arena, room);

		if (octets == NULL)
			return -ENOMEM;
		zone->octets = octets;
		zone->room = room;
	}
	if (node->size > 0)
		memcpy(zone->octets, node->data, node->size);
	zone->apex = (struct node){ .data = zone->octets, .size = node->size };
	return 0;
}

int group_zone_open(struct change_group *group, const struct zone *zone, struct group_zone **ret)
{
	struct store_zone record;
	struct node apex;

	/* by name: before and after a reload it is another struct */
	for (struct group_zone *open = group->first; open != NULL; open = open->next) {
		if (open->zone == zone || knot_dname_is_equal(open->zone->apex, zone->apex)) {
			*ret = open;
			return 0;
		}
	}

	int err = store_zone_get(group->txn, zone->apex, &record);
	if (err == 0)
		err = store_node_get(group->txn, &record, zone->apex, &apex);
	if (err != 0)
		return err;

	struct group_zone *open = arena_zero(group->arena, sizeof(*open));
	if (open == NULL || apex_keep(group, open, &apex) != 0)
		return -ENOMEM;
	open->zone = zone;
	open->record = record;
	open->next = group->first;
	group->first = open;
	*ret = open;
	return 0;
}

int group_apex_put(struct change_group *group, struct group_zone *zone, const struct node *node)
{
	int err = apex_keep(group, zone, node);

	if (err == 0)
		zone->apex_changed = true;
	return err;
}

static int zone_end(struct change_group *group, struct group_zone *open)
{
	const struct zone *zone = open->zone;
	int err = 0;

	if (open->apex_changed)
		err = store_node_put(group->txn, &open->record, zone->apex, &open->apex);
	if (err == 0)
		err = history_trim(group->txn, zone, &open->record, open->time,
				   TRIM_MORE + 2 * open->changes);
	if (err >= 0)
		err = store_zone_put(group->txn, zone->apex, &open->record);
	return err;
}

int group_end(struct change_group *group)
{
	bool changed = false;
	int err = 0;

	for (struct group_zone *open = group->first; err == 0 && open != NULL; open = open->next) {
		if (open->changes == 0)
			continue;
		changed = true;
		err = zone_end(group, open);
	}
	return err != 0 ? err : changed;
}
