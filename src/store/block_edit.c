/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A block while it is being changed: each slot has the number of a bundle, bundles and records
 * stand in a pool. Most numbers are put with records that the block has already: that costs
 * folding, a hash and a comparison, and no memory.
 *
 * An update mostly loads a block, puts one number and writes it. So a block stays packed after
 * it was loaded, the first changes are tried on the octets themselves (block_splice.h), and only
 * what needs more has it unpacked.
 */
#include "store/block_edit.h"
#include "store/block_splice.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int block_edit_new(struct block_edit **ret)
{
	struct block_edit *edit = calloc(1, sizeof(*edit));

	if (edit == NULL)
		return -ENOMEM;
	if (pool_clear(&edit->pool) != 0) {
		block_edit_free(edit);
		return -ENOMEM;
	}
	block_edit_begin(edit, (struct slice){ 0 });
	*ret = edit;
	return 0;
}

void block_edit_free(struct block_edit *edit)
{
	if (edit == NULL)
		return;
	pool_done(&edit->pool);
	free(edit->draft.records);
	block_room_done(&edit->draft.entries);
	block_room_done(&edit->octets);
	block_room_done(&edit->rooms[0]);
	block_room_done(&edit->rooms[1]);
	block_room_done(&edit->known);
	free(edit);
}

/* Gives back what a block much larger than usual took. */
static void trim(struct block_room *room)
{
	enum { KEEP_MAX = 4 * 1024 * 1024 };

	if (room->size > KEEP_MAX)
		block_room_done(room);
}

void block_edit_begin(struct block_edit *edit, struct slice prefix)
{
	size_t size = prefix.size < BLOCK_PREFIX_MAX ? prefix.size : BLOCK_PREFIX_MAX;

	if (size > 0)
		memcpy(edit->fold.prefix, prefix.data + prefix.size - size, size);
	edit->fold.prefix_size = size;
	trim(&edit->rooms[0]);
	trim(&edit->rooms[1]);
	trim(&edit->octets);
	trim(&edit->draft.entries);
	edit->count = 0;
	edit->packed = (struct slice){ 0 };
	edit->spliced = 0;
	memset(edit->slots, 0xff, sizeof(edit->slots));
	pool_clear(&edit->pool); /* its tables have had their room since block_edit_new() */
}

static void set_slot(struct block_edit *edit, int slot, unsigned bundle)
{
	edit->count += (size_t)(bundle != SLOT_FREE) - (size_t)(edit->slots[slot] != SLOT_FREE);
	edit->slots[slot] = (uint16_t)bundle;
}

/* The number in the pool of a record of the block. */
static int load_record(struct block_pool *pool, const struct block_view *view, size_t number,
		       uint32_t *ret)
{
	struct block_record from;

	int err = view_record(view, number, &from);
	if (err != 0)
		return err;

	struct pool_record record = {
		.type = from.whole ? 0 : from.type,
		.ttl = from.whole ? 0 : from.ttl,
		.whole = from.whole,
		.size = (uint32_t)record_size(&from),
		.folds = from.folds,
	};
	if (record_size(&from) > UINT32_MAX || from.folds > FORM_FOLDS_MAX)
		return -EBADMSG;

	uint8_t *octets = pool_record_room(pool, record.size);
	if (octets == NULL)
		return -ENOMEM;
	record_copy(&from, octets);
	for (size_t i = 0; i < from.folds; i++) {
		uint32_t place = htole32((uint32_t)record_place(&from, i));

		memcpy(octets + record.size + i * sizeof(place), &place, sizeof(place));
	}
	return pool_record_add(pool, &record, ret);
}

/* The same where it may have been looked for already; known is 1 + its number then. */
static int find_record(struct block_pool *pool, const struct block_view *view, size_t number,
		       uint32_t *known, uint32_t *ret)
{
	if (known[number] == 0) {
		int err = load_record(pool, view, number, ret);

		if (err != 0)
			return err;
		known[number] = *ret + 1;
	}
	*ret = known[number] - 1;
	return 0;
}

/* The number in the pool of what an index stands for. */
static int load_index(struct block_pool *pool, const struct block_view *view, size_t index,
		      uint32_t *known, uint16_t *ret)
{
	unsigned numbers[FORM_BUNDLE_MAX];
	uint32_t records[FORM_BUNDLE_MAX], bundle;
	size_t count;

	int err = view_bundle(view, index, numbers, &count);
	for (size_t i = 0; i < count && err == 0; i++)
		err = find_record(pool, view, numbers[i], known, &records[i]);
	if (err == 0)
		err = pool_bundle_add(pool, records, count, &bundle);
	if (err == 0)
		*ret = (uint16_t)bundle;
	return err;
}

/* The bundles that slots in use have, by index; SLOT_FREE where no slot has that. NULL: see err. */
static const uint16_t *load_bundles(struct block_edit *edit, const struct block_view *view,
				    const uint16_t indexes[BLOCK_SLOTS], int *err)
{
	size_t count = view->records + view->bundles;
	size_t size = view->records * sizeof(uint32_t) + count * sizeof(uint16_t);

	if (room_grow(&edit->known, size) != 0) {
		*err = -ENOMEM;
		return NULL;
	}

	uint32_t *records = (uint32_t *)(void *)edit->known.data;
	uint16_t *bundles = (uint16_t *)(records + view->records);
	memset(records, 0, view->records * sizeof(*records));
	memset(bundles, 0xff, count * sizeof(*bundles));
	for (size_t i = 0; i < view->count; i++) {
		uint16_t *bundle = &bundles[indexes[i]];

		if (*bundle != SLOT_FREE)
			continue;
		*err = load_index(&edit->pool, view, indexes[i], records, bundle);
		if (*err != 0)
			return NULL;
	}
	return bundles;
}

