/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was put at several places becomes one: a plain name's records, and the slots of a block.
 * Slots that only one of them uses are taken over packed as they are; for the others the caller's
 * rule decides what two nodes of one name make.
 */
#include <errno.h>

#include "store/pack_entry.h"

int pack_compare(struct slice a, struct slice b)
{
	int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

struct slice pack_group(const struct pack_entry *entry)
{
	struct slice key = entry->key;

	if (pack_is_number(entry) && key.size > SLOT_SIZE)
		key.size -= SLOT_SIZE;
	return key;
}

void pack_union_done(struct pack_union *u)
{
	block_edit_free(u->edit);
	block_room_done(&u->room);
	arena_done(&u->arena);
	*u = (struct pack_union){ 0 };
}

struct cut {
	struct slice group;
	pack_emit *emit;
	void *arg;
};

static int cut_piece(void *arg, int last, struct slice octets)
{
	const struct cut *cut = arg;
	uint8_t key[PACK_KEY_MAX];

	memcpy(key, cut->group.data, cut->group.size);
	number_slot_write(key + cut->group.size, last);
	return cut->emit(cut->arg, &(struct pack_entry){
					   .key = slice_make(key, cut->group.size + SLOT_SIZE),
					   .value = octets,
				   });
}

int pack_cut(struct block_edit *edit, struct slice group, pack_emit *emit, void *arg)
{
	struct cut cut = { group, emit, arg };

	return number_pieces(edit, SLOT_LAST, cut_piece, &cut);
}

int pack_unite_slot(struct pack_union *u, struct block_edit *edit, struct slice group, int slot,
		    uint64_t line, const struct node *later)
{
	uint8_t key[PACK_KEY_MAX];
	struct node earlier, both;

	int err = block_edit_node(edit, slot, &u->room, &earlier);
	if (err < 0)
		return err;
	memcpy(key, group.data, group.size);
	number_slot_write(key + group.size, slot);
	arena_reset(&u->arena);
	err = u->rules->unite(slice_make(key + 1, group.size - 1 + SLOT_SIZE), line, &earlier,
			      later, &u->arena, &both, u->rules->arg);
	return err == 0 ? block_edit_put(edit, slot, &both) : err;
}

static bool overlaps(struct block_edit *edit, struct slice block)
{
	for (int slot = block_next(block, 0); slot >= 0; slot = block_next(block, slot + 1))
		if (block_edit_next(edit, slot) == slot)
			return true;
	return false;
}

static int add_block(struct pack_union *u, struct slice group, struct slice block)
{
	struct block_room room = { 0 };
	struct node node;
	int err = 0;

	if (!overlaps(u->edit, block))
		return block_edit_load(u->edit, block);
	for (int slot = block_next(block, 0); err >= 0 && slot >= 0;
	     slot = block_next(block, slot + 1)) {
		err = block_node(block, slot, &room, &node);
		if (err > 0)
			err = block_edit_next(u->edit, slot) == slot ?
				      pack_unite_slot(u, u->edit, group, slot, 0, &node) :
				      block_edit_put(u->edit, slot, &node);
	}
	block_room_done(&room);
	return err < 0 ? err : 0;
}

static int unite_blocks(struct pack_union *u, const struct pack_entry *entry, size_t count,
			pack_emit *emit, void *arg)
{
	struct slice group = pack_group(&entry[0]);
	struct number_prefix prefix;
	int err = u->edit == NULL ? block_edit_new(&u->edit) : 0;

	if (err != 0)
		return err;
	number_prefix_make(&prefix, group.data + 1, group.size - 1);
	block_edit_begin(u->edit, slice_make(prefix.digit, prefix.size));
	for (size_t i = 0; err == 0 && i < count; i++)
		err = add_block(u, group, entry[i].value);
	return err == 0 ? pack_cut(u->edit, group, emit, arg) : err;
}

static struct node entry_node(const struct pack_entry *entry)
{
	return (struct node){ .data = entry->value.data, .size = entry->value.size };
}

int pack_unite(struct pack_union *u, const struct pack_entry *entry, size_t count, pack_emit *emit,
	       void *arg)
{
	struct pack_entry all = entry[0];

	if (count > 1 && pack_is_number(&all))
		return unite_blocks(u, entry, count, emit, arg);
	arena_reset(&u->arena);
	for (size_t i = 1; i < count; i++) {
		struct node earlier = entry_node(&all), later = entry_node(&entry[i]), both;
		struct slice key = slice_make(all.key.data + 1, all.key.size - 1);
		int err = u->rules->unite(key, entry[i].line, &earlier, &later, &u->arena, &both,
					  u->rules->arg);

		if (err != 0)
			return err;
		all.value = slice_make(both.data, both.size);
	}
	return emit(arg, &all);
}
