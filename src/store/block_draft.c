/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes a packed block. Slots are gone through in their order; what they have is numbered as it comes
 * up, so that the octets depend on what the slots have alone, and a block in which each number has
 * records of its own needs no indexes. Where a block is to be cut, sizes are known
 * after each slot, and a slot that was too much is taken back.
 */
#include <errno.h>

#include "store/block_edit.h"

void draft_begin(struct block_draft *draft)
{
	draft->now = (struct draft_mark){ .in_order = true };
}

/* The place of a record of the pool in the draft, which gets it where it has not. */
static int record_place_in(struct block_draft *draft, struct block_pool *pool, uint32_t number,
			   size_t *ret)
{
	struct draft_mark *now = &draft->now;
	struct pool_record *record = &pool->records[number];

	if (record->mark < now->records && draft->records[record->mark].record == number) {
		*ret = record->mark;
		return 0;
	}
	if (array_grow((void **)&draft->records, &draft->records_room, sizeof(*draft->records),
		       now->records + 1) != 0)
		return -ENOMEM;
	draft->records[now->records] =
		(struct draft_record){ .record = number, .start = now->entries_size };

	int err = draft_entry(draft, pool, number);
	if (err != 0)
		return err;
	record->mark = (uint32_t)now->records;
	*ret = now->records++;
	return 0;
}

/* The index of a bundle that no slot had before. */
static int bundle_new(struct block_draft *draft, struct block_pool *pool, unsigned number,
		      uint16_t *ret)
{
	const struct pool_bundle *bundle = &pool->bundles[number];
	struct draft_mark *now = &draft->now;
	size_t place = 0;

	for (size_t i = 0; i < bundle->count; i++) {
		int err = record_place_in(draft, pool, pool->parts[bundle->at + i], &place);

		if (err != 0)
			return err;
	}
	if (bundle->count == 1) {
		draft->records[place].alone = true;
		now->alone++;
		*ret = (uint16_t)place;
		return 0;
	}
	draft->bundles[now->bundles] = (uint16_t)number;
	now->parts += bundle->count;
	*ret = (uint16_t)(DRAFT_BUNDLE | now->bundles++);
	return 0;
}

int draft_add(struct block_draft *draft, struct block_pool *pool, int slot, unsigned bundle)
{
	struct draft_mark *now = &draft->now;
	uint32_t mark = pool->bundles[bundle].mark;
	uint16_t index;

	if (mark < now->seen && draft->seen[mark] == bundle) {
		index = draft->seen_indexes[mark];
	} else {
		int err = bundle_new(draft, pool, bundle, &index);

		if (err != 0)
			return err;
		pool->bundles[bundle].mark = (uint32_t)now->seen;
		draft->seen[now->seen] = (uint16_t)bundle;
		draft->seen_indexes[now->seen++] = index;
	}
	if (now->slots == 0)
		now->first = slot;
	now->last = slot;
	now->in_order = now->in_order && index == now->slots;
	draft->slots[now->slots] = (uint16_t)slot;
	draft->indexes[now->slots++] = index;
	return 0;
}

/* How the octets will be. */
struct shape {
	unsigned form, bits, width, width_code, number_size;
	size_t span, ranks_size, slots_size, indexes_size, entries_size, entry_count, size;
};

static unsigned bits_needed(size_t most)
{
	return most > 0 ? 64U - (unsigned)__builtin_clzll(most) : 0;
}

static void shape_slots(struct shape *shape, const struct draft_mark *now)
{
	size_t ranks, bits;

	shape->span = (size_t)(now->last - now->first) + 1;
	ranks = (shape->span - 1) / FORM_RANK_SLOTS * 2;
	bits = (shape->span + 7) / 8;
	if (now->slots == shape->span) {
		shape->form = FORM_ALL;
	} else if (now->slots * 2 <= ranks + bits) {
		shape->form = FORM_LIST;
		shape->slots_size = now->slots * 2;
	} else {
		shape->form = FORM_BITMAP;
		shape->ranks_size = ranks;
		shape->slots_size = bits;
	}
}

static struct shape shape_make(const struct draft_mark *now)
{
	struct shape shape = { .entry_count = now->records + now->bundles };
	size_t bits = bits_needed(now->alone + now->bundles - 1);

