/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Notes beside zones that a catalog brought (RFC 9432): who listed them, so that after a restart, too, it is
 * known which zones are gone from there. A note lies in the table of zones under a key that is no name,
 * and no zone's record has to know of it.
 */
#include <errno.h>

#include "store/database.h"

enum { NOTE_HEAD = 2 };

/* 0xff, as all that is no name, and "m"; then the name. */
static MDB_val note_key(uint8_t ret[NOTE_HEAD + KNOT_DNAME_MAXLEN], const knot_dname_t *apex)
{
	ret[0] = 0xff;
	ret[1] = 'm';
	knot_dname_copy_lower(ret + NOTE_HEAD, apex);
	return (MDB_val){ .mv_data = ret, .mv_size = NOTE_HEAD + knot_dname_size(apex) };
}

int store_member_put(struct store_txn *txn, const knot_dname_t *apex, struct slice note)
{
	uint8_t octets[NOTE_HEAD + KNOT_DNAME_MAXLEN];
	MDB_val key = note_key(octets, apex);
	MDB_val value = { .mv_data = (void *)(uintptr_t)note.data, .mv_size = note.size };

	return note.size > 0 ? table_put(txn, REDO_ZONES, &key, &value) :
			       table_del(txn, REDO_ZONES, &key);
}

int store_member_next(struct store_txn *txn, knot_dname_storage_t apex, struct slice *ret)
{
	uint8_t octets[NOTE_HEAD + KNOT_DNAME_MAXLEN] = { 0xff, 'm' };
	bool first = apex[0] == 0xff;
	MDB_val key = { .mv_data = octets, .mv_size = NOTE_HEAD }, value;
	MDB_cursor *cursor;
	int err = mdb_cursor_open(txn->mdb, txn->store->zones, &cursor);

	if (err != 0)
		return database_error(err);
	if (!first)
		key = note_key(octets, apex);
	size_t size = key.mv_size;
	err = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	if (err == 0 && !first && key.mv_size == size && memcmp(key.mv_data, octets, size) == 0)
		err = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	mdb_cursor_close(cursor);
	if (err != 0)
		return database_error(err);
	if (key.mv_size <= NOTE_HEAD || memcmp(key.mv_data, octets, NOTE_HEAD) != 0)
		return -ENOENT;
	if (key.mv_size > NOTE_HEAD + KNOT_DNAME_MAXLEN)
		return -EBADMSG;
	memcpy(apex, (const uint8_t *)key.mv_data + NOTE_HEAD, key.mv_size - NOTE_HEAD);
	*ret = slice_make(value.mv_data, value.mv_size);
	return 0;
}
