/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_NUMBER_H
#define STORE_NUMBER_H

#include "store/database.h"

/*
 * Inside store/ only: numbers in packed blocks. A name is a number where its first three labels,
 * all below the apex, are single digits; these three are its slot, and what is left of the name is its
 * block. An entry of the database holds the slots of a block up to the one in its key; most
 * blocks are one entry, up to slot 999.
 */
enum {
	SLOT_SIZE = 6,   /* octets of a slot in a key */
	SLOT_LABELS = 3, /* labels of it */
	SLOT_LAST = 999, /* the last entry of a block goes up to here */
	ENTRY_MAX =
		2000, /* octets of an entry that still lies within a page of LMDB, with others */
	LENGTH_LABELS = 3, /* a number has at least so many labels */
};

/* The slot of the name with this key (from the labels on); -1: it is no number. */
int number_slot(const uint8_t *labels, size_t size);

/* The octets of a slot in a key. */
void number_slot_write(uint8_t ret[SLOT_SIZE], int slot);

/* The digits that stand before the slot's in the numbers of the block with this key. */
struct number_prefix {
	uint8_t digit[BLOCK_PREFIX_MAX];
	size_t size;
};

void number_prefix_make(struct number_prefix *ret, const uint8_t *block, size_t size);

/* The first slot at or after labels, a name's key below a block, of which the first three matter. */
int number_cut(const uint8_t *labels, size_t size);

/*
 * Looks among the numbers of this length (labels below the apex) for a name that has so many
 * labels itself, more or fewer.
 */
int number_look(struct store_txn *txn, struct store_key *wanted, size_t length, struct look *look);

/* The same with the entry at hand that a number should be in. 1; 0: it has to be looked for after all. */
int number_look_in(struct store_txn *txn, const struct store_aim *aim, struct look *look);

/* The node of a number; empty where there is none. */
int number_get(struct store_txn *txn, struct store_key *key, struct node *ret);

/* Changes a number in the write transaction; an empty node takes it away. */
int number_put(struct store_txn *txn, struct store_key *key, const struct node *node);

/* The same where the number is in the block that is being changed. 1; 0: it is not of that block. */
int number_edit_get(struct number_edit *edit, const struct store_key *key, struct block_room *room,
		    struct node *ret);

/* Writes the block that is being changed. To be called before the entries of the database are looked at. */
int number_flush(struct store_txn *txn);
void number_edit_free(struct number_edit *edit);

/*
 * Cuts what edit holds, slots up to last, into entries that are small enough: put is called for each, in rising
 * order, with the last slot that it covers.
 */
int number_pieces(struct block_edit *edit, int last,
		  int (*put)(void *arg, int last, struct slice octets), void *arg);

#endif
