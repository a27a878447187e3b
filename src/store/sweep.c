/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Taking away the names of zones that were made anew. A tree may have millions of names: its zone
 * lets go of it at once, and the entries go bit by bit, in transactions of their own when there is
 * nothing better to do. Nobody reads them any more, so that this is not journalled: what a crash
 * undoes is done again.
 *
 * The first time, all trees are looked through for those that no zone has: a process that ended may
 * have left some, of a zone that was replaced or was never finished. Only trees from before this
 * process count, since one that is being filled now has no zone yet.
 */
#include "store/sweep.h"

#include <errno.h>
#include <stdlib.h>

#include "base/writer.h"
#include "store/database.h"

enum { ROOM_MIN = 16 };

int trees_add(struct trees *trees, uint32_t tree)
{
	if (trees->count == trees->room) {
		size_t room = trees->room == 0 ? ROOM_MIN : 2 * trees->room;
		uint32_t *list = reallocarray(trees->tree, room, sizeof(list[0]));

		if (list == NULL)
			return -ENOMEM;
		trees->tree = list;
		trees->room = room;
	}
	trees->tree[trees->count++] = tree;
	return 0;
}

void trees_done(struct trees *trees)
{
	free(trees->tree);
	*trees = (struct trees){ 0 };
}

void sweep_init(struct sweep *sweep)
{
	pthread_mutex_init(&sweep->lock, NULL);
	atomic_store(&sweep->wanted, true);
}

void sweep_done(struct sweep *sweep)
{
	trees_done(&sweep->gone);
	pthread_mutex_destroy(&sweep->lock);
}

int sweep_add(struct sweep *sweep, const struct trees *trees)
{
	int err = 0;

	if (trees->count == 0)
		return 0;
	pthread_mutex_lock(&sweep->lock);
	for (size_t i = 0; err == 0 && i < trees->count; i++)
		err = trees_add(&sweep->gone, trees->tree[i]);
	pthread_mutex_unlock(&sweep->lock);
	atomic_store(&sweep->wanted, true);
	return err;
}

static bool take_tree(struct sweep *sweep, uint32_t *ret)
{
	pthread_mutex_lock(&sweep->lock);
	bool any = sweep->gone.count > 0;
	if (any)
		*ret = sweep->gone.tree[--sweep->gone.count];
	else
		atomic_store(&sweep->wanted, false);
	pthread_mutex_unlock(&sweep->lock);
	return any;
}

static int compare_trees(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* The trees that zones have, in rising order. */
static int find_named(struct store_txn *txn, struct trees *ret)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int err = mdb_cursor_open(txn->mdb, txn->store->zones, &cursor);

	if (err != 0)
		return database_error(err);
	while (err == 0) {
		struct store_zone zone;

		err = database_error(mdb_cursor_get(cursor, &key, &value, MDB_NEXT));
		if (err != 0 || value.mv_size != sizeof(zone))
			continue;
		memcpy(&zone, value.mv_data, sizeof(zone));
		err = trees_add(ret, zone.tree);
	}
	mdb_cursor_close(cursor);
	if (ret->count > 0)
		qsort(ret->tree, ret->count, sizeof(ret->tree[0]), compare_trees);
	return err == -ENOENT ? 0 : err;
}

static bool has_tree(const struct trees *named, uint32_t tree)
{
	return named->count > 0 && bsearch(&tree, named->tree, named->count, sizeof(named->tree[0]),
					   compare_trees) != NULL;
}

/* Adds all trees up to the limit that no zone has. */
static int search(struct store_txn *txn)
{
	struct sweep *sweep = &txn->store->sweep;
	struct trees named = { 0 };
	int err = find_named(txn, &named);

	struct trees gone = { 0 };

	for (uint32_t tree = 0; err == 0 && tree <= sweep->limit; tree++) {
		uint8_t prefix[TREE_SIZE];
		MDB_val key = { .mv_data = prefix, .mv_size = sizeof(prefix) }, value;

		put_u32(prefix, tree);
		err = mdb_cursor_get(txn->nodes, &key, &value, MDB_SET_RANGE);
		if (err != 0) {
			err = err == MDB_NOTFOUND ? 0 : database_error(err);
			break;
		}
		tree = get_u32(key.mv_data);
		if (tree <= sweep->limit && !has_tree(&named, tree))
			err = trees_add(&gone, tree);
	}
	if (err == 0)
		err = sweep_add(sweep, &gone);
	sweep->searched = err == 0;
	trees_done(&gone);
	trees_done(&named);
	return err;
}

/*
 * Takes away up to *budget entries of the tree, and that much of the budget. 0: there are no more.
 */
static int drop_entries(struct store_txn *txn, uint32_t tree, size_t *budget)
{
	uint8_t prefix[TREE_SIZE];

	put_u32(prefix, tree);
	for (; *budget > 0; --*budget) {
		MDB_val key = { .mv_data = prefix, .mv_size = sizeof(prefix) }, value;
		int err = mdb_cursor_get(txn->nodes, &key, &value, MDB_SET_RANGE);

		if (err == 0 && memcmp(key.mv_data, prefix, sizeof(prefix)) != 0)
			err = MDB_NOTFOUND;
		if (err == 0)
			err = mdb_cursor_del(txn->nodes, 0);
		if (err != 0)
			return err == MDB_NOTFOUND ? 0 : database_error(err);
	}
	return 1;
}

/* A tree that was taken and then is not dropped after all is found again by the next process. */
static int drop_some(struct store_txn *txn, size_t budget)
{
	struct sweep *sweep = &txn->store->sweep;
	uint32_t tree;
	int more = 0;

	while (more == 0 && take_tree(sweep, &tree))
		more = drop_entries(txn, tree, &budget);
	if (more > 0)
		sweep_add(sweep, &(struct trees){ .tree = &tree, .count = 1 });
	return more;
}

bool store_sweep_due(const struct store *store)
{
	return atomic_load_explicit(&store->sweep.wanted, memory_order_relaxed);
}

int store_sweep(struct store *store, size_t budget)
{
	struct store_txn *txn;

	if (!store_sweep_due(store))
		return 0;

	int err = store_write_begin_bulk(store, &txn);
	if (err != 0)
		return err;

	int more = store->sweep.searched ? 0 : search(txn);
	if (more == 0)
		more = drop_some(txn, budget);
	if (more < 0) {
		store_write_abort(txn);
		return more;
	}
	err = store_write_commit(txn);
	return err != 0 ? err : more;
}
