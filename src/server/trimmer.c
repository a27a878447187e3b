/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One step looks at some zones in a snapshot, which costs next to nothing, and shortens the log of the
 * first that has become too old in a transaction of its own. An update that comes meanwhile waits for
 * no more than that.
 */
#include "server/trimmer.h"

#include <errno.h>

#include "base/clock.h"
#include "zone/history.h"

enum { ZONES = 256, ENTRIES = 256 /* in a step */ };

/* Takes at most budget entries away. 1: there are more to be taken; 0: none; a negative errno. */
static int trim(struct store_txn *txn, const struct zone *zone, size_t budget)
{
	struct store_zone record;
	int due = store_zone_get(txn, zone->apex, &record);

	if (due == 0)
		due = history_trim(txn, zone, &record, clock_wall_s(), budget);
	if (due >= 0 && budget > 0) {
		int err = store_zone_put(txn, zone->apex, &record);

		due = err != 0 ? err : due;
	}
	return due == -ENOENT ? 0 : due;
}

/* Moves on to the first zone of the next ones whose log is due; whether there is one. */
static int find_due(struct trimmer *trimmer, struct store *store)
{
	struct zone_table *zones = trimmer->state->zones;
	struct store_txn *txn = NULL;
	int due = store_read_begin(store, &txn);

	for (int i = 0; due == 0 && i < ZONES && trimmer->next < zone_table_count(zones); i++) {
		due = trim(txn, zone_table_at(zones, trimmer->next), 0);
		trimmer->next += due == 0;
	}
	store_read_end(txn);
	return due;
}

static int trim_one(struct trimmer *trimmer, struct store *store)
{
	struct store_txn *txn;
	int err = store_write_begin(store, &txn);

	if (err != 0)
		return err;
	err = trim(txn, zone_table_at(trimmer->state->zones, trimmer->next), ENTRIES);
	if (err >= 0)
		return store_write_commit(txn);
	store_write_abort(txn);
	return err;
}

bool trimmer_step(struct trimmer *trimmer, struct store *store)
{
	if (trimmer->state == NULL || clock_monotonic_ms() < trimmer->due_ms)
		return false;

	int due = find_due(trimmer, store);
	if (due > 0)
		due = trim_one(trimmer, store);
	/* what fails is tried again later; a disk that can't be written to tells of itself by updates */
	if (due == 0 && trimmer->next < zone_table_count(trimmer->state->zones))
		return true;
	trimmer->next = 0;
	trimmer->due_ms = clock_monotonic_ms() + TRIMMER_PAUSE_MS;
	return false;
}

int64_t trimmer_pause_us(const struct trimmer *trimmer)
{
	int64_t left_ms = trimmer->due_ms - clock_monotonic_ms();

	return left_ms > 0 ? left_ms * 1000 : 1;
}
