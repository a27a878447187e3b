/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the octets of a packed block (block_form.h) out of a draft that says what is in it.
 */
#include <errno.h>

#include "store/block_edit.h"

/* How the octets will be. */
struct shape {
	unsigned form, bits, width, width_code, number_size;
	size_t first, last, bundles; /* bundles: of several records */
	size_t ranks_size, slots_size, indexes_size, entries_size, entry_count, size;
};

static unsigned bits_needed(size_t most)
{
	return most > 0 ? 64U - (unsigned)__builtin_clzll(most) : 0;
}

static void shape_slots(struct shape *shape, const struct block_draft *draft)
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

static struct shape shape_make(const struct block_draft *draft)
{
	const struct draft_mark *now = &draft->now;
	struct shape shape = { .bundles = now->bundles - now->alone };
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

/* Of two octets, and of as many as a number of this block has. */
static uint8_t *put_two(uint8_t *at, size_t number)
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

static uint8_t *put_bases(uint8_t *at, const struct block_draft *draft, size_t number_size)
{
	for (size_t row = 1; row <= draft->now.row_count; row++)
		for (size_t i = 0; i < draft->now.base_count; i++) {
			const struct draft_base *base = &draft->now.bases[i];

			if (base->row != row)
				continue;
			at = put_sized(at, draft->records[base->place].number, number_size);
			*at++ = base->patch;
		}
	return at;
}

static uint8_t *put_head(uint8_t *at, const struct block_draft *draft, const struct shape *shape)
{
	at = put_two(at, shape->first | shape->form << 10 | shape->width_code << 12 |
				 (shape->number_size == 2 ? FORM_COUNT_WIDE : 0U));
	at = put_two(at, shape->last | shape->bits << 10);
	at = put_sized(at, draft->now.records, shape->number_size);
	at = put_sized(at, shape->bundles, shape->number_size);
	*at++ = (uint8_t)draft->now.row_count;
	if (shape->form != FORM_ALL)
		at = put_two(at, draft->now.slots);
	return put_bases(at, draft, shape->number_size);
}

static uint8_t *put_bitmap(uint8_t *at, const struct block_draft *draft, const struct shape *shape)
{
	uint8_t *ranks = at, *end = at + shape->ranks_size + shape->slots_size;
	size_t slots = draft->now.slots, span = shape->last - shape->first + 1, i = 0;

	at += shape->ranks_size;
	for (size_t from = 0; from < span; from += 64) {
		uint64_t word = 0;

		if (from > 0 && from % FORM_RANK_SLOTS == 0)
			ranks = put_two(ranks, i);
		for (; i < slots && draft->slots[i] - shape->first < from + 64; i++)
			word |= UINT64_C(1) << (draft->slots[i] - shape->first - from);
		word = htole64(word);
		memcpy(at, &word, (size_t)(end - at) < 8 ? (size_t)(end - at) : 8);
		at += 8;
	}
	return end;
}

static uint8_t *put_slots(uint8_t *at, const struct block_draft *draft, const struct shape *shape)
{
	if (shape->form == FORM_BITMAP)
		return put_bitmap(at, draft, shape);
	for (size_t i = 0; shape->form == FORM_LIST && i < draft->now.slots; i++)
		at = put_two(at, draft->slots[i]);
	return at;
}

static uint8_t *put_indexes(uint8_t *at, const struct block_draft *draft, const struct shape *shape)
{
	uint8_t *end = at + shape->indexes_size;
	uint64_t held = 0;
	unsigned bits = 0;

	for (size_t i = 0; shape->indexes_size > 0 && i < draft->now.slots; i++) {
		held |= (uint64_t)draft->indexes[draft->marks[i]] << bits;
		bits += shape->bits;
		if (bits < 32)
			continue;

		uint32_t word = htole32((uint32_t)held);
		memcpy(at, &word, sizeof(word));
		at += sizeof(word);
		held >>= 32;
		bits -= 32;
	}
	for (; at < end; held >>= 8)
		*at++ = (uint8_t)held;
	return end;
}

static size_t entry_size(const struct block_draft *draft, size_t place)
{
	size_t end = place + 1 < draft->now.records ? draft->records[place + 1].start :
						      draft->now.entries_size;

	return end - draft->records[place].start;
}

/* The offset of an entry, where it is not the first one. */
static uint8_t *put_offset(uint8_t *at, size_t offset, size_t width)
{
	return offset > 0 ? put_sized(at, offset, width) : at;
}

/* Offsets, then the entries of records (those that slots have alone come first) and bundles. */
static void put_entries(uint8_t *at, const struct block_draft *draft, const struct block_pool *pool,
			const struct shape *shape)
{
	uint8_t *entries = at + (shape->entry_count - 1) * shape->width, *entry = entries;

	for (int alone = 1; alone >= 0; alone--)
		for (size_t i = 0; i < draft->now.records; i++) {
			size_t size = entry_size(draft, i);

			if (draft->records[i].alone != (alone == 1))
				continue;
			at = put_offset(at, (size_t)(entry - entries), shape->width);
			memcpy(entry, draft->entries.data + draft->records[i].start, size);
			entry += size;
		}
	for (size_t i = 0; i < draft->now.bundles; i++) {
		const struct pool_bundle *bundle = &pool->bundles[draft->bundles[i]];

		if (bundle->count == 1)
			continue;
		at = put_offset(at, (size_t)(entry - entries), shape->width);
		for (size_t k = 0; k < bundle->count; k++) {
			uint32_t mark = pool->records[pool->parts[bundle->at + k]].mark;

			entry = put_sized(entry, draft->records[mark].number, shape->number_size);
		}
	}
}

/* Numbers of records and indexes of bundles: those of one record are behind the others. */
static void set_numbers(struct block_draft *draft, const struct block_pool *pool,
			const struct shape *shape)
{
	uint32_t alone = 0, others = (uint32_t)draft->now.alone;
	uint16_t several = 0;

	for (size_t i = 0; i < draft->now.records; i++)
		draft->records[i].number = draft->records[i].alone ? alone++ : others++;
	for (size_t i = 0; i < draft->now.bundles; i++) {
		const struct pool_bundle *bundle = &pool->bundles[draft->bundles[i]];
		const struct pool_record *first = &pool->records[pool->parts[bundle->at]];

		draft->indexes[i] =
			bundle->count > 1 ?
				several++ :
				(uint16_t)(shape->bundles + draft->records[first->mark].number);
	}
}

int draft_write(struct block_draft *draft, const struct block_pool *pool, struct block_room *room,
		struct slice *ret)
{
	if (draft->now.slots == 0) {
		*ret = (struct slice){ 0 };
		return 0;
	}

	struct shape shape = shape_make(draft);
	if (room_grow(room, shape.size) != 0)
		return -ENOMEM;
	set_numbers(draft, pool, &shape);

	uint8_t *at = put_head(room->data, draft, &shape);
	at = put_slots(at, draft, &shape);
	at = put_indexes(at, draft, &shape);
	put_entries(at, draft, pool, &shape);
	*ret = slice_make(room->data, shape.size);
	return 0;
}
