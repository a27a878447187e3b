/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The change log: an entry for each committed change of a zone, in order. What is in an entry, and
 * how long it is kept, is zone/'s matter.
 */
#include <errno.h>

#include "base/reader.h"
#include "base/writer.h"
#include "store/database.h"

enum { LOG_KEY_SIZE = 12 };

static MDB_val log_key(uint8_t octets[LOG_KEY_SIZE], const struct store_zone *zone,
		       uint64_t sequence)
{
	struct writer w = write_begin(octets, LOG_KEY_SIZE);

	write_u32(&w, zone->id);
	write_u64(&w, sequence);
	return (MDB_val){ .mv_data = octets, .mv_size = LOG_KEY_SIZE };
}

int store_log_get(struct store_txn *txn, const struct store_zone *zone, uint64_t sequence,
		  struct slice *ret)
{
	uint8_t octets[LOG_KEY_SIZE];
	MDB_val key = log_key(octets, zone, sequence), value;
	int err = mdb_get(txn->mdb, txn->store->log, &key, &value);

	if (err == 0)
		*ret = slice_make(value.mv_data, value.mv_size);
	return database_error(err);
}

int store_log_drop(struct store_txn *txn, struct store_zone *zone)
{
	uint8_t octets[LOG_KEY_SIZE];
	MDB_val key = log_key(octets, zone, zone->log_first);
	struct slice entry = { 0 };
	int err = store_log_get(txn, zone, zone->log_first, &entry);
	size_t size = entry.size;

	if (err == 0)
		err = table_del(txn, REDO_LOG, &key);
	if (err != 0)
		return err;
	zone->log_first++;
	zone->log_size -= size;
	return 0;
}

int store_log_add(struct store_txn *txn, struct store_zone *zone, struct slice entry)
{
	uint8_t octets[LOG_KEY_SIZE];
	MDB_val key = log_key(octets, zone, zone->log_next);
	MDB_val value = { .mv_data = (void *)(uintptr_t)entry.data, .mv_size = entry.size };
	int err = table_put(txn, REDO_LOG, &key, &value);

	if (err != 0)
		return err;
	zone->log_next++;
	zone->log_size += entry.size;
	return 0;
}

/* The entry at or after a place (MDB_SET_RANGE), or the one before it (MDB_PREV), where it is the zone's. */
static int find_entry(MDB_cursor *cursor, const struct store_zone *zone, MDB_val *key,
		      MDB_cursor_op op, uint64_t *ret)
{
	MDB_val value;
	int err = mdb_cursor_get(cursor, key, &value, op);

	if (err != 0)
		return database_error(err);

	struct reader r = read_begin(key->mv_data, key->mv_size);
	uint32_t id = read_u32(&r);
	uint64_t sequence = read_u64(&r);
	if (read_end(&r) != 0)
		return -EBADMSG;
	if (id != zone->id)
		return -ENOENT;
	*ret = sequence;
	return 0;
}

/* The last entry: the one before the first that another zone could have. */
static int find_last(MDB_cursor *cursor, const struct store_zone *zone, uint64_t *ret)
{
	const struct store_zone next = { .id = zone->id + 1 };
	uint8_t octets[LOG_KEY_SIZE];
	MDB_val key = log_key(octets, &next, 0), value;
	int err = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);

	if (err != 0 && err != MDB_NOTFOUND)
		return database_error(err);
	return find_entry(cursor, zone, &key, err == 0 ? MDB_PREV : MDB_LAST, ret);
}

int store_log_span(struct store_txn *txn, struct store_zone *zone)
{
	uint8_t octets[LOG_KEY_SIZE];
	MDB_val key = log_key(octets, zone, 0);
	uint64_t first = 0, last = 0;
	MDB_cursor *cursor;
	int err = database_error(mdb_cursor_open(txn->mdb, txn->store->log, &cursor));

	if (err != 0)
		return err;
	err = find_entry(cursor, zone, &key, MDB_SET_RANGE, &first);
	if (err == 0)
		err = find_last(cursor, zone, &last);
	mdb_cursor_close(cursor);
	if (err != 0 && err != -ENOENT)
		return err;
	zone->log_first = first;
	zone->log_next = err == 0 ? last + 1 : 0;
	return 0;
}
