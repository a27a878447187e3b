/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_REDO_H
#define STORE_REDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Inside store/ only: what one write transaction changes, as octets, so that it can be done again:
 * for each key that was written its last value. Nothing here knows of LMDB or of files.
 */
enum redo_table { REDO_ZONES, REDO_NODES, REDO_LOG, REDO_TABLES };

struct redo_item {
	enum redo_table table;
	bool gone; /* the entry was taken away; else it has this value */
	struct slice key, value;
};

/* All zeros is an empty one. */
struct redo {
	uint8_t *data; /* REDO_HEAD octets for whoever writes it, then the items */
	size_t size;   /* of both; 0: nothing was put */
	size_t room;
	size_t dead;     /* octets of items that were put again, larger or smaller */
	uint32_t *index; /* hash of table and key -> where the item starts, 0: free */
	size_t places;   /* in index, a power of two */
	size_t count;    /* of these: in use */
	bool whole;      /* false: more than REDO_MAX was put; nothing is kept any more */
};

enum { REDO_HEAD = 32, REDO_MAX = 32 << 20 };

/* Makes it empty. */
void redo_reset(struct redo *redo);
void redo_done(struct redo *redo);

/* Adds an item in place of the one with the same key. -ENOMEM. */
int redo_put(struct redo *redo, const struct redo_item *item);

/* Leaves out what was put again. The octets after the head are the items. */
void redo_end(struct redo *redo);

/* The item at *offset of such octets, and *offset after it. 1; 0: the end; -EBADMSG. */
int redo_next(struct slice items, size_t *offset, struct redo_item *ret);

#endif
