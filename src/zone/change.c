/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A change is the set of names it touches, each with its records before and now. Many changes of
 * one name are written once, and what goes into the change log is the difference of the two.
 *
 * Names are written in the order of their keys, whatever the order in which they were asked
 * for: neighbours lie on one page of the store, and numbers in one block.
 */
#include "zone/change.h"

#include <errno.h>
#include <libknot/libknot.h>
#include <stdlib.h>

#include "base/writer.h"
#include "dns/key.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "zone/history.h"

enum { SLOTS_START = 64 };

int change_begin(struct change *change, struct arena *arena, struct change_group *group,
		 const struct zone *zone)
{
	struct change_node **slot = arena_zero(arena, SLOTS_START * sizeof(*slot));
	struct group_zone *open;

	if (slot == NULL)
		return -ENOMEM;

	int err = group_zone_open(group, zone, &open);
	if (err != 0)
		return err;
	*change = (struct change){ .arena = arena,
				   .group = group,
				   .open = open,
				   .zone = zone,
				   .slot = slot,
				   .slots = SLOTS_START };
	change->last = &change->first;
	return 0;
}

static struct change_node **slot_find(struct change *change, const knot_dname_t *lower, size_t size)
{
	for (size_t i = name_hash(lower, size);; i++) {
		struct change_node **slot = &change->slot[i & (change->slots - 1)];

		if (*slot == NULL ||
		    ((*slot)->name_size == size && memcmp((*slot)->name, lower, size) == 0))
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
		*slot_find(change, node->name, node->name_size) = node;
	return 0;
}

/* The name's records in the transaction, copied to where they stay. */
static int read_before(struct change *change, struct change_node *node, bool apex)
{
	struct node stored = change->open->apex;

	if (!apex) {
		int err = store_node_get(change->group->txn, &change->open->record, node->name,
					 &stored);

		if (err != 0)
			return err;
	}
	if (stored.size == 0)
		return 0;
	node->before =
		(struct node){ arena_copy(change->arena, stored.data, stored.size), stored.size };
	return node->before.data != NULL ? 0 : -ENOMEM;
}

static struct change_node *node_new(struct change *change, const knot_dname_t *lower, size_t size)
{
	struct change_node *node = arena_zero(change->arena, sizeof(*node));
	const knot_dname_t *copy = arena_copy(change->arena, lower, size);

	if (node == NULL || copy == NULL)
		return NULL;
	node->name = copy;
	node->name_size = size;
	return node;
}

static void node_link(struct change *change, struct change_node *node)
{
	*change->last = node;
	change->last = &node->next;
	change->count++;
}

int change_node(struct change *change, const knot_dname_t *name, struct change_node **ret)
{
	knot_dname_storage_t lower;
	size_t size = knot_dname_size(name);

	knot_dname_copy_lower(lower, name);

	struct change_node **slot = slot_find(change, lower, size);
	if (*slot != NULL) {
		*ret = *slot;
		return 0;
	}

	struct change_node *node = node_new(change, lower, size);
	bool apex = size == change->zone->apex_size;
	int err = node != NULL ? read_before(change, node, apex) : -ENOMEM;
	if (err == 0)
		err = edit_begin(&node->edit, change->arena, &node->before);
	if (err != 0)
		return err;

	if (apex)
		change->apex = node;
	*slot = node;
	node_link(change, node);
	*ret = node;
	return change->count > change->slots / 2 ? slots_grow(change) : 0;
}

/* Makes octets of what each name has now. 1: something is not as before; 0: all is; -ENOMEM. */
static int end_edits(struct change *change)
{
	int changed = 0;

	for (struct change_node *node = change->first; node != NULL; node = node->next) {
		int err = edit_end(&node->edit, &node->after);

		if (err != 0)
			return err;
		node->changed = !node_identical(&node->before, &node->after);
		changed |= node->changed;
	}
	return changed;
}

/* The apex as a change leaves it that never asked for it. */
static struct change_node *add_apex(struct change *change)
{
	const struct node *apex = &change->open->apex;
	struct change_node *node = node_new(change, change->zone->apex, change->zone->apex_size);
	uint8_t *after = arena_copy(change->arena, apex->data, apex->size);

	if (node == NULL || after == NULL)
		return NULL;
	node->before = *apex;
	node->after = (struct node){ .data = after, .size = apex->size };
	change->apex = node;
	node_link(change, node);
	return node;
}

/* Steps the serial by one, over 0, which some take for "none" (RFC 1982, RFC 2136 3.7). */
static int step_serial(struct change *change)
{
	struct change_node *apex = change->apex;
	struct rrset_record before, after;

	if (apex == NULL)
		apex = add_apex(change);
	if (apex == NULL)
		return -ENOMEM;
	if (!apex_soa(&apex->before, &before) || !apex_soa(&apex->after, &after))
		return -ENOENT;

	uint32_t serial = rdata_soa_serial(after.rdata);
	if (rdata_soa_serial(before.rdata) != serial)
		return 0;
	serial++;

	/* the octets of after are the change's own */
	const uint8_t *at = after.rdata.data + rdata_soa_serial_at(after.rdata);
	put_u32((uint8_t *)(uintptr_t)at, serial + (serial == 0));
	apex->changed = true;
	return 0;
}

/* A name that is to be written, and the key that says when. */
struct sorted {
	const struct change_node *node;
	const uint8_t *key;
	size_t size;
};

static int compare_keys(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	int order = memcmp(x->key, y->key, x->size < y->size ? x->size : y->size);

	return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

/* The changed names but the apex by their keys; *ret is NULL where there is no memory. */
static size_t sort_nodes(const struct change *change, struct sorted **ret)
{
	struct sorted *sorted = arena_take(change->arena, change->count * sizeof(*sorted));
	size_t count = 0;
	bool in_order = true;

	*ret = NULL;
	for (const struct change_node *node = change->first; sorted != NULL && node != NULL;
	     node = node->next) {
		uint8_t key[KEY_MAX];

		if (!node->changed || node == change->apex)
			continue;

		size_t size = key_write(key, node->name, change->zone->apex_labels);
		uint8_t *copy = arena_copy(change->arena, key, size);
		if (copy == NULL)
			return 0;
		sorted[count] = (struct sorted){ .node = node, .key = copy, .size = size };
		in_order = in_order &&
			   (count == 0 || compare_keys(&sorted[count - 1], &sorted[count]) < 0);
		count++;
	}
	if (sorted != NULL && !in_order)
		qsort(sorted, count, sizeof(*sorted), compare_keys);
	*ret = sorted;
	return count;
}

static int write_nodes(struct change *change)
{
	struct sorted *sorted;
	size_t count = sort_nodes(change, &sorted);
	int err = sorted != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; err == 0 && i < count; i++)
		err = store_node_put(change->group->txn, &change->open->record,
				     sorted[i].node->name, &sorted[i].node->after);
	if (err == 0 && change->apex->changed)
		err = group_apex_put(change->group, change->open, &change->apex->after);
	return err;
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
	if (err == 0)
		err = write_nodes(change);
	if (err == 0)
		err = store_log_add(change->group->txn, &change->open->record, entry);
	if (err != 0)
		return err;
	change->open->time = origin->time;
	change->open->changes++;
	return 1;
}
