/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as a master file: a zone, or faults that name a line. A zone that was taken is written
 * out as text and taken again, and must be the same one.
 */
#include <errno.h>
#include <libknot/libknot.h>
#include <stdlib.h>
#include <string.h>

#include "dns/record.h"
#include "fixture/folder.h"
#include "fixture/import.h"
#include "fuzz/fuzz.h"

static char folder[FOLDER_ROOM];
static struct store *store;
static struct zone_table *table;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void store_begin(void)
{
	struct text fault = { 0 };
	char path[FOLDER_PATH_ROOM];

	require(folder_make(folder) == 0);
	folder_path(path, folder, "store");
	require(store_open(&store, path, &fault) == 0);
	require(zone_table_new(&table, 1) == 0);
	memcpy(zone_table_at(table, 0)->apex, "\7example", 9);
	require(zone_table_index(table) == 0);
}

static void store_end(void)
{
	store_close(store);
	zone_table_free(table);
	folder_remove(folder);
}

/* Imports the text and shows what is in the store then; nothing is kept. */
static int import(struct text *ret, const void *data, size_t size)
{
	const struct zone *zone = zone_table_at(table, 0);
	struct text fault = { 0 };
	struct store_txn *txn;
	char path[FOLDER_PATH_ROOM];

	require(folder_write(folder, "zone", data, size) == 0);
	folder_path(path, folder, "zone");
	require(store_write_begin(store, &txn) == 0);
	int err = import_file(txn, zone, path, &fault);
	require(err == 0 || err == -EINVAL);
	require((err == 0) == (fault.size == 0));
	if (err == 0) {
		struct store_walk *walk;
		knot_dname_storage_t name;
		struct store_zone record;
		struct rrset_record rr;
		struct rrset set;
		struct node node;

		require(store_zone_get(txn, zone->apex, &record) == 0);
		require(store_walk_begin(&walk, txn, &record, zone->apex, zone->apex) == 0);
		while (store_walk_next(walk, name, &node) > 0)
			for (size_t i = 0; node_at(&node, i, &set); i++)
				for (size_t pos = 0; rrset_next(&set, &pos, &rr);) {
					struct record r = { name, set.type, KNOT_CLASS_IN, rr.ttl,
							    rr.rdata };

					require(record_format(ret, &r) == 0);
					text_puts(ret, "\n");
				}
		store_walk_end(walk);
	}
	store_write_abort(txn);
	text_done(&fault);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text first = { 0 }, second = { 0 };

	if (store == NULL) {
		store_begin();
		atexit(store_end);
	}
	if (import(&first, data, size) == 0) {
		require(import(&second, first.data, first.size) == 0);
		require(strcmp(text_get(&first), text_get(&second)) == 0);
	}
	text_done(&first);
	text_done(&second);
	return 0;
}
