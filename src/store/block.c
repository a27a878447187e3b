/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading a packed block: which of its slots are in use, and the node of one of them. The node is
 * put together in the reader's room, out of pieces of the record and of its base, with the
 * slot's three digits where they belong.
 */
#include "store/block.h"

#include <assert.h>
#include <errno.h>
#include <libknot/descriptor.h>
#include <stdlib.h>

#include "base/writer.h"
#include "store/block_form.h"

void block_room_done(struct block_room *room)
{
	free(room->data);
	*room = (struct block_room){ 0 };
}

int room_grow(struct block_room *room, size_t size)
{
	enum { ROOM_MIN = 512 };
	size_t wanted = room->size * 2 > size ? room->size * 2 : size;

	if (size <= room->size)
		return 0;
	if (wanted < ROOM_MIN)
		wanted = ROOM_MIN;

	uint8_t *data = realloc(room->data, wanted);
	if (data == NULL)
		return -ENOMEM;
	*room = (struct block_room){ .data = data, .size = wanted };
	return 0;
}

size_t block_count(struct slice block)
{
	struct block_view view;

	return block.size > 0 && view_open(block, &view) == 0 ? view.count : 0;
}

/* The place in the list of the first slot at or after slot. */
static size_t list_place(const struct block_view *view, int slot)
{
	size_t from = 0, to = view->count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if ((int)form_u16(view->slots + middle * 2) < slot)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static int list_at(const struct block_view *view, size_t place)
{
	int slot = place < view->count ? (int)form_u16(view->slots + place * 2) : -1;

	return slot >= view->first && slot <= view->last ? slot : -1;
}

static int bitmap_next(const struct block_view *view, int slot)
{
	unsigned bit = (unsigned)(slot - view->first), end = (unsigned)(view->last - view->first);
	uint64_t mask = ~UINT64_C(0) << bit % 64;

	for (unsigned word = bit / 64; word <= end / 64; word++, mask = ~UINT64_C(0)) {
		uint64_t ones = form_u64(view->slots + word * 8) & mask;

		if (ones == 0)
			continue;
		bit = word * 64 + (unsigned)__builtin_ctzll(ones);
		return bit <= end ? view->first + (int)bit : -1;
	}
	return -1;
}

static int bitmap_prev(const struct block_view *view, int slot)
{
	unsigned bit = (unsigned)(slot - view->first);
	uint64_t mask = ~UINT64_C(0) >> (63 - bit % 64);

	for (unsigned word = bit / 64 + 1; word-- > 0; mask = ~UINT64_C(0)) {
		uint64_t ones = form_u64(view->slots + word * 8) & mask;

		if (ones != 0)
			return view->first + (int)(word * 64) + 63 - __builtin_clzll(ones);
	}
	return -1;
}

int block_next(struct slice block, int from)
{
	struct block_view view;

	if (block.size == 0 || view_open(block, &view) != 0 || from > view.last)
		return -1;
	if (from < view.first)
		from = view.first;
	if (view.form == FORM_ALL)
		return from;
	if (view.form == FORM_BITMAP)
		return bitmap_next(&view, from);
	return list_at(&view, list_place(&view, from));
}

int block_prev(struct slice block, int to)
{
	struct block_view view;

	if (block.size == 0 || view_open(block, &view) != 0 || to <= view.first)
		return -1;
	if (to > view.last)
		to = view.last + 1;
	if (view.form == FORM_ALL)
		return to - 1;
	if (view.form == FORM_BITMAP)
		return bitmap_prev(&view, to - 1);

	size_t place = list_place(&view, to);
	return place > 0 ? list_at(&view, place - 1) : -1;
}

void record_copy(const struct block_record *record, uint8_t *to)
{
	uint8_t *own = to + record->head.size, *tail = own + record->own.size;

	if (record->head.size > 0)
		memcpy(to, record->head.data, record->head.size);
	if (record->own.size > 0)
		memcpy(own, record->own.data, record->own.size);
	if (record->tail.size > 0)
		memcpy(tail, record->tail.data, record->tail.size);
	if (record->patch != FORM_PATCH_NONE)
		to[record->patch] = (uint8_t)(to[record->patch] + record->patch_by);
}

/* The same with the slot's digits in their places. */
static void record_unfold(const struct block_record *record, int slot, uint8_t *to)
{
	record_copy(record, to);
	for (size_t i = 0; i < record->folds; i++) {
		uint8_t *digits = to + record_place(record, i);

		digits[0] = (uint8_t)('0' + slot / 100);
		digits[1] = (uint8_t)('0' + slot / 10 % 10);
		digits[2] = (uint8_t)('0' + slot % 10);
	}
}

static uint8_t *lay_record(const struct block_record *record, int slot, uint8_t *to)
{
	size_t size = record_size(record);

	put_u16(to, RRSET_OWNER);
	put_u16(to + 2, record->type);
	put_u16(to + 4, KNOT_CLASS_IN);
	put_u32(to + 6, record->ttl);
	put_u16(to + 10, (uint16_t)size);
	record_unfold(record, slot, to + RRSET_RECORD_HEAD);
	return to + RRSET_RECORD_HEAD + size;
}

static int lay_whole(const struct block_record *record, int slot, struct block_room *room,
		     struct node *ret)
{
	struct node node = { .size = record_size(record) };

	if (room_grow(room, node.size) != 0)
		return -ENOMEM;
	record_unfold(record, slot, room->data);
	node.data = room->data;
	if (node.size == 0 || !node_valid(&node))
		return -EBADMSG;
	*ret = node;
	return 1;
}

/* The rows of the sets that these records make; how many. */
static size_t make_rows(const struct block_record *records, size_t count, struct node_row *rows)
{
	size_t made = 0;

	for (size_t i = 0; i < count; i++) {
		if (made == 0 || rows[made - 1].type != records[i].type)
			rows[made++] = (struct node_row){ .type = records[i].type };
		rows[made - 1].count++;
		rows[made - 1].size += (uint32_t)(RRSET_RECORD_HEAD + record_size(&records[i]));
	}
	return made;
}

int record_lay(const struct block_record *records, size_t count, int slot, struct block_room *room,
	       struct node *ret)
{
	struct node_row rows[FORM_BUNDLE_MAX];
	size_t size = NODE_HEAD;

	for (size_t i = 0; i < count; i++)
		if (records[i].whole)
			return count == 1 ? lay_whole(records, slot, room, ret) : -EBADMSG;

	size_t made = make_rows(records, count, rows);
	uint16_t row_count = (uint16_t)made;
	for (size_t i = 0; i < made; i++)
		size += sizeof(rows[i]) + rows[i].size;
	if (room_grow(room, size) != 0)
		return -ENOMEM;

	uint8_t *at = room->data;
	memcpy(at, &row_count, sizeof(row_count));
	memcpy(at + NODE_HEAD, rows, made * sizeof(rows[0]));
	at += NODE_HEAD + made * sizeof(rows[0]);
	for (size_t i = 0; i < count; i++)
		at = lay_record(&records[i], slot, at);
	*ret = (struct node){ .data = room->data, .size = size };
	return 1;
}

int block_node(struct slice block, int slot, struct block_room *room, struct node *ret)
{
	struct block_record records[FORM_BUNDLE_MAX];
	unsigned numbers[FORM_BUNDLE_MAX];
	struct block_view view;
	size_t index, count;

	assert(slot >= 0 && slot < BLOCK_SLOTS);
	if (block.size == 0)
		return 0;
	if (view_open(block, &view) != 0)
		return -EBADMSG;

	int rank = view_rank(&view, slot);
	if (rank < 0)
		return 0;
	if (view_index(&view, (size_t)rank, &index) != 0 ||
	    view_bundle(&view, index, numbers, &count) != 0)
		return -EBADMSG;
	for (size_t i = 0; i < count; i++)
		if (view_record(&view, numbers[i], &records[i]) != 0)
			return -EBADMSG;
	return record_lay(records, count, slot, room, ret);
}
