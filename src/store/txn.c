/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transactions: a snapshot that a worker keeps and renews for each batch of queries, and the one
 * write transaction. Each holds a cursor over the names, since a look-up is a move of it.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/number.h"

static void txn_free(struct store_txn *txn)
{
	block_room_done(&txn->room);
	number_edit_free(txn->number);
	free(txn);
}

static int txn_begin(struct store *store, unsigned flags, struct store_txn **ret)
{
	struct store_txn *txn = calloc(1, sizeof(*txn));

	if (txn == NULL)
		return -ENOMEM;
	txn->store = store;

	int err = mdb_txn_begin(store->env, NULL, flags, &txn->mdb);
	if (err == 0) {
		err = mdb_cursor_open(txn->mdb, store->nodes, &txn->nodes);
		if (err != 0)
			mdb_txn_abort(txn->mdb);
	}
	if (err != 0) {
		free(txn);
		return database_error(err);
	}
	*ret = txn;
	return 0;
}

int store_read_begin(struct store *store, struct store_txn **ret)
{
	return txn_begin(store, MDB_RDONLY, ret);
}

void store_read_reset(struct store_txn *txn)
{
	mdb_txn_reset(txn->mdb);
}

int store_read_renew(struct store_txn *txn)
{
	int err = mdb_txn_renew(txn->mdb);

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
	return txn_begin(store, 0, ret);
}

int store_write_commit(struct store_txn *txn)
{
	int err = number_flush(txn);

	if (err != 0) {
		store_write_abort(txn);
		return err;
	}
	mdb_cursor_close(txn->nodes);
	err = mdb_txn_commit(txn->mdb);
	txn_free(txn);
	return database_error(err);
}

void store_write_abort(struct store_txn *txn)
{
	if (txn == NULL)
		return;
	mdb_cursor_close(txn->nodes);
	mdb_txn_abort(txn->mdb);
	txn_free(txn);
}
