/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changing numbers. A write transaction has one entry open, unpacked; changes of its numbers are made there, and
 * it is written when another one is needed or somebody looks: many changes of one block cost one packing.
 *
 * The last entry of a block goes up to slot 999, whether that is in use or not, so that every slot has
 * an entry to be put into. An entry that grows too large is cut in pieces; one that became small goes together with a
 * neighbour of its block again.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/number.h"

enum { ENTRY_SMALL = 600, ENTRY_JOINED = 1500 };

struct number_edit {
	struct block_edit *block;
	struct store_key key; /* of the entry, with its length */
	size_t block_size;    /* octets of the key before the slot */
	int first, last;      /* slots that are known to belong to it */
	bool open, changed, stored, shrunk;
};

static struct number_edit *edit_new(void)
{
	struct number_edit *edit = calloc(1, sizeof(*edit));

	if (edit != NULL && block_edit_new(&edit->block) != 0) {
		free(edit);
		return NULL;
	}
	return edit;
}

void number_edit_free(struct number_edit *edit)
{
	if (edit == NULL)
		return;
	block_edit_free(edit->block);
	free(edit);
}

static bool has_slot(const struct number_edit *edit, const struct store_key *key)
{
	return edit != NULL && edit->open && key->slot >= edit->first && key->slot <= edit->last &&
	       key->size == edit->block_size + SLOT_SIZE &&
	       memcmp(key->octets, edit->key.octets, edit->block_size) == 0;
}

int number_edit_get(struct number_edit *edit, const struct store_key *key, struct block_room *room,
		    struct node *ret)
{
	if (!has_slot(edit, key))
		return 0;

	int err = block_edit_node(edit->block, key->slot, room, ret);
	return err < 0 ? err : 1;
}

/* The cursor's entry, where it is one of the block that key (with its length) is of. */
static int entry_at(struct store_txn *txn, MDB_cursor_op move, const struct store_key *near,
		    size_t block_size, MDB_val *key, MDB_val *value)
{
	*key = store_key_value(near);

	int err = mdb_cursor_get(txn->nodes, key, value, move);
	if (err == MDB_NOTFOUND)
		return 0;
	if (err != 0)
		return database_error(err);
	return key->mv_size == block_size + SLOT_SIZE &&
	       memcmp(key->mv_data, near->octets, block_size) == 0;
}

static int slot_in(const MDB_val *key)
{
	return number_slot((const uint8_t *)key->mv_data + key->mv_size - SLOT_SIZE, SLOT_SIZE);
}

/* Unpacks the entry that has this number, or would have it. */
static int edit_open(struct store_txn *txn, const struct store_key *key)
{
	struct number_edit *edit = txn->number;
	struct number_prefix prefix;
	MDB_val found, value;

	edit->block_size = key->size - SLOT_SIZE;
	memcpy(edit->key.octets, key->octets, key->size);
	edit->key.size = key->size;
	number_prefix_make(&prefix, key->octets + LABELS_AT, edit->block_size - LABELS_AT);
	block_edit_begin(edit->block, slice_make(prefix.digit, prefix.size));

	int there = entry_at(txn, MDB_SET_RANGE, &edit->key, edit->block_size, &found, &value);
	if (there < 0)
		return there;

	int err = 0;
	edit->last = there > 0 ? slot_in(&found) : SLOT_LAST;
	if (edit->last < 0)
		return -EBADMSG;
	if (there > 0)
		err = block_edit_load(edit->block, slice_make(value.mv_data, value.mv_size));
	if (err != 0)
		return err;

	int first = block_edit_next(edit->block, 0);
	edit->first = first >= 0 && first < key->slot ? first : key->slot;
	number_slot_write(edit->key.octets + edit->block_size, edit->last);
	edit->stored = there > 0;
	edit->changed = edit->shrunk = false;
	edit->open = true;
	return 0;
}

static int entry_put(void *arg, int last, struct slice octets)
{
	struct store_txn *txn = arg;
	struct number_edit *edit = txn->number;
	MDB_val value = { .mv_data = (void *)(uintptr_t)octets.data, .mv_size = octets.size };

	number_slot_write(edit->key.octets + edit->block_size, last);

	MDB_val key = store_key_value(&edit->key);
	return database_error(mdb_put(txn->mdb, txn->store->nodes, &key, &value, 0));
}

