/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counting what is in the store. LMDB knows the size of each of its trees; which pages are free
 * stands in a tree of its own (number 0), whose entries are lists: a count, then page numbers,
 * under the number of the transaction that freed them. Such a list may be used again when no reader
 * has a snapshot as old as that.
 */
#include "store/stat.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/writer.h"
#include "store/block.h"
#include "store/database.h"

enum { FREE_PAGES = 0, PATH_ROOM = 4096 };

/* --- the whole --- */

struct readers {
	int self;
	uint64_t count, oldest;
};

/*
 * One line of what mdb_reader_list() says: process, thread, snapshot ("-": none at the moment).
 * Those of this process, which ask, are passed over.
 */
static int take_reader(const char *line, void *arg)
{
	struct readers *readers = arg;
	int process;
	size_t thread, snapshot;
	int fields = sscanf(line, "%d %zx %zu", &process, &thread, &snapshot);

	if (fields < 2 || process == readers->self)
		return 0;
	readers->count++;
	if (fields == 3 && snapshot < readers->oldest)
		readers->oldest = snapshot;
	return 0;
}

static int count_free(struct store_txn *txn, struct store_stat *stat)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int err = mdb_cursor_open(txn->mdb, FREE_PAGES, &cursor);

	if (err != 0)
		return database_error(err);
	while ((err = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		size_t freed = 0, count = 0;

		if (key.mv_size != sizeof(freed) || value.mv_size < sizeof(count)) {
			err = MDB_CORRUPTED;
			break;
		}
		memcpy(&freed, key.mv_data, sizeof(freed));
		memcpy(&count, value.mv_data, sizeof(count));
		stat->pages_free += count;
		if (freed >= stat->reader_oldest)
			stat->pages_held += count;
	}
	mdb_cursor_close(cursor);
	return err == MDB_NOTFOUND ? 0 : database_error(err);
}

static int count_tables(struct store_txn *txn, struct store_stat *stat)
{
	const struct {
		const char *name;
		MDB_dbi table;
	} tables[STORE_TABLES] = {
		{ "zones", txn->store->zones },
		{ "names", txn->store->nodes },
		{ "change log", txn->store->log },
	};

	for (size_t i = 0; i < STORE_TABLES; i++) {
		MDB_stat table;
		int err = mdb_stat(txn->mdb, tables[i].table, &table);

		if (err != 0)
			return database_error(err);
		stat->page_size = table.ms_psize;
		stat->table[stat->tables++] = (struct store_table){
			.name = tables[i].name,
			.depth = table.ms_depth,
			.entries = table.ms_entries,
			.pages = table.ms_branch_pages + table.ms_leaf_pages +
				 table.ms_overflow_pages,
		};
	}
	return 0;
}

static uint64_t file_size(const char *folder, const char *name, time_t *changed)
{
	char path[PATH_ROOM];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path) ||
	    stat(path, &st) != 0)
		return 0;
	if (changed != NULL)
		*changed = st.st_mtime;
	return (uint64_t)st.st_size;
}

static void look_at_files(const char *folder, struct store_stat *stat)
{
	struct checkpoint checkpoint = { .snapshot = 0 };
	time_t changed = 0;

	stat->file_size = file_size(folder, "data.mdb", NULL);
	stat->journal_size = file_size(folder, "journal.0", NULL) +
			     file_size(folder, "journal.1", NULL);
	file_size(folder, "checkpoint", &changed);
	if (checkpoint_read(folder, &checkpoint) == 0 && checkpoint.snapshot > 0) {
		stat->checkpoint = checkpoint.snapshot;
		stat->checkpoint_s = (uint64_t)changed;
	}
}

int store_stat(struct store_txn *txn, struct store_stat *ret)
{
	struct store_stat stat = { .snapshot = mdb_txn_id(txn->mdb) };
	struct readers readers = { .self = (int)getpid(), .oldest = stat.snapshot };
	MDB_env *env = mdb_txn_env(txn->mdb);
	MDB_envinfo info;
	int err = mdb_env_info(env, &info);

	if (err != 0)
		return database_error(err);
	mdb_reader_list(env, take_reader, &readers);
	stat.readers = readers.count;
	stat.map_size = info.me_mapsize;
	stat.readers_max = info.me_maxreaders;
	stat.reader_oldest = readers.oldest;
	stat.pages = info.me_last_pgno + 1;
	look_at_files(txn->store->path, &stat);

	err = count_tables(txn, &stat);
	if (err == 0)
		err = count_free(txn, &stat);
	if (err == 0)
		*ret = stat;
	return err;
}

/* --- zones --- */

int store_zone_next(struct store_txn *txn, knot_dname_storage_t apex, struct store_zone *ret)
{
	bool first = apex[0] == 0xff;
	size_t size = first ? 0 : knot_dname_size(apex);
	MDB_val key = { .mv_data = apex, .mv_size = first ? 1 : size }, value;
	MDB_cursor *cursor;
	int err = mdb_cursor_open(txn->mdb, txn->store->zones, &cursor);

	if (err != 0)
		return database_error(err);
	err = mdb_cursor_get(cursor, &key, &value, first ? MDB_FIRST : MDB_SET_RANGE);
	if (err == 0 && !first && key.mv_size == size && memcmp(key.mv_data, apex, size) == 0)
		err = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);

	/* what starts with 0xff, behind all names, is the table's own */
	if (err == 0 && (key.mv_size == 0 || *(const uint8_t *)key.mv_data == 0xff))
		err = MDB_NOTFOUND;
	mdb_cursor_close(cursor);
	if (err != 0)
		return database_error(err);
	if (value.mv_size != sizeof(*ret) || key.mv_size > KNOT_DNAME_MAXLEN)
		return -EBADMSG;
	memcpy(apex, key.mv_data, key.mv_size);
	memcpy(ret, value.mv_data, sizeof(*ret));
	return 0;
}

static void take_entry(struct store_zone_stat *stat, const MDB_val *key, const MDB_val *value)
{
	if (((const uint8_t *)key->mv_data)[LENGTH_AT] == 0) {
		stat->names++;
		stat->names_octets += key->mv_size + value->mv_size;
	} else {
		stat->blocks++;
		stat->numbers += block_count(slice_make(value->mv_data, value->mv_size));
		stat->numbers_octets += key->mv_size + value->mv_size;
	}
}

int store_zone_stat(struct store_txn *txn, const struct store_zone *zone,
		    struct store_zone_stat *ret)
{
	struct store_zone_stat stat = { 0 };
	uint8_t prefix[TREE_SIZE];
	MDB_val key = { .mv_data = prefix, .mv_size = sizeof(prefix) }, value;
	MDB_cursor *cursor;
	int err = mdb_cursor_open(txn->mdb, txn->store->nodes, &cursor);

	if (err != 0)
		return database_error(err);
	put_u32(prefix, zone->tree);
	err = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (err == 0 && key.mv_size > LENGTH_AT &&
	       memcmp(key.mv_data, prefix, sizeof(prefix)) == 0) {
		take_entry(&stat, &key, &value);
		err = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	if (err != MDB_NOTFOUND && err != 0)
		return database_error(err);
	*ret = stat;
	return 0;
}