	shape_slots(&shape, now);
	shape.number_size = now->records > UINT8_MAX || now->bundles > UINT8_MAX ? 2 : 1;
	shape.entries_size = now->entries_size + now->parts * shape.number_size;
	shape.width_code = shape.entries_size <= UINT8_MAX  ? 0 :
			   shape.entries_size <= UINT16_MAX ? 1 :
							      2;
	shape.width = 1U << shape.width_code;
	if (now->in_order && bits > 0) {
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

bool draft_fits(const struct block_draft *draft, size_t limit)
{
	enum { FIXED_MAX = 200 }; /* head, bases, ranks and bitmap */
	const struct draft_mark *now = &draft->now;
	size_t entries = now->records + now->bundles;
	size_t most = FIXED_MAX + (now->slots + 1) * bits_needed(entries) / 8 + entries * 4 +
		      now->parts * 2 + now->entries_size;

	return most <= limit || shape_make(now).size <= limit;
}

static uint8_t *put_le16(uint8_t *at, size_t number)
{
	at[0] = (uint8_t)number;
	at[1] = (uint8_t)(number >> 8);
	return at + 2;
}

static uint8_t *put_sized(uint8_t *at, size_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(number >> (8 * i));
	return at + size;
}

static uint8_t *put_head(uint8_t *at, const struct block_draft *draft, const struct shape *shape)
{
	const struct draft_mark *now = &draft->now;

	at = put_le16(at, (size_t)now->first | shape->form << 10 | shape->width_code << 12 |
				  (shape->number_size == 2 ? FORM_COUNT_WIDE : 0U));
	at = put_le16(at, (size_t)now->last | shape->bits << 10);
	at = put_sized(at, now->records, shape->number_size);
	at = put_sized(at, now->bundles, shape->number_size);
	*at++ = (uint8_t)now->row_count;
	if (shape->form != FORM_ALL)
		at = put_le16(at, now->slots);
	for (size_t row = 1; row <= now->row_count; row++)
		for (size_t i = 0; i < now->base_count; i++)
			if (now->bases[i].row == row) {
				size_t number = draft->records[now->bases[i].place].number;

				at = put_sized(at, number, shape->number_size);
				*at++ = now->bases[i].patch;
			}
	return at;
}

static uint8_t *put_slots(uint8_t *at, const struct block_draft *draft, const struct shape *shape)
{
	size_t first = (size_t)draft->now.first, rank = 0;
	uint8_t *bits = at + shape->ranks_size;

	if (shape->form == FORM_LIST)
		for (size_t i = 0; i < draft->now.slots; i++)
			at = put_le16(at, draft->slots[i]);
	if (shape->form != FORM_BITMAP)
		return at;
	memset(bits, 0, shape->slots_size);
	for (size_t i = 0; i < draft->now.slots; i++) {
		size_t bit = draft->slots[i] - first;

		for (; rank < bit / FORM_RANK_SLOTS; rank++)
			put_le16(at + rank * 2, i);
		bits[bit / 8] = (uint8_t)(bits[bit / 8] | 1U << bit % 8);
	}
	return bits + shape->slots_size;
}

static uint8_t *put_indexes(uint8_t *at, const struct block_draft *draft, const struct shape *shape)
{
	uint64_t held = 0;
	unsigned bits = 0;

	if (shape->indexes_size == 0)
		return at;
	for (size_t i = 0; i < draft->now.slots; i++) {
		size_t index = draft->indexes[i];

		if ((index & DRAFT_BUNDLE) != 0)
			index &= ~(size_t)DRAFT_BUNDLE;
		else
			index = draft->now.bundles + draft->records[index].number;
		held |= (uint64_t)index << bits;
		for (bits += shape->bits; bits >= 8; bits -= 8, held >>= 8)
			*at++ = (uint8_t)held;
	}
	if (bits > 0)
		*at++ = (uint8_t)held;
	return at;
}

static size_t entry_size(const struct block_draft *draft, size_t place)
{
	size_t end = place + 1 < draft->now.records ? draft->records[place + 1].start :
						      draft->now.entries_size;

	return end - draft->records[place].start;
}

/* Offsets, then entries of records (those that slots have alone come first) and bundles. */
static void put_entries(uint8_t *at, const struct block_draft *draft, const struct block_pool *pool,
			const struct shape *shape)
{
	uint8_t *entries = at + (shape->entry_count - 1) * shape->width, *entry = entries;

	for (int alone = 1; alone >= 0; alone--)
		for (size_t i = 0; i < draft->now.records; i++) {
			size_t size = entry_size(draft, i);

			if (draft->records[i].alone != (alone == 1))
				continue;
			if (entry > entries)
				at = put_sized(at, (size_t)(entry - entries), shape->width);
			memcpy(entry, draft->entries.data + draft->records[i].start, size);
			entry += size;
		}
	for (size_t i = 0; i < draft->now.bundles; i++) {
		const struct pool_bundle *bundle = &pool->bundles[draft->bundles[i]];

		at = put_sized(at, (size_t)(entry - entries), shape->width);
		for (size_t k = 0; k < bundle->count; k++) {
			uint32_t mark = pool->records[pool->parts[bundle->at + k]].mark;

			entry = put_sized(entry, draft->records[mark].number, shape->number_size);
		}
	}
}

static void number_records(struct block_draft *draft)
{
	uint32_t alone = 0, others = (uint32_t)draft->now.alone;

	for (size_t i = 0; i < draft->now.records; i++)
		draft->records[i].number = draft->records[i].alone ? alone++ : others++;
}

int draft_write(struct block_draft *draft, const struct block_pool *pool, struct block_room *room,
		struct slice *ret)
{
	if (draft->now.slots == 0) {
		*ret = (struct slice){ 0 };
		return 0;
	}

	struct shape shape = shape_make(&draft->now);
	if (room_grow(room, shape.size) != 0)
		return -ENOMEM;
	number_records(draft);

	uint8_t *at = put_head(room->data, draft, &shape);
	at = put_slots(at, draft, &shape);
	at = put_indexes(at, draft, &shape);
	put_entries(at, draft, pool, &shape);
	*ret = slice_make(room->data, shape.size);
	return 0;
}
