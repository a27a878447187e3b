/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transactions: a snapshot that a worker keeps and renews for each batch of queries, and the one
 * write transaction. Each holds a cursor over the names, since a look-up is a move of it. What a
 * write transaction changes is noted down as it goes on, for the journal (keeper.c).
 */
#include <errno.h>
#include <stdlib.h>

#include "store/number.h"

static bool is_lost(struct store *store)
{
	return atomic_load_explicit(&store->keeper.lost, memory_order_relaxed);
}

/* Begins a transaction of LMDB in the newest data file, with its cursor. */
static int txn_enter(struct store_txn *txn, unsigned flags)
{
	struct data *data = data_use(txn->store);
	MDB_txn *mdb;
	MDB_cursor *nodes;
	int err = mdb_txn_begin(data->env, NULL, flags, &mdb);

	/*
	 * while this one waited for the last write transaction a compaction may have put another
	 * file in place
	 */
	while (err == 0 && (flags & MDB_RDONLY) == 0 && data != txn->store->data) {
		mdb_txn_abort(mdb);
		data_leave(txn->store, data);
		data = data_use(txn->store);
		err = mdb_txn_begin(data->env, NULL, flags, &mdb);
	}
	if (err == 0) {
		err = mdb_cursor_open(mdb, txn->store->nodes, &nodes);
		if (err != 0)
			mdb_txn_abort(mdb);
	}
	if (err != 0) {
		data_leave(txn->store, data);
		return database_error(err);
	}
	txn->data = data;
	txn->mdb = mdb;
	txn->nodes = nodes;
	return 0;
}

static int txn_begin(struct store *store, unsigned flags, struct store_txn **ret)
{
	if (is_lost(store))
		return -ENOTRECOVERABLE;

	struct store_txn *txn = calloc(1, sizeof(*txn));
	if (txn == NULL)
		return -ENOMEM;
	txn->store = store;

	int err = txn_enter(txn, flags);
	if (err == 0)
		*ret = txn;
	else
		free(txn);
	return err;
}

static void txn_free(struct store_txn *txn)
{
	data_leave(txn->store, txn->data);
	trees_done(&txn->gone);
	trees_done(&txn->given);
	block_room_done(&txn->room);
	number_edit_free(txn->number);
	free(txn);
}

int store_read_begin(struct store *store, struct store_txn **ret)
{
	return txn_begin(store, MDB_RDONLY, ret);
}

void store_read_reset(struct store_txn *txn)
{
	mdb_txn_reset(txn->mdb);
}

/* Goes over to the data file that a compaction has put in place; on failure all is as it was. */
static int txn_move(struct store_txn *txn)
{
	struct store_txn old = *txn;
	int err = txn_enter(txn, MDB_RDONLY);

	if (err != 0)
		return err;
	mdb_cursor_close(old.nodes);
	mdb_txn_abort(old.mdb);
	data_leave(old.store, old.data);
	return 0;
}

int store_read_renew(struct store_txn *txn)
{
	if (txn->data != txn->store->data && !is_lost(txn->store))
		return txn_move(txn);

	int err = is_lost(txn->store) ? MDB_PANIC : mdb_txn_renew(txn->mdb);

	if (err == 0)
		err = mdb_cursor_renew(txn->mdb, txn->nodes);
	return database_error(err);
}

void store_read_end(struct store_txn *txn)
{
	if (txn == NULL)
		return;
	mdb_cursor_close(txn->nodes);
	mdb_txn_abort(txn->mdb);
	txn_free(txn);
}

uint64_t store_snapshot(const struct store_txn *txn)
{
	return mdb_txn_id(txn->mdb);
}

int store_write_begin(struct store *store, struct store_txn **ret)
{
	int err = txn_begin(store, 0, ret);

	if (err == 0)
		redo_reset(&store->redo);
	return err;
}

int store_write_begin_bulk(struct store *store, struct store_txn **ret)
{
	int err = store_write_begin(store, ret);

	if (err == 0)
		(*ret)->bulk = true;
	return err;
}

int store_write_commit(struct store_txn *txn)
{
	struct store *store = txn->store;
	int err = number_flush(txn);

	if (err != 0) {
		store_write_abort(txn);
		return err;
	}
	mdb_cursor_close(txn->nodes);
	err = keeper_commit(store, txn->mdb, txn->bulk ? KEEPER_CHECKPOINT : KEEPER_JOURNAL);
	sweep_add(&store->sweep, err == 0 ? &txn->gone : &txn->given);
	txn_free(txn);
	return err;
}

void store_write_abort(struct store_txn *txn)
{
	if (txn == NULL)
		return;
	mdb_cursor_close(txn->nodes);
	mdb_txn_abort(txn->mdb);
	sweep_add(&txn->store->sweep, &txn->given);
	txn_free(txn);
}

int store_checkpoint(struct store *store)
{
	return keeper_checkpoint(store);
}

static int note(struct store_txn *txn, enum redo_table table, const MDB_val *key,
		const MDB_val *value)
{
	struct redo_item item = {
		.table = table,
		.gone = value == NULL,
		.key = slice_make(key->mv_data, key->mv_size),
	};

	if (txn->bulk)
		return 0;
	if (value != NULL)
		item.value = slice_make(value->mv_data, value->mv_size);
	return redo_put(&txn->store->redo, &item);
}

static MDB_dbi table_of(const struct store *store, enum redo_table table)
{
	return table == REDO_ZONES ? store->zones : store->log;
}

int table_put(struct store_txn *txn, enum redo_table table, MDB_val *key, MDB_val *value)
{
	int err = note(txn, table, key, value);

	if (err != 0)
		return err;
	return database_error(mdb_put(txn->mdb, table_of(txn->store, table), key, value, 0));
}

int table_del(struct store_txn *txn, enum redo_table table, MDB_val *key)
{
	int err = note(txn, table, key, NULL);

	if (err != 0)
		return err;
	return database_error(mdb_del(txn->mdb, table_of(txn->store, table), key, NULL));
}

int note_node(struct store_txn *txn, const struct store_key *key, const struct node *node)
{
	MDB_val name = { .mv_data = (void *)(uintptr_t)key->octets, .mv_size = key->size };
	MDB_val value = { .mv_data = (void *)(uintptr_t)node->data, .mv_size = node->size };

	return note(txn, REDO_NODES, &name, node->size > 0 ? &value : NULL);
}
