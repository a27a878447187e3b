/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What will be in a packed block. Slots are gone through in their order; what they have is
 * numbered as it comes up, so that the octets depend on what the slots have alone, and a block
 * in which each number has a record of its own needs no indexes.
 */
#include <errno.h>

#include "store/block_edit.h"

/* Sees to it that a record of the pool is in the draft. */
static int add_record(struct block_draft *draft, struct block_pool *pool, uint32_t number)
{
	struct draft_mark *now = &draft->now;
	struct pool_record *record = &pool->records[number];

	if (record->stamp == draft->stamp)
		return 0;
	if (array_grow((void **)&draft->records, &draft->records_room, sizeof(*draft->records),
		       now->records + 1) != 0)
		return -ENOMEM;
	draft->records[now->records] = (struct draft_record){ .start = now->entries_size };

	int err = draft_entry(draft, pool, number);
	if (err != 0)
		return err;
	record->stamp = draft->stamp;
	record->mark = (uint32_t)now->records++;
	return 0;
}

/* Takes in a bundle that no slot had before. */
static int add_bundle(struct block_draft *draft, struct block_pool *pool, unsigned number)
{
	struct pool_bundle *bundle = &pool->bundles[number];
	struct draft_mark *now = &draft->now;

	for (size_t i = 0; i < bundle->count; i++) {
		int err = add_record(draft, pool, pool->parts[bundle->at + i]);

		if (err != 0)
			return err;
	}
	if (bundle->count == 1) {
		draft->records[pool->records[pool->parts[bundle->at]].mark].alone = true;
		now->alone++;
	} else {
		now->parts += bundle->count;
	}
	draft->bundles[now->bundles] = (uint16_t)number;
	bundle->stamp = draft->stamp;
	bundle->mark = (uint32_t)now->bundles++;
	return 0;
}

int draft_slots(struct block_draft *draft, struct block_pool *pool, const uint16_t *slots,
		int first, int last)
{
	struct draft_mark *now = &draft->now;
	size_t count = 0;

	draft->stamp++;
	*now = (struct draft_mark){ 0 };
	for (int slot = first; slot <= last; slot++) {
		if (slots[slot] == SLOT_FREE)
			continue;

		const struct pool_bundle *bundle = &pool->bundles[slots[slot]];
		if (bundle->stamp != draft->stamp) {
			int err = add_bundle(draft, pool, slots[slot]);

			if (err != 0)
				return err;
		}
		draft->slots[count] = (uint16_t)slot;
		draft->marks[count++] = (uint16_t)bundle->mark;
	}
	now->slots = count;
	return 0;
}
