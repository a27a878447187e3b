/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A change is the set of names it touches, each with its records before and now. Many changes of
 * one name are written once, and what goes into the change log is the difference of the two.
 */
#include "zone/change.h"

#include <errno.h>
#include <libknot/libknot.h>

#include "base/writer.h"
#include "dns/rdata.h"
#include "zone/history.h"

enum { SLOTS_START = 64 };

int change_begin(struct change *change, struct arena *arena, struct store_txn *txn,
		 const struct zone *zone)
{
	struct change_node **slot = arena_zero(arena, SLOTS_START * sizeof(*slot));
	struct store_zone record;

	if (slot == NULL)
		return -ENOMEM;

	int err = store_zone_get(txn, zone->apex, &record);
	if (err != 0)
		return err;
	*change = (struct change){ .arena = arena,
				   .txn = txn,
				   .zone = zone,
				   .record = record,
				   .slot = slot,
				   .slots = SLOTS_START };
	change->last = &change->first;
	return 0;
}

static size_t name_hash(const knot_dname_t *name)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0, size = knot_dname_size(name); i < size; i++)
		hash = (hash ^ name[i]) * 0x100000001b3u;
	return (size_t)(hash ^ hash >> 32);
}

static struct change_node **slot_find(struct change *change, const knot_dname_t *lower)
{
	for (size_t i = name_hash(lower);; i++) {
		struct change_node **slot = &change->slot[i & (change->slots - 1)];

		if (*slot == NULL || knot_dname_is_equal((*slot)->name, lower))
			return slot;
	}
}

static int slots_grow(struct change *change)
{
	size_t slots = change->slots * 4;
	struct change_node **slot = arena_zero(change->arena, slots * sizeof(*slot));

	if (slot == NULL)
		return -ENOMEM;
	change->slot = slot;
	change->slots = slots;
	for (struct change_node *node = change->first; node != NULL; node = node->next)
		*slot_find(change, node->name) = node;
	return 0;
}

int change_node(struct change *change, const knot_dname_t *name, struct change_node **ret)
{
	knot_dname_storage_t lower;

	knot_dname_copy_lower(lower, name);

	struct change_node **slot = slot_find(change, lower);
	if (*slot != NULL) {
		*ret = *slot;
		return 0;
	}

	struct change_node *node = arena_zero(change->arena, sizeof(*node));
	const knot_dname_t *copy = arena_copy(change->arena, lower, knot_dname_size(lower));
	if (node == NULL || copy == NULL)
		return -ENOMEM;

	struct node stored;
	int err = store_node_get(change->txn, &change->record, lower, &stored);
	if (err != 0)
		return err;
	node->name = copy;
	node->before =
		(struct node){ arena_copy(change->arena, stored.data, stored.size), stored.size };
	if (node->before.data == NULL)
		return -ENOMEM;
	err = edit_begin(&node->edit, change->arena, &node->before);
	if (err != 0)
		return err;

	*slot = node;
	*change->last = node;
	change->last = &node->next;
	*ret = node;
	return ++change->count > change->slots / 2 ? slots_grow(change) : 0;
}

int change_soa(struct change *change, struct change_node **apex, struct rrset *ret)
{
	int err = change_node(change, change->zone->apex, apex);

	if (err != 0)
		return err;
	return edit_find(&(*apex)->edit, KNOT_RRTYPE_SOA, ret) ? 0 : -ENOENT;
}

/* Makes octets of what each name has now. 1: something is not as before; 0: all is; -ENOMEM. */
static int end_edits(struct change *change)
{
	int changed = 0;

	for (struct change_node *node = change->first; node != NULL; node = node->next) {
		int err = edit_end(&node->edit, &node->after);

		if (err != 0)
			return err;
		if (!node_identical(&node->before, &node->after))
			changed = 1;
	}
	return changed;
}

static uint32_t soa_serial(const struct rrset *soa)
{
	struct rrset_record record;
	size_t pos = 0;

	return rrset_next(soa, &pos, &record) ? rdata_soa_serial(record.rdata) : 0;
}

/* Steps the serial by one, over 0, which some take for "none" (RFC 1982, RFC 2136 3.7). */
static int step_serial(struct change *change)
{
	struct change_node *apex;
	struct rrset soa, before;
	struct rrset_record record;
	size_t pos = 0;
	int err = change_soa(change, &apex, &soa);

	if (err != 0)
		return err;
	if (node_find(&apex->before, KNOT_RRTYPE_SOA, &before) &&
	    soa_serial(&before) != soa_serial(&soa))
		return 0;

	if (!rrset_next(&soa, &pos, &record))
		return -EBADMSG;

	uint8_t *rdata = arena_copy(change->arena, record.rdata.data, record.rdata.size);
	if (rdata == NULL)
		return -ENOMEM;

	uint32_t serial = rdata_soa_serial(record.rdata) + 1;
	put_u32(rdata + rdata_soa_serial_at(record.rdata), serial + (serial == 0));
	err = edit_add(&apex->edit, KNOT_RRTYPE_SOA, record.ttl,
		       slice_make(rdata, record.rdata.size));
	return err < 0 ? err : edit_end(&apex->edit, &apex->after);
}

int change_commit(struct change *change, const struct change_origin *origin)
{
	struct slice entry;

	int changed = end_edits(change);
	if (changed <= 0)
		return changed;

	int err = step_serial(change);
	if (err == 0)
		err = history_write(&entry, change, origin);
	for (struct change_node *node = change->first; err == 0 && node != NULL; node = node->next)
		if (!node_identical(&node->before, &node->after))
			err = store_node_put(change->txn, &change->record, node->name,
					     &node->after);
	if (err == 0)
		err = store_log_add(change->txn, &change->record, entry);
	if (err == 0)
		err = history_trim(change, origin->time);
	if (err == 0)
		err = store_zone_put(change->txn, change->zone->apex, &change->record);
	return err == 0 ? 1 : err;
}
