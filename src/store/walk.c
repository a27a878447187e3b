/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All names of a subtree, one after another, in canonical order. Plain names are one sorted run of entries
 * and the numbers of each length another: a cursor of its own goes along each, and the next name is
 * the first of those that they stand at.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/number.h"

struct run {
	MDB_cursor *cursor;
	size_t length; /* of its numbers; 0: plain names */
	bool ended;
	struct store_key at; /* where it stands, with its length */
	struct slice value;  /* node, or block */
	int slot;            /* in the block */
};

struct store_walk {
	knot_dname_storage_t apex;
	struct store_key top;
	struct block_room room;
	struct run *last; /* gave the last name, and has to move on; NULL: none yet */
	size_t count;
	struct run run[];
};

static bool is_below_top(const struct store_walk *walk, const struct store_key *at)
{
	return at->size >= walk->top.size &&
	       memcmp(at->octets + LABELS_AT, walk->top.octets + LABELS_AT,
		      walk->top.size - LABELS_AT) == 0;
}

/* Takes over the entry to which the cursor went; where it is a block, the first number at or after cut. */
static int take_entry(struct store_walk *walk, struct run *run, MDB_cursor_op move, MDB_val *key,
		      int cut)
{
	MDB_val value;
	int err = mdb_cursor_get(run->cursor, key, &value, move);

	if (err == MDB_NOTFOUND ||
	    (err == 0 && memcmp(key->mv_data, run->at.octets, LABELS_AT) != 0)) {
		run->ended = true;
		return 0;
	}
	if (err != 0)
		return database_error(err);
	if (key->mv_size > sizeof(run->at.octets))
		return -EBADMSG;
	memcpy(run->at.octets, key->mv_data, key->mv_size);
	run->at.size = (uint16_t)key->mv_size;
	run->value = slice_make(value.mv_data, value.mv_size);
	if (run->length > 0) {
		if (run->at.size < LABELS_AT + SLOT_SIZE)
			return -EBADMSG;
		run->slot = block_next(run->value, cut);
		if (run->slot < 0)
			return take_entry(walk, run, MDB_NEXT, key, 0);
		number_slot_write(run->at.octets + run->at.size - SLOT_SIZE, run->slot);
	}
	run->ended = !is_below_top(walk, &run->at);
	return 0;
}

/* Goes to the first name at or below top. */
static int run_begin(struct store_walk *walk, struct run *run)
{
	size_t labels = walk->top.labels;
	int cut = 0;

	run->at = walk->top;
	run->at.octets[LENGTH_AT] = (uint8_t)run->length;
	if (run->length > 0 && labels > run->length) {
		run->ended = true;
		return 0;
	}

	MDB_val key = store_key_value(&run->at);
	if (run->length > 0 && labels + SLOT_LABELS >= run->length) {
		/* top is a block, or within one: the entry is found, but starts before */
		size_t block = LABELS_AT + key_labels_size(walk->top.octets + LABELS_AT,
							   walk->top.size - LABELS_AT,
							   run->length - SLOT_LABELS);

		cut = number_cut(walk->top.octets + block, walk->top.size - block);
		int err = take_entry(walk, run, MDB_SET_RANGE, &key, 0);
		if (err != 0 || run->value.data == NULL || run->at.size != block + SLOT_SIZE ||
		    memcmp(run->at.octets + LABELS_AT, walk->top.octets + LABELS_AT,
			   block - LABELS_AT) != 0)
			return err;
		return take_entry(walk, run, MDB_GET_CURRENT, &key, cut);
	}
	return take_entry(walk, run, MDB_SET_RANGE, &key, 0);
}

static int run_next(struct store_walk *walk, struct run *run)
{
	MDB_val key;
	int next = run->length > 0 ? block_next(run->value, run->slot + 1) : -1;

	if (next < 0)
		return take_entry(walk, run, MDB_NEXT, &key, 0);
	run->slot = next;
	number_slot_write(run->at.octets + run->at.size - SLOT_SIZE, next);
	run->ended = !is_below_top(walk, &run->at);
	return 0;
}

static int compare(const struct store_key *a, const struct store_key *b)
{
	size_t size = a->size < b->size ? a->size : b->size;
	int order = memcmp(a->octets + LABELS_AT, b->octets + LABELS_AT, size - LABELS_AT);

	return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static int walk_open(struct store_walk *walk, struct store_txn *txn, size_t length)
{
	struct run *run = &walk->run[walk->count];
	int err = mdb_cursor_open(txn->mdb, txn->store->nodes, &run->cursor);

	if (err != 0)
		return database_error(err);
	run->length = length;
	walk->count++;
	return run_begin(walk, run);
}

int store_walk_begin(struct store_walk **ret, struct store_txn *txn, const struct store_zone *zone,
		     const knot_dname_t *apex, const knot_dname_t *top)
{
	size_t count = 1;

	for (size_t i = 0; i < STORE_LENGTHS; i++)
		count += (size_t)__builtin_popcountll(zone->lengths[i]);

	struct store_walk *walk = calloc(1, sizeof(*walk) + count * sizeof(walk->run[0]));
	if (walk == NULL)
		return -ENOMEM;
	knot_dname_copy_lower(walk->apex, apex);
	store_key_make(&walk->top, zone, top);

	int err = number_flush(txn);
	if (err == 0)
		err = walk_open(walk, txn, 0);
	for (size_t length = 1; err == 0 && length < STORE_LENGTHS * 64; length++)
		if ((zone->lengths[length / 64] >> (length % 64) & 1) != 0)
			err = walk_open(walk, txn, length);
	if (err != 0) {
		store_walk_end(walk);
		return err;
	}
	*ret = walk;
	return 0;
}

int store_walk_next(struct store_walk *walk, knot_dname_storage_t name, struct node *ret)
{
	struct run *first = NULL;
	int err = walk->last != NULL ? run_next(walk, walk->last) : 0;

	if (err != 0)
		return err;
	for (size_t i = 0; i < walk->count; i++) {
		struct run *run = &walk->run[i];

		if (!run->ended && (first == NULL || compare(&run->at, &first->at) < 0))
			first = run;
	}
	walk->last = first;
	if (first == NULL)
		return 0;
	if (key_name(name, first->at.octets + LABELS_AT, first->at.size - LABELS_AT, walk->apex) ==
	    0)
		return -EBADMSG;
	if (first->length > 0) {
		err = block_node(first->value, first->slot, &walk->room, ret);
		return err == 0 ? -EBADMSG : err;
	}
	*ret = (struct node){ .data = first->value.data, .size = first->value.size };
	return 1;
}

void store_walk_end(struct store_walk *walk)
{
	if (walk == NULL)
		return;
	for (size_t i = 0; i < walk->count; i++)
		mdb_cursor_close(walk->run[i].cursor);
	block_room_done(&walk->room);
	free(walk);
}
