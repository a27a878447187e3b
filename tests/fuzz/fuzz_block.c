/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as a packed block: reading it makes no fault and gives good nodes only, and a
 * change of one slot leaves the others as they were. The first four octets choose two slots.
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

/*
 * Nodes of all slots but one, in the octets and in those that were written from them, are the
 * same.
 */
static void compare(struct slice block, struct slice written, int but)
{
	struct block_room room = { 0 }, again_room = { 0 };
	struct node node, again;

	for (int slot = 0; slot < BLOCK_SLOTS; slot++) {
		read_slot(block, slot, &room, &node);
		read_slot(written, slot, &again_room, &again);
		need(slot == but || node_identical(&node, &again));
	}
	block_room_done(&room);
	block_room_done(&again_room);
}

/* Takes one slot out, for which all is unpacked. */
static void remove_one(struct block_edit *edit, struct slice block, int slot)
{
	struct node none = { 0 };
	struct slice written;

	block_edit_begin(edit, slice_text("2125551"));
	if (block_edit_load(edit, block) != 0 || block_edit_put(edit, slot, &none) != 0)
		return;
	walk(block);
	if (block_edit_write(edit, 0, BLOCK_SLOTS - 1, &written) != 0)
		abort();
	need(walk(written) == block_edit_count(edit));
	compare(block, written, slot);
}

/* Gives a slot what another one has; that may be done to the octets as they are. */
static void put_one(struct block_edit *edit, struct slice block, int slot, const struct node *node)
{
	struct block_room room = { 0 };
	struct slice written;
	struct node again;

	block_edit_begin(edit, slice_text("2125551"));
	if (block_edit_load(edit, block) == 0 && block_edit_put(edit, slot, node) == 0 &&
	    block_edit_write(edit, 0, BLOCK_SLOTS - 1, &written) == 0) {
		read_slot(written, slot, &room, &again);
		need(node_identical(node, &again));
		compare(block, written, slot);
	}
	block_room_done(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct block_edit *edit;
	struct block_room room = { 0 };
	struct node node;

	if (size < 4 || size > 4096)
		return 0;

	struct slice block = slice_make(data + 4, size - 4);
	int slot = (data[0] << 8 | data[1]) % BLOCK_SLOTS;
	int other = (data[2] << 8 | data[3]) % BLOCK_SLOTS;

	if (edit == NULL)
		need(block_edit_new(&edit) == 0);
	read_slot(block, slot, &room, &node);
	walk(block);
	remove_one(edit, block, other);
	if (node.size > 0)
		put_one(edit, block, other, &node);
	block_room_done(&room);
	return 0;
}
