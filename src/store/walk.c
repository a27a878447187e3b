/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All names of a subtree, one after another: a cursor of its own over one range of keys. */
#include <errno.h>
#include <stdlib.h>

#include "store/database.h"

struct store_walk {
	MDB_cursor *cursor;
	knot_dname_storage_t apex;
	struct node_key top;
	bool started;
};

int store_walk_begin(struct store_walk **ret, struct store_txn *txn, const struct store_zone *zone,
		     const knot_dname_t *apex, const knot_dname_t *top)
{
	struct store_walk *walk = calloc(1, sizeof(*walk));

	if (walk == NULL)
		return -ENOMEM;
	knot_dname_copy_lower(walk->apex, apex);
	node_key_make(&walk->top, zone, top);

	int err = mdb_cursor_open(txn->mdb, txn->store->nodes, &walk->cursor);
	if (err != 0) {
		free(walk);
		return database_error(err);
	}
	*ret = walk;
	return 0;
}

int store_walk_next(struct store_walk *walk, knot_dname_storage_t name, struct node *ret)
{
	MDB_val key = node_key_value(&walk->top), value;
	int err = mdb_cursor_get(walk->cursor, &key, &value,
				 walk->started ? MDB_NEXT : MDB_SET_RANGE);

	walk->started = true;
	if (err == MDB_NOTFOUND)
		return 0;
	if (err != 0)
		return database_error(err);
	if (key.mv_size < walk->top.size ||
	    memcmp(key.mv_data, walk->top.octets, walk->top.size) != 0)
		return 0;

	const uint8_t *octets = key.mv_data;
	if (key_name(name, octets + TREE_SIZE, key.mv_size - TREE_SIZE, walk->apex) == 0)
		return -EBADMSG;
	*ret = (struct node){ .data = value.mv_data, .size = value.mv_size };
	return 1;
}

void store_walk_end(struct store_walk *walk)
{
	if (walk == NULL)
		return;
	mdb_cursor_close(walk->cursor);
	free(walk);
}
