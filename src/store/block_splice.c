/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The usual update is of one number in a block: it comes into use, or goes over to another
 * gateway, and others of the block have the same record. Then a bit and an index change or come
 * between, and all else stays as it is, which takes a fraction of the time that it takes to
 * unpack and to pack a block.
 *
 * Left to those who unpack: slots outside of first to last or in a list, nodes of several
 * records, records that the block does not have, or has no more when the slot's old one is gone.
 */
#include <errno.h>

#include "store/block_splice.h"

static bool octets_equal(const uint8_t *at, struct slice piece)
{
	return piece.size == 0 || memcmp(at, piece.data, piece.size) == 0;
}

static bool places_equal(const struct block_record *a, const struct block_record *b)
{
	for (size_t i = 0; i < a->folds; i++)
		if (record_place(a, i) != record_place(b, i))
			return false;
	return true;
}

/* Whether a record of the block is the one wanted, which is in one piece. */
static bool record_equal(const struct block_record *found, const struct block_record *wanted)
{
	const uint8_t *at = wanted->own.data;
	struct slice head = found->head;

	if (record_size(found) != wanted->own.size || found->type != wanted->type ||
	    found->ttl != wanted->ttl || found->folds != wanted->folds || found->whole)
		return false;
	if (!octets_equal(at + head.size, found->own) ||
	    !octets_equal(at + head.size + found->own.size, found->tail))
		return false;
	if (found->patch != FORM_PATCH_NONE) {
		uint8_t octet = (uint8_t)(head.data[found->patch] + found->patch_by);

		if (at[found->patch] != octet ||
		    !octets_equal(at, slice_make(head.data, found->patch)))
			return false;
		at += found->patch + 1;
		head = slice_make(head.data + found->patch + 1, head.size - found->patch - 1U);
	}
	return octets_equal(at, head) && places_equal(found, wanted);
}

/* The index of this record alone. 1; 0: the block does not have it. */
static int find_index(const struct block_view *view, const struct block_record *wanted, size_t *ret)
{
	for (size_t i = 0; i < view->records; i++) {
		struct block_record found;

		if (view_record(view, i, &found) != 0)
			return -EBADMSG;
		if (record_equal(&found, wanted)) {
			*ret = view->bundles + i;
			return *ret >> view->bits == 0;
		}
	}
	return 0;
}

static bool is_used(const uint16_t *indexes, size_t count, size_t index)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += indexes[i] == index;
	return found > 0;
}

/* Where a region of the block is in its copy. */
static uint8_t *in_copy(uint8_t *copy, struct slice block, const uint8_t *region)
{
	return copy + (region - block.data);
}

/* Puts an index over the one at this rank. */
static void put_index(uint8_t *indexes, size_t rank, unsigned bits, size_t index)
{
	for (unsigned i = 0; i < bits; i++) {
		size_t at = rank * bits + i;
		uint8_t bit = (uint8_t)(1U << at % 8);

		if ((index >> i & 1) != 0)
			indexes[at / 8] |= bit;
		else
			indexes[at / 8] &= (uint8_t)~bit;
	}
}

/* The slot is in use: another index for it. */
static int replace(struct slice block, const struct block_view *view, size_t rank, size_t index,
		   struct block_room *room, struct slice *ret)
{
	uint16_t indexes[BLOCK_SLOTS];

	if (view_indexes(view, indexes) != 0 || rank >= view->count)
		return -EBADMSG;

	size_t old = indexes[rank];
	indexes[rank] = (uint16_t)index;
	if (!is_used(indexes, view->count, old))
		return 0;
	if (room_grow(room, block.size) != 0)
		return -ENOMEM;
	memcpy(room->data, block.data, block.size);
	put_index(in_copy(room->data, block, view->indexes), rank, view->bits, index);
	*ret = slice_make(room->data, block.size);
	return 1;
}

/*
 * Copies indexes with one more at this rank. Whole words are read and written, of which the last
 * octets do not belong to the indexes.
 */
static void insert_index(uint8_t *to, const struct block_view *view, size_t rank, size_t index)
{
	size_t at = rank * view->bits, from = at / 8, size = (view->count * view->bits + 7) / 8;
	uint64_t low = (UINT64_C(1) << at % 8) - 1, carry = 0;

	memcpy(to, view->indexes, from);
	if (view->bits == 0)
		return;
	for (size_t i = from; i <= size; i += 8) {
		uint64_t word = i < size ? form_u64(view->indexes + i) : 0, moved;

		if (i == from)
			moved = (word & low) | (uint64_t)index << at % 8 |
				(word & ~low) << view->bits;
		else
			moved = word << view->bits | carry;
		carry = word >> (64 - view->bits);
		moved = htole64(moved);
		memcpy(to + i, &moved, sizeof(moved));
	}
}

/* Sets the slot's bit, and counts it in the ranks behind it and in all. */
static size_t set_bit(uint8_t *copy, struct slice block, const struct block_view *view, size_t bit)
{
	uint8_t *ranks = in_copy(copy, block, view->ranks);
	uint8_t *slots = in_copy(copy, block, view->slots);
	uint8_t *count = in_copy(copy, block, view->base_rows) - 2;
	size_t rank_count = (size_t)(slots - ranks) / 2, rank = 0;
	uint16_t number;

	for (size_t i = 0; i < bit / 8; i++)
		rank += (size_t)__builtin_popcount(slots[i]);
	rank += (size_t)__builtin_popcount(slots[bit / 8] & ((1U << bit % 8) - 1));
	slots[bit / 8] |= (uint8_t)(1U << bit % 8);
	for (size_t i = bit / FORM_RANK_SLOTS; i < rank_count; i++) {
		number = htole16((uint16_t)(form_u16(ranks + i * 2) + 1));
		memcpy(ranks + i * 2, &number, sizeof(number));
	}
	number = htole16((uint16_t)(view->count + 1));
	memcpy(count, &number, sizeof(number));
	return rank;
}

/* The slot is not in use, but lies between others. */
static int insert(struct slice block, const struct block_view *view, int slot, size_t index,
		  struct block_room *room, struct slice *ret)
{
	enum { SLACK = 16 };
	size_t span = (size_t)(view->last - view->first) + 1;
	size_t head = (size_t)(view->indexes - block.data);
	size_t rest = (size_t)(block.data + block.size - view->offsets);
	size_t indexes = ((view->count + 1) * view->bits + 7) / 8;

	if (view->form != FORM_BITMAP || slot < view->first || slot > view->last ||
	    view->count + 1 >= span)
		return 0;
	if (room_grow(room, head + indexes + rest + SLACK) != 0)
		return -ENOMEM;
	memcpy(room->data, block.data, head);

	size_t rank = set_bit(room->data, block, view, (size_t)(slot - view->first));
	if (rank > view->count)
		return -EBADMSG;
	insert_index(room->data + head, view, rank, index);
	memcpy(room->data + head + indexes, view->offsets, rest);
	*ret = slice_make(room->data, head + indexes + rest);
	return 1;
}

int splice_record(struct slice block, int slot, const struct block_record *record,
		  struct block_room *room, struct slice *ret)
{
	struct block_view view;
	size_t index = 0;

	if (view_open(block, &view) != 0)
		return -EBADMSG;
	if (view.bits == FORM_BITS_ORDER || record->whole)
		return 0;

	int found = find_index(&view, record, &index);
	if (found <= 0)
		return found;

	int rank = view_rank(&view, slot);
	if (rank >= 0)
		return replace(block, &view, (size_t)rank, index, room, ret);
	return insert(block, &view, slot, index, room, ret);
}
