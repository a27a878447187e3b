/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What will be in a packed block. Slots are gone through in their order; what they have is numbered as it
 * comes up, so that the octets depend on what the slots have alone, and a block in which each number
 * has a record of its own needs no indexes. Where a block is to be cut, it is known after each slot
 * how many octets it takes.
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

static unsigned bits_needed(size_t most)
{
	return most > 0 ? 64U - (unsigned)__builtin_clzll(most) : 0;
}

static void shape_slots(struct draft_shape *shape, const struct block_draft *draft)
{
	size_t ranks, bits, count = draft->now.slots;

	shape->first = draft->slots[0];
	shape->last = draft->slots[count - 1];
	size_t span = shape->last - shape->first + 1;
	ranks = (span - 1) / FORM_RANK_SLOTS * 2;
	bits = (span + 7) / 8;
	if (count == span) {
		shape->form = FORM_ALL;
	} else if (count * 2 <= ranks + bits) {
		shape->form = FORM_LIST;
		shape->slots_size = count * 2;
	} else {
		shape->form = FORM_BITMAP;
		shape->ranks_size = ranks;
		shape->slots_size = bits;
	}
}

struct draft_shape draft_shape(const struct block_draft *draft)
{
	const struct draft_mark *now = &draft->now;
	struct draft_shape shape = { .bundles = now->bundles - now->alone };
	size_t bits = bits_needed(now->bundles - 1);

	shape_slots(&shape, draft);
	shape.entry_count = now->records + shape.bundles;
	shape.number_size = now->records > UINT8_MAX || shape.bundles > UINT8_MAX ? 2 : 1;
	shape.entries_size = now->entries_size + now->parts * shape.number_size;
	shape.width_code = shape.entries_size <= UINT8_MAX  ? 0 :
			   shape.entries_size <= UINT16_MAX ? 1 :
							      2;
	shape.width = 1U << shape.width_code;
	/* each slot has a record of its own: they are numbered as the slots are */
	if (bits > 0 && shape.bundles == 0 && now->bundles == now->slots) {
		shape.bits = FORM_BITS_ORDER;
	} else {
		shape.bits = (unsigned)bits;
		shape.indexes_size = (now->slots * bits + 7) / 8;
	}
	shape.size = 4 + 2 * shape.number_size + 1 + (shape.form != FORM_ALL ? 2 : 0) +
		     now->row_count * (shape.number_size + 1) + shape.ranks_size +
		     shape.slots_size + shape.indexes_size + (shape.entry_count - 1) * shape.width +
		     shape.entries_size;
	return shape;
}

/* How many slots it may have for certain within limit octets, as long as it has no other bundles. */
static size_t slots_within(const struct block_draft *draft, size_t limit)
{
	enum { FIXED_MAX = 200 }; /* head, bases, ranks and bitmap */
	const struct draft_mark *now = &draft->now;
	size_t used = FIXED_MAX + (now->records + now->bundles) * 4 + now->parts * 2 +
		      now->entries_size;

	if (limit == SIZE_MAX)
		return BLOCK_SLOTS;
	return used < limit ? (limit - used) * 8 / (bits_needed(now->bundles) + 1) : 0;
}

/* The slot is one too many where not all fit; a single one always does. */
static bool is_full(const struct block_draft *draft, size_t limit)
{
	return draft->now.slots > 1 && draft_shape(draft).size > limit;
}

int draft_slots(struct block_draft *draft, struct block_pool *pool, const uint16_t *slots,
		int first, int *last, size_t limit)
{
	struct draft_mark *now = &draft->now;
	size_t certain = 0;

	draft->stamp++;
	*now = (struct draft_mark){ .first = first };
	for (int slot = first; slot <= *last; slot++) {
		if (slots[slot] == SLOT_FREE)
			continue;

		const struct pool_bundle *bundle = &pool->bundles[slots[slot]];
		if (bundle->stamp != draft->stamp) {
			int err = add_bundle(draft, pool, slots[slot]);

			if (err != 0)
				return err;
			certain = slots_within(draft, limit);
		}
		draft->slots[now->slots] = (uint16_t)slot;
		draft->marks[now->slots++] = (uint16_t)bundle->mark;
		if (now->slots > certain && is_full(draft, limit)) {
			*last = slot - 1;
			return 1;
		}
	}
	return 0;
}
