/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of zones. A zone has a number of its own and its names another: when a zone is made
 * anew its names get a new tree; the old one goes bit by bit (sweep.c). Both numbers come
 * from one counter, which lies in the same table under a key that is no name. So do the times at which
 * copies were found to be good: no zone's record has to know of them.
 */
#include <errno.h>

#include "store/database.h"

static MDB_val apex_key(knot_dname_storage_t lower, const knot_dname_t *apex)
{
	knot_dname_copy_lower(lower, apex);
	return (MDB_val){ .mv_data = lower, .mv_size = knot_dname_size(apex) };
}

int store_zone_get(struct store_txn *txn, const knot_dname_t *apex, struct store_zone *ret)
{
	knot_dname_storage_t lower;
	MDB_val key = apex_key(lower, apex), value;
	int err = mdb_get(txn->mdb, txn->store->zones, &key, &value);

	if (err != 0)
		return database_error(err);
	if (value.mv_size != sizeof(*ret))
		return -EBADMSG;
	memcpy(ret, value.mv_data, sizeof(*ret));
	return 0;
}

int store_zone_put(struct store_txn *txn, const knot_dname_t *apex, const struct store_zone *zone)
{
	knot_dname_storage_t lower;
	struct store_zone copy = *zone;
	MDB_val key = apex_key(lower, apex);
	MDB_val value = { .mv_data = &copy, .mv_size = sizeof(copy) };

	return table_put(txn, REDO_ZONES, &key, &value);
}

static MDB_val number_key(void)
{
	static const char name[] = "\xff"
				   "next number"; /* no name starts with a label of 255 octets */

	return (MDB_val){ .mv_data = (void *)(uintptr_t)name, .mv_size = sizeof(name) - 1 };
}

int zone_last_number(struct store_txn *txn, uint32_t *ret)
{
	MDB_val key = number_key(), value;
	uint32_t number = 0;
	int err = mdb_get(txn->mdb, txn->store->zones, &key, &value);

	if (err == 0 && value.mv_size == sizeof(number))
		memcpy(&number, value.mv_data, sizeof(number));
	else if (err != MDB_NOTFOUND)
		return err == 0 ? -EBADMSG : database_error(err);
	*ret = number;
	return 0;
}

int zone_number_take(struct store_txn *txn, uint32_t *ret)
{
	MDB_val key = number_key(), value;
	uint32_t number = 0;
	int err = zone_last_number(txn, &number);

	if (err != 0)
		return err;
	number++;
	value = (MDB_val){ .mv_data = &number, .mv_size = sizeof(number) };
	err = table_put(txn, REDO_ZONES, &key, &value);
	if (err == 0)
		*ret = number;
	return err;
}

int store_zone_make(struct store_txn *txn, const knot_dname_t *apex, struct store_zone *ret)
{
	struct store_zone zone = { 0 };
	int err = store_zone_get(txn, apex, &zone);

	if (err == 0)
		err = trees_add(&txn->gone, zone.tree);
	else if (err == -ENOENT)
		err = zone_number_take(txn, &zone.id);
	if (err == 0)
		err = zone_number_take(txn, &zone.tree);
	if (err != 0)
		return err;

	zone = (struct store_zone){ .id = zone.id,
				    .tree = zone.tree,
				    .log_first = zone.log_first,
				    .log_next = zone.log_next,
				    .log_size = zone.log_size,
				    .apex_labels = knot_dname_labels(apex, NULL) };
	err = store_zone_put(txn, apex, &zone);
	if (err == 0)
		*ret = zone;
	return err;
}

int store_zone_drop(struct store_txn *txn, const knot_dname_t *apex)
{
	knot_dname_storage_t lower;
	struct store_zone zone;
	MDB_val key = apex_key(lower, apex);
	int err = store_zone_get(txn, apex, &zone);

	while (err == 0 && zone.log_first < zone.log_next)
		err = store_log_drop(txn, &zone);
	if (err == 0)
		err = trees_add(&txn->gone, zone.tree);
	return err == 0 ? table_del(txn, REDO_ZONES, &key) : err;
}

enum { CHECKED_HEAD = 2, CHECKED_SIZE = 8 };

/* 0xff, as all that is no name, and "c"; then the name. */
static MDB_val checked_key(uint8_t ret[CHECKED_HEAD + KNOT_DNAME_MAXLEN], const knot_dname_t *apex)
{
	size_t size = knot_dname_size(apex);

	ret[0] = 0xff;
	ret[1] = 'c';
	knot_dname_copy_lower(ret + CHECKED_HEAD, apex);
	return (MDB_val){ .mv_data = ret, .mv_size = CHECKED_HEAD + size };
}

int store_checked_get(struct store_txn *txn, const knot_dname_t *apex, uint64_t *ret)
{
	uint8_t octets[CHECKED_HEAD + KNOT_DNAME_MAXLEN];
	MDB_val key = checked_key(octets, apex), value;
	int err = mdb_get(txn->mdb, txn->store->zones, &key, &value);

	if (err != 0)
		return database_error(err);
	if (value.mv_size != CHECKED_SIZE)
		return -EBADMSG;
	*ret = (uint64_t)get_u32(value.mv_data) << 32 |
	       get_u32((const uint8_t *)value.mv_data + CHECKED_SIZE / 2);
	return 0;
}

int store_checked_put(struct store_txn *txn, const knot_dname_t *apex, uint64_t time)
{
	uint8_t octets[CHECKED_HEAD + KNOT_DNAME_MAXLEN], text[CHECKED_SIZE];
	MDB_val key = checked_key(octets, apex);
	MDB_val value = { .mv_data = text, .mv_size = sizeof(text) };

	put_u32(text, (uint32_t)(time >> 32));
	put_u32(text + CHECKED_SIZE / 2, (uint32_t)time);
	return table_put(txn, REDO_ZONES, &key, &value);
}
