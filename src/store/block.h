/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

#include "base/slice.h"
#include "dns/node.h"

/*
 * Inside store/ only: a thousand numbers that share all digits but their last three, packed. A
 * block knows which of its thousand slots are in use, and for each the number's record sets. What
 * many slots have alike is kept once, and where the number's own last digits stand in RDATA
 * they do not make it another: what is read is octet for octet what was put.
 *
 * Nothing here knows of names, keys or LMDB. No octets: an empty block.
 */
enum { BLOCK_SLOTS = 1000, BLOCK_PREFIX_MAX = 16 };

/* How many slots are in use. */
size_t block_count(struct slice block);

/* The first slot in use at or after from; the last one before to. -1: none. */
int block_next(struct slice block, int from);
int block_prev(struct slice block, int to);

/* Where a node that was read is laid out; grows as needed. All zeros to start with. */
struct block_room {
	uint8_t *data;
	size_t size;
};

void block_room_done(struct block_room *room);

/* The record sets of a slot, in room. 1; 0: the slot is not in use; -EBADMSG: damaged; -ENOMEM. */
int block_node(struct slice block, int slot, struct block_room *room, struct node *ret);

/* A block while it is being changed; made once and used for one block after another. */
struct block_edit;

int block_edit_new(struct block_edit **ret);
void block_edit_free(struct block_edit *edit);

/*
 * Starts an empty block. prefix: the digits that stand before the last three in its numbers, in
 * dialling order, as far as they are known (at most BLOCK_PREFIX_MAX, the last of them where
 * there are more): digits in RDATA are the number's own only behind these.
 */
void block_edit_begin(struct block_edit *edit, struct slice prefix);

/*
 * Puts all slots of a packed block into it. -EBADMSG, -ENOMEM; that octets are damaged may also
 * be found by one of the calls below, so that these may fail with -EBADMSG, too.
 */
int block_edit_load(struct block_edit *edit, struct slice block);

/* Puts a node in place of the slot's; an empty one frees the slot. -ENOMEM. */
int block_edit_put(struct block_edit *edit, int slot, const struct node *node);

/* As block_node(), block_next(), block_count(), of what it is now. */
int block_edit_node(struct block_edit *edit, int slot, struct block_room *room, struct node *ret);
int block_edit_next(const struct block_edit *edit, int from);
size_t block_edit_count(const struct block_edit *edit);

/*
 * The octets of slots first to last, which stay until the next call. No octets where none is in
 * use. -ENOMEM.
 */
int block_edit_write(struct block_edit *edit, int first, int last, struct slice *ret);

#endif
