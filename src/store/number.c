/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding numbers in packed blocks. Numbers of one length are one sorted run of entries, each under the
 * key of the last number that it covers: the first entry at or after a number is the one that
 * has it, or nobody has.
 *
 * Names of any other form are looked for here as well, since what matters of a name that is not there is
 * its neighbours: whether the next one lies below it (RFC 4592 2.2.2), and how much it shares with the one
 * before and the one after (3.3.1). Both are at hand in the entry, or at the edge of the next.
 */
#include "store/number.h"

#include <errno.h>

/* An entry of the run that is looked at. */
struct entry {
	bool there;
	bool end; /* of the database: the cursor stands nowhere */
	const uint8_t *key;
	size_t size;
	struct slice block;
};

static bool is_digit_label(const uint8_t *at)
{
	return at[0] >= '0' && at[0] <= '9' && at[1] == 0;
}

int number_slot(const uint8_t *labels, size_t size)
{
	const uint8_t *slot = labels + size - SLOT_SIZE;

	if (size < SLOT_SIZE || (size > SLOT_SIZE && slot[-1] != 0))
		return -1;
	if (!is_digit_label(slot) || !is_digit_label(slot + 2) || !is_digit_label(slot + 4))
		return -1;
	return (slot[0] - '0') * 100 + (slot[2] - '0') * 10 + slot[4] - '0';
}

void number_slot_write(uint8_t ret[SLOT_SIZE], int slot)
{
	ret[0] = (uint8_t)('0' + slot / 100);
	ret[2] = (uint8_t)('0' + slot / 10 % 10);
	ret[4] = (uint8_t)('0' + slot % 10);
	ret[1] = ret[3] = ret[5] = 0;
}

void number_prefix_make(struct number_prefix *ret, const uint8_t *block, size_t size)
{
	size_t count = 0;

	while (count < BLOCK_PREFIX_MAX && size >= 2 * (count + 1)) {
		const uint8_t *at = block + size - 2 * (count + 1);

		if (!is_digit_label(at) || (at > block && at[-1] != 0))
			break;
		count++;
	}
	for (size_t i = 0; i < count; i++)
		ret->digit[i] = block[size - 2 * (count - i)];
	ret->size = count;
}

int number_cut(const uint8_t *labels, size_t size)
{
	int cut = 0;

	for (int unit = 100; unit > 0 && size > 0; unit /= 10) {
		if (!is_digit_label(labels)) {
			/* "1" comes before "12", and digits before letters */
			int before = *labels < '0' ? 0 : *labels > '9' ? 10 : *labels - '0' + 1;

			return cut + before * unit;
		}
		cut += (*labels - '0') * unit;
		labels += 2;
		size -= 2;
	}
	return cut;
}

/* Moves the cursor; the entry is there where it is one of the run. */
static int entry_move(struct store_txn *txn, const struct store_key *wanted, size_t size,
		      MDB_cursor_op move, struct entry *ret)
{
	MDB_val key = { .mv_data = (void *)(uintptr_t)wanted->octets, .mv_size = size }, value;
	int err = mdb_cursor_get(txn->nodes, &key, &value, move);

	*ret = (struct entry){ .end = err == MDB_NOTFOUND };
	if (ret->end)
		return 0;
	if (err != 0)
		return database_error(err);
	if (memcmp(key.mv_data, wanted->octets, LABELS_AT) != 0)
		return 0;
	if (key.mv_size < LABELS_AT + SLOT_SIZE || key.mv_size > STORE_KEY_MAX)
		return -EBADMSG;
	*ret = (struct entry){ .there = true,
			       .key = key.mv_data,
			       .size = key.mv_size,
			       .block = slice_make(value.mv_data, value.mv_size) };
	return 0;
}

/* Takes notice of the number in this slot of the entry's block; an entry always has one. */
static int look_at_slot(struct look *look, const struct store_key *wanted,
			const struct entry *entry, int slot)
{
	uint8_t labels[KEY_MAX];
	size_t size = entry->size - LABELS_AT;

	if (slot < 0)
		return -EBADMSG;
	memcpy(labels, entry->key + LABELS_AT, size - SLOT_SIZE);
	number_slot_write(labels + size - SLOT_SIZE, slot);
	look_at(look, wanted, labels, size);
	return 0;
}

/* The entry before, and its last number. */
static int look_before(struct store_txn *txn, const struct store_key *wanted, bool at_end,
		       struct look *look)
{
	struct entry entry;
	int err = entry_move(txn, wanted, 0, at_end ? MDB_LAST : MDB_PREV, &entry);

	if (err == 0 && entry.there)
		err = look_at_slot(look, wanted, &entry, block_prev(entry.block, BLOCK_SLOTS));
	return err;
}

static int look_after(struct store_txn *txn, const struct store_key *wanted, struct look *look)
{
	struct entry entry;
	int err = entry_move(txn, wanted, 0, MDB_NEXT, &entry);

	if (err == 0 && entry.there)
		err = look_at_slot(look, wanted, &entry, block_next(entry.block, 0));
	return err;
}