/* Takes the octets apart; all is as before where that fails. */
static int load(struct block_edit *edit, struct slice block)
{
	uint16_t slots[BLOCK_SLOTS], indexes[BLOCK_SLOTS];
	struct block_view view;

	int err = view_open(block, &view);
	if (err == 0)
		err = view_slots(&view, slots);
	if (err == 0)
		err = view_indexes(&view, indexes);
	if (err != 0)
		return err;

	const uint16_t *bundles = load_bundles(edit, &view, indexes, &err);
	for (size_t i = 0; bundles != NULL && i < view.count; i++)
		set_slot(edit, slots[i], bundles[indexes[i]]);
	return err;
}

/* The same with octets that were kept packed. */
static int unpack(struct block_edit *edit)
{
	if (edit->packed.size == 0)
		return 0;

	int err = load(edit, edit->packed);
	if (err == 0)
		edit->packed = (struct slice){ 0 };
	return err;
}

int block_edit_load(struct block_edit *edit, struct slice block)
{
	struct block_view view;

	if (block.size == 0)
		return 0;
	if (edit->count > 0 || edit->packed.size > 0) {
		int err = unpack(edit);

		pool_sweep(&edit->pool, edit->slots, BLOCK_SLOTS, SLOT_FREE);
		return err == 0 ? load(edit, block) : err;
	}
	if (view_open(block, &view) != 0)
		return -EBADMSG;
	if (room_grow(&edit->rooms[edit->place], block.size) != 0)
		return -ENOMEM;
	memcpy(edit->rooms[edit->place].data, block.data, block.size);
	edit->packed = slice_make(edit->rooms[edit->place].data, block.size);
	edit->spliced = 0;
	return 0;
}

/* Tries it on the packed octets. 1: done; 0: they have to be unpacked. */
static int splice(struct block_edit *edit, int slot, const uint32_t *records, size_t count)
{
	enum { SPLICES_MAX = 4 }; /* about as long as unpacking and packing */
	struct block_room *room = &edit->rooms[1 - edit->place];
	struct slice changed;

	if (edit->packed.size == 0 || edit->spliced == SPLICES_MAX || count > 1)
		return 0;

	struct block_record record = pool_record_view(&edit->pool, records[0]);
	int done = splice_record(edit->packed, slot, &record, room, &changed);
	if (done == 1) {
		edit->place = 1 - edit->place;
		edit->packed = changed;
		edit->spliced++;
	}
	return done;
}

static int put_records(struct block_edit *edit, int slot, const uint32_t *records, size_t count)
{
	uint32_t bundle;
	int err = splice(edit, slot, records, count);

	if (err != 0)
		return err > 0 ? 0 : err;
	err = unpack(edit);
	if (err == 0)
		err = pool_bundle_add(&edit->pool, records, count, &bundle);
	if (err == 0)
		set_slot(edit, slot, bundle);
	return err;
}

int block_edit_put(struct block_edit *edit, int slot, const struct node *node)
{
	uint32_t records[FORM_BUNDLE_MAX];
	size_t count;
	int err;

	assert(slot >= 0 && slot < BLOCK_SLOTS);
	if (node->size == 0) {
		err = unpack(edit);
		if (err == 0)
			set_slot(edit, slot, SLOT_FREE);
		return err;
	}
	pool_sweep(&edit->pool, edit->slots, BLOCK_SLOTS, SLOT_FREE);
	err = fold_node(&edit->fold, &edit->pool, slot, node, records, &count);
	return err == 0 ? put_records(edit, slot, records, count) : err;
}

int block_edit_node(struct block_edit *edit, int slot, struct block_room *room, struct node *ret)
{
	struct block_record records[FORM_BUNDLE_MAX];

	assert(slot >= 0 && slot < BLOCK_SLOTS);
	if (edit->packed.size > 0)
		return block_node(edit->packed, slot, room, ret);
	if (edit->slots[slot] == SLOT_FREE)
		return 0;

	const struct pool_bundle *bundle = &edit->pool.bundles[edit->slots[slot]];
	for (size_t i = 0; i < bundle->count; i++)
		records[i] = pool_record_view(&edit->pool, edit->pool.parts[bundle->at + i]);
	return record_lay(records, bundle->count, slot, room, ret);
}

int block_edit_next(const struct block_edit *edit, int from)
{
	if (edit->packed.size > 0)
		return block_next(edit->packed, from);
	for (int slot = from > 0 ? from : 0; slot < BLOCK_SLOTS; slot++) {
		uint64_t four;

		for (; slot + 4 <= BLOCK_SLOTS; slot += 4) {
			memcpy(&four, &edit->slots[slot], sizeof(four));
			if (four != UINT64_MAX)
				break;
		}
		if (slot < BLOCK_SLOTS && edit->slots[slot] != SLOT_FREE)
			return slot;
	}
	return -1;
}

size_t block_edit_count(const struct block_edit *edit)
{
	return edit->packed.size > 0 ? block_count(edit->packed) : edit->count;
}

int block_edit_write(struct block_edit *edit, int first, int last, struct slice *ret)
{
	assert(first >= 0 && last < BLOCK_SLOTS);
	if (edit->packed.size > 0 && block_prev(edit->packed, first) < 0 &&
	    block_next(edit->packed, last + 1) < 0) {
		*ret = edit->packed;
		return 0;
	}

	int err = unpack(edit);
	if (err == 0)
		err = draft_slots(&edit->draft, &edit->pool, edit->slots, first, last);
	return err == 0 ? draft_write(&edit->draft, &edit->pool, &edit->octets, ret) : err;
}
