/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as a packed block: reading it makes no fault, gives good nodes only, and a block that can be
 * read whole is the same when it is written anew. The first two octets choose a slot.
 */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "store/block.h"

static void need(int good)
{
	if (!good)
		abort();
}

/* Slots from both sides; how many. */
static size_t walk(struct slice block)
{
	size_t up = 0, down = 0;

	for (int slot = block_next(block, 0); slot >= 0; slot = block_next(block, slot + 1)) {
		need(slot < BLOCK_SLOTS);
		up++;
	}
	for (int slot = block_prev(block, BLOCK_SLOTS); slot >= 0; slot = block_prev(block, slot)) {
		need(slot < BLOCK_SLOTS);
		down++;
	}
	need(up <= BLOCK_SLOTS && down <= BLOCK_SLOTS);
	return up;
}

static void read_slot(struct slice block, int slot, struct block_room *room, struct node *ret)
{
	int found = block_node(block, slot, room, ret);

	if (found == 1)
		need(ret->size > 0 && node_valid(ret));
	else
		*ret = (struct node){ 0 };
}

/* Loaded, written, and loaded again: each slot is as it was read from the first octets. */
static void rewrite(struct block_edit *edit, struct slice block)
{
	struct block_room room = { 0 }, again_room = { 0 };
	struct node node, again;
	struct slice written;

	need(block_edit_count(edit) == walk(block));
	if (block_edit_write(edit, 0, BLOCK_SLOTS - 1, &written) != 0)
		abort();
	need(block_count(written) == block_edit_count(edit));
	for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
		int found = block_edit_node(edit, slot, &again_room, &again);

		read_slot(block, slot, &room, &node);
		need((found == 1) == (node.size > 0));
		need(found != 1 || node_identical(&node, &again));
		need(block_node(written, slot, &again_room, &again) == found);
		need(found != 1 || node_identical(&node, &again));
	}
	block_room_done(&room);
	block_room_done(&again_room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct block_edit *edit;
	struct block_room room = { 0 };
	struct node node;

	if (size < 2 || size > 4096)
		return 0;

	struct slice block = slice_make(data + 2, size - 2);
	int slot = (data[0] << 8 | data[1]) % BLOCK_SLOTS;

	read_slot(block, slot, &room, &node);
	walk(block);
	if (edit == NULL)
		need(block_edit_new(&edit) == 0);
	block_edit_begin(edit, slice_text("2125551"));
	if (block_edit_load(edit, block) == 0)
		rewrite(edit, block);
	block_room_done(&room);
	return 0;
}