static int entry_drop(struct store_txn *txn, int last)
{
	struct number_edit *edit = txn->number;

	number_slot_write(edit->key.octets + edit->block_size, last);

	MDB_val key = store_key_value(&edit->key);
	return database_error(mdb_del(txn->mdb, txn->store->nodes, &key, NULL));
}

/* Cuts slots first to last, whose octets are too many, into pieces of about the same number of numbers. */
static int cut_pieces(struct block_edit *edit, int first, int last, size_t pieces,
		      int (*put)(void *arg, int last, struct slice octets), void *arg)
{
	size_t count = 0, done = 0;

	for (int slot = first; (slot = block_edit_next(edit, slot)) >= 0 && slot <= last; slot++)
		count++;
	if (pieces > count)
		pieces = count;

	for (size_t i = 1; i <= pieces; i++) {
		struct slice octets;
		int end = first;

		for (; done < count * i / pieces; done++)
			end = block_edit_next(edit, end) + 1;
		end = i == pieces ? last : end - 1;

		int err = block_edit_write(edit, first, end, &octets);
		if (err == 0 && octets.size > ENTRY_MAX && count > pieces)
			err = cut_pieces(edit, first, end, 2, put, arg);
		else if (err == 0)
			err = put(arg, end, octets);
		if (err != 0)
			return err;
		first = end + 1;
	}
	return 0;
}

int number_pieces(struct block_edit *edit, int last,
		  int (*put)(void *arg, int last, struct slice octets), void *arg)
{
	struct slice octets;
	int err = block_edit_write(edit, 0, last, &octets);

	if (err != 0 || octets.size == 0)
		return err;
	if (octets.size <= ENTRY_MAX)
		return put(arg, last, octets);
	return cut_pieces(edit, 0, last, (octets.size + ENTRY_MAX - 1) / ENTRY_MAX, put, arg);
}

/*
 * Where the entry has become small, or empty, takes in a neighbour of the same block: the next one, or, for the last
 * entry of a block, the one before. The entry that is left has the higher last slot.
 */
static int join(struct store_txn *txn)
{
	struct number_edit *edit = txn->number;
	bool is_last = edit->last == SLOT_LAST;
	MDB_val key, value;

	number_slot_write(edit->key.octets + edit->block_size, edit->last);
	int there = entry_at(txn, MDB_SET, &edit->key, edit->block_size, &key, &value);
	if (there > 0)
		there = entry_at(txn, is_last ? MDB_PREV : MDB_NEXT, &edit->key, edit->block_size,
				 &key, &value);
	if (there <= 0)
		return there;
	if (value.mv_size > ENTRY_JOINED && block_edit_count(edit->block) > 0)
		return 0;

	int other = slot_in(&key);
	if (other < 0)
		return -EBADMSG;

	int err = block_edit_load(edit->block, slice_make(value.mv_data, value.mv_size));
	if (err == 0)
		err = entry_drop(txn, other < edit->last ? other : edit->last);
	if (other > edit->last)
		edit->last = other;
	return err;
}

int number_flush(struct store_txn *txn)
{
	struct number_edit *edit = txn->number;
	struct slice octets = { 0 };
	int err = 0;

	if (edit == NULL || !edit->open)
		return 0;
	edit->open = false;
	if (!edit->changed)
		return 0;
	if (edit->shrunk && edit->stored) {
		err = block_edit_write(edit->block, 0, edit->last, &octets);
		if (err == 0 && octets.size < ENTRY_SMALL)
			err = join(txn);
	}
	if (err != 0)
		return err;
	if (block_edit_count(edit->block) > 0)
		return number_pieces(edit->block, edit->last, entry_put, txn);
	return edit->stored ? entry_drop(txn, edit->last) : 0;
}

int number_put(struct store_txn *txn, struct store_key *key, const struct node *node)
{
	int err = 0;

	if (txn->number == NULL && (txn->number = edit_new()) == NULL)
		return -ENOMEM;
	key->octets[LENGTH_AT] = (uint8_t)key->labels;
	if (!has_slot(txn->number, key)) {
		err = number_flush(txn);
		if (err == 0)
			err = edit_open(txn, key);
	}
	if (err == 0)
		err = block_edit_put(txn->number->block, key->slot, node);
	if (err == 0) {
		txn->number->changed = true;
		txn->number->shrunk |= node->size == 0;
	}
	key->octets[LENGTH_AT] = 0;
	return err;
}
