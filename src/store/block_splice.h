/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_BLOCK_SPLICE_H
#define STORE_BLOCK_SPLICE_H

#include "store/block_pool.h"

/*
 * Inside store/block*.c only: gives a slot this record alone without taking the block apart,
 * where the block has the record and nothing else becomes of it. 1 and octets in room; 0: it has
 * to be taken apart; -EBADMSG, -ENOMEM.
 */
int splice_record(struct slice block, int slot, const struct block_record *record,
		  struct block_room *room, struct slice *ret);

#endif
