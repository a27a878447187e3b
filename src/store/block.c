/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which slots of a packed block are in use.
 */
#include "store/block.h"

#include <errno.h>
#include <stdlib.h>

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