static bool is_of_block(const struct entry *entry, const struct store_key *wanted,
			size_t block_size)
{
	return entry->size == block_size + SLOT_SIZE &&
	       memcmp(entry->key + LABELS_AT, wanted->octets + LABELS_AT, block_size - LABELS_AT) ==
		       0;
}

/* The neighbours of the slots from cut on, as far as the entry has them. 1: both. */
static int look_beside(const struct store_key *wanted, int cut, const struct entry *entry,
		       struct look *look)
{
	int next = block_next(entry->block, cut), prev = block_prev(entry->block, cut), err = 0;

	if (prev < 0 && next < 0)
		return -EBADMSG;
	if (next >= 0)
		err = look_at_slot(look, wanted, entry, next);
	if (err == 0 && prev >= 0)
		err = look_at_slot(look, wanted, entry, prev);
	return err != 0 ? err : next >= 0 && prev >= 0;
}

/* The number itself, or a name that it is below, where the entry has it. 1: it does, or says that all there is is told. */
static int look_into(struct store_txn *txn, const struct store_key *wanted, size_t length,
		     size_t block_size, const struct entry *entry, struct look *look)
{
	const uint8_t *rest = wanted->octets + block_size;

	if (wanted->labels == length && wanted->slot >= 0) {
		int there = block_node(entry->block, wanted->slot, &txn->room, &look->node);

		look->found = there > 0;
		return there != 0 ? there : look_beside(wanted, wanted->slot, entry, look);
	}

	int cut = number_cut(rest, wanted->size - block_size);
	if (wanted->labels > length && number_slot(rest, SLOT_SIZE) == cut &&
	    block_next(entry->block, cut) == cut)
		return look_at_slot(look, wanted, entry, cut) == 0 ? 1 : -EBADMSG;
	return look_beside(wanted, cut, entry, look);
}

int number_look_in(struct store_txn *txn, const struct store_aim *aim, struct look *look)
{
	size_t block_size = aim->key.size - SLOT_SIZE;
	struct entry entry = { .key = aim->at.data, .size = aim->at.size, .block = aim->entry };

	/* the entry that follows may be another tree's, where the block is one of the same name */
	if (aim->at.size == 0 || !is_of_block(&entry, &aim->key, block_size) ||
	    memcmp(entry.key, aim->key.octets, TREE_SIZE) != 0 ||
	    entry.key[LENGTH_AT] != aim->key.labels)
		return 0;
	return look_into(txn, &aim->key, aim->key.labels, block_size, &entry, look);
}

/* The entry at or after the wanted name, and what lies beside it. */
static int look_around(struct store_txn *txn, const struct store_key *wanted, size_t length,
		       const struct entry *entry, size_t block_size, struct look *look)
{
	if (!entry->there)
		return look_before(txn, wanted, entry->end, look);
	if (!is_of_block(entry, wanted, block_size)) {
		int err = look_at_slot(look, wanted, entry, block_next(entry->block, 0));

		return err != 0 ? err : look_before(txn, wanted, false, look);
	}

	int told = look_into(txn, wanted, length, block_size, entry, look);
	if (told != 0)
		return told < 0 ? told : 0;

	int cut = number_cut(wanted->octets + block_size, wanted->size - block_size);
	return block_next(entry->block, cut) < 0 ? look_after(txn, wanted, look) :
						   look_before(txn, wanted, false, look);
}

int number_look(struct store_txn *txn, struct store_key *wanted, size_t length, struct look *look)
{
	const uint8_t *octets = wanted->octets + LABELS_AT;
	size_t size = wanted->size - LABELS_AT;
	size_t block_size = LABELS_AT + key_labels_size(octets, size, length - SLOT_LABELS);
	size_t run_size = wanted->labels > length ?
				  LABELS_AT + key_labels_size(octets, size, length) :
				  wanted->size;
	struct entry entry;

	wanted->octets[LENGTH_AT] = (uint8_t)length;

	int err = entry_move(txn, wanted, run_size, MDB_SET_RANGE, &entry);
	if (err == 0)
		err = look_around(txn, wanted, length, &entry, block_size, look);
	wanted->octets[LENGTH_AT] = 0;
	return err;
}

int number_get(struct store_txn *txn, struct store_key *key, struct node *ret)
{
	size_t block_size = key->size - SLOT_SIZE;
	struct entry entry;

	*ret = (struct node){ 0 };
	key->octets[LENGTH_AT] = (uint8_t)key->labels;

	int there = number_edit_get(txn->number, key, &txn->room, ret);
	if (there == 0) {
		there = entry_move(txn, key, key->size, MDB_SET_RANGE, &entry);
		if (there == 0 && entry.there && is_of_block(&entry, key, block_size))
			there = block_node(entry.block, key->slot, &txn->room, ret);
	}
	key->octets[LENGTH_AT] = 0;
	return there < 0 ? there : 0;
}
