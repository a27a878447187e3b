/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the last checkpoint and the journal to what was committed. It makes no difference how the
 * last process ended: the data file is put back to the checkpoint, and what the journal has is done
 * again. After a clean stop the data file is at the checkpoint and the journal has nothing after
 * it. After kill -9 the page cache may hold a newer state of the data file; it is not used, so that
 * there is one way to recover, which every kill tests.
 *
 * Doing it again takes a few transactions, in memory and page cache: LMDB keeps each page that one
 * of them touches in memory until its end, and that memory for good. The checkpoint and the journal
 * stay as they are, and stay what counts, until the keeper makes the next checkpoint: to be stopped
 * here once more does no harm, nor between two of them.
 */
#include "store/recover.h"

#include <errno.h>

#include "store/database.h"

int recover_begin(const char *folder, struct checkpoint *ret)
{
	struct checkpoint last = { 0 };
	int err = checkpoint_read(folder, &last);

	if (err == 0 && last.snapshot != 0)
		err = checkpoint_restore(folder, &last);
	if (err == 0)
		*ret = last;
	return err;
}

static int redo_table(struct store_txn *txn, const struct redo_item *item)
{
	MDB_val key = { .mv_data = (void *)(uintptr_t)item->key.data, .mv_size = item->key.size };
	MDB_val value = { .mv_data = (void *)(uintptr_t)item->value.data,
			  .mv_size = item->value.size };

	if (!item->gone)
		return table_put(txn, item->table, &key, &value);

	int err = table_del(txn, item->table, &key);
	return err == -ENOENT ? 0 : err;
}

static int redo_node(struct store_txn *txn, const struct redo_item *item)
{
	struct store_key key = { .size = (uint16_t)item->key.size };
	struct node node = { .data = item->value.data, .size = item->value.size };

	if (item->key.size < LABELS_AT || item->key.size > sizeof(key.octets))
		return -EBADMSG;
	memcpy(key.octets, item->key.data, item->key.size);
	store_key_count(&key);
	return node_write(txn, &key, &node);
}

enum { REPLAY_SLICE = 1 << 18 /* octets of records in a transaction, about */ };

struct replay {
	struct store *store;
	struct store_txn *txn; /* NULL: there was no record since the last commit */
	size_t size;           /* of the records in it */
};

int recover_redo(struct store_txn *txn, struct slice record)
{
	struct redo_item item;
	size_t offset = 0;
	int more = 1, err = 0;

	while (err == 0 && (more = redo_next(record, &offset, &item)) > 0)
		err = item.table == REDO_NODES ? redo_node(txn, &item) : redo_table(txn, &item);
	return err != 0 ? err : more;
}

static int redo_record(void *arg, struct slice record)
{
	struct replay *replay = arg;
	int err = 0;

	if (replay->txn == NULL)
		err = store_write_begin_bulk(replay->store, &replay->txn);
	if (err == 0)
		err = recover_redo(replay->txn, record);
	replay->size += record.size;
	if (err != 0 || replay->size < REPLAY_SLICE)
		return err;

	struct store_txn *txn = replay->txn;
	replay->txn = NULL;
	replay->size = 0;
	return store_write_commit(txn);
}

static int replay_journal(struct store *store, const struct checkpoint *last)
{
	struct replay replay = { .store = store };
	int err = journal_replay(&store->keeper.journal, &last->journal, redo_record, &replay);

	if (err == 0 && replay.txn != NULL)
		return store_write_commit(replay.txn);
	store_write_abort(replay.txn);
	return err;
}

int recover_end(struct store *store, const char *folder, const struct checkpoint *last)
{
	int err = keeper_begin(store, folder, last);

	if (err == 0 && last->snapshot != 0)
		err = replay_journal(store, last);
	return err;
}
