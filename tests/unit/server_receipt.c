/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/receipt.h, server/trimmer.h: what is remembered over a restart, and what goes in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"
#include "server/receipt.h"

enum { NOW = 1750000000, LIFE = 300 };

static char folder[FOLDER_ROOM];
static struct store *store;
static struct replay *replay;
static struct receipts receipts;

static void open_all(void)
{
	struct text fault = { 0 };
	char path[FOLDER_PATH_ROOM];

	folder_path(path, folder, "store");
	assert_int_equal(store_open(&store, path, &fault), 0);
	assert_int_equal(replay_new(&replay, 1024), 0);
	text_done(&fault);
}

static void close_all(void)
{
	receipts_done(&receipts);
	replay_free(replay);
	store_close(store);
}

static void answer(uint64_t mac, uint64_t signed_at, uint8_t rcode)
{
	assert_int_equal(replay_add(replay, mac, signed_at, rcode), 0);
	assert_int_equal(receipts_add(&receipts, mac, signed_at, rcode), 0);
}

/* A commit at this time; how many entries there are then. */
static uint64_t commit(uint64_t now, bool goes_through)
{
	struct store_txn *txn;
	struct store_zone log;

	replay_in_time(replay, now, now);
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(receipts_write(&receipts, txn, replay, now, &log), 0);
	if (goes_through) {
		assert_int_equal(store_write_commit(txn), 0);
		receipts_written(&receipts, &log);
	} else {
		store_write_abort(txn);
	}
	return log.log_next - log.log_first;
}

static void restart(uint64_t now)
{
	struct store_txn *txn;

	close_all();
	open_all();
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(receipts_recall(&receipts, txn, replay, now), 0);
	store_read_end(txn);
}

static int found(uint64_t mac, uint64_t signed_at)
{
	uint8_t rcode;

	return replay_find(replay, mac, signed_at, &rcode) ? rcode : -1;
}

static void what_was_committed_is_remembered_over_a_restart(void **state)
{
	(void)state;
	assert_int_equal(folder_make(folder), 0);
	open_all();
	answer(1, NOW, 0);
	answer(2, NOW - 299, 8);
	assert_int_equal(commit(NOW, true), 1);
	answer(3, NOW + 1, 0);
	assert_int_equal(commit(NOW + 1, true), 2);
	answer(4, NOW + 1, 0);
	assert_int_equal(commit(NOW + 1, false), 3);
	assert_int_equal(commit(NOW + 1, true), 3); /* what waits goes with the next one */
	answer(5, NOW + 1, 5);                      /* no commit came */

	restart(NOW + 1);
	assert_int_equal(found(1, NOW), 0);
	assert_int_equal(found(2, NOW - 299), 8);
	assert_int_equal(found(3, NOW + 1), 0);
	assert_int_equal(found(4, NOW + 1), 0);
	assert_int_equal(found(5, NOW + 1), -1);
	assert_int_equal(found(1, NOW + 1), -1);
	assert_int_equal(commit(NOW + 1, true), 3); /* nothing waits: nothing is written */
	answer(6, NOW + 2, 0);
	assert_int_equal(commit(NOW + 2, true), 4); /* behind those of before */

	/* later, what is too old is not read, and goes */
	restart(NOW + LIFE + 1);
	assert_int_equal(found(1, NOW), -1);
	assert_int_equal(found(3, NOW + 1), 0);
	assert_int_equal(found(6, NOW + 2), 0);
	assert_int_equal(commit(NOW + LIFE + 1, true), 3);
	assert_int_equal(commit(NOW + LIFE + 3, true), 0);
	close_all();
	folder_remove(folder);
}

static void what_was_given_up_stays_too_late_over_a_restart(void **state)
{
	(void)state;
	assert_int_equal(folder_make(folder), 0);
	open_all();
	replay_in_time(replay, NOW, NOW);
	for (uint64_t i = 0; i < 2000; i++) /* more than fit */
		answer(i + 1, NOW - 200 + i / 10, 0);
	assert_false(replay_in_time(replay, NOW - 200, NOW));
	assert_true(replay_in_time(replay, NOW, NOW));
	uint64_t oldest = replay_oldest(replay);
	commit(NOW, true);

	restart(NOW);
	assert_int_equal(replay_oldest(replay), oldest);
	assert_false(replay_in_time(replay, NOW - 200, NOW));
	assert_int_equal(found(2000, NOW - 1), 0);
	close_all();
	folder_remove(folder);
}

static void a_clock_that_was_ahead_keeps_nothing_for_ever(void **state)
{
	enum { AHEAD = 100000 };

	(void)state;
	assert_int_equal(folder_make(folder), 0);
	open_all();
	answer(1, NOW + AHEAD, 0);
	assert_int_equal(commit(NOW + AHEAD, true), 1);
	restart(NOW);
	assert_true(replay_in_time(replay, NOW, NOW));
	assert_int_equal(found(1, NOW + AHEAD), -1);
	answer(2, NOW, 0);
	assert_int_equal(commit(NOW, true), 1);
	close_all();
	folder_remove(folder);
}

/* An entry of the change log as it was written when there were no receipts. */
static void old_entry_add(struct fixture *f, uint64_t mac, uint64_t now)
{
	const knot_dname_t *apex = (const knot_dname_t *)"\7example";
	uint8_t entry[64];
	struct writer w = write_begin(entry, sizeof(entry));
	struct store_zone record;
	struct store_txn *txn;

	write_u8(&w, 1);
	write_u32(&w, 7);
	write_u32(&w, 8);
	write_u64(&w, now);
	write_u64(&w, mac);
	write_u64(&w, now - 1);
	write_bytes(&w, "\5\3ops\0\0\0\0\0\0", 11); /* key, no peer, nothing removed */
	assert_int_equal(store_write_begin(f->store, &txn), 0);
	assert_int_equal(store_zone_get(txn, apex, &record), 0);
	assert_int_equal(store_log_add(txn, &record, slice_make(entry, write_size(&w))), 0);
	assert_int_equal(store_zone_put(txn, apex, &record), 0);
	assert_int_equal(store_write_commit(txn), 0);
}

static void entries_from_before_there_were_receipts_count(void **state)
{
	static struct fixture f;
	struct update_writer writer;
	uint64_t now = clock_wall_s();
	uint8_t rcode = 99;

	(void)state;
	assert_int_equal(fixture_init(&f), 0);
	assert_int_equal(fixture_zone(&f, "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\n"), 0);
	old_entry_add(&f, 11, now - 900);
	old_entry_add(&f, 12, now);
	assert_int_equal(writer_init(&writer, f.store, f.state), 0);
	assert_int_equal(writer_recall(&writer, f.state), 0);
	assert_true(replay_find(writer.replay, 12, now - 1, &rcode));
	assert_int_equal(rcode, 0);
	assert_false(replay_find(writer.replay, 11, now - 901, &rcode));
	writer_done(&writer);
	fixture_done(&f);
}

/* --- the trimmer --- */

static uint64_t log_entries(struct fixture *f)
{
	struct store_zone record;
	struct store_txn *txn;

	assert_int_equal(store_read_begin(f->store, &txn), 0);
	assert_int_equal(store_zone_get(txn, (const knot_dname_t *)"\7example", &record), 0);
	store_read_end(txn);
	return record.log_next - record.log_first;
}

static void logs_of_zones_that_nobody_updates_get_shorter(void **state)
{
	static struct fixture f;
	static struct message message;
	struct trimmer trimmer = { 0 };

	(void)state;
	assert_int_equal(fixture_init(&f), 0);
	assert_int_equal(fixture_zone(&f, "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\n"), 0);
	for (int i = 0; i < 600; i++) {
		const char *lines[] = { i % 2 == 0 ? "a.example. 60 IN A 192.0.2.1" :
						     "a.example. 0 ANY ANY",
					NULL };

		fixture_ask(&f, message_update(&message, lines));
		assert_string_equal(show_rcode(slice_make(f.response.wire, f.response.size)),
				    "NOERROR");
	}
	assert_int_equal(log_entries(&f), 601);
	assert_false(trimmer_step(&trimmer, f.store)); /* no zones yet */
	trimmer.state = f.state;
	assert_false(trimmer_step(&trimmer, f.store)); /* nothing to be done */
	assert_true(trimmer_pause_us(&trimmer) > 0);
	assert_int_equal(log_entries(&f), 601);

	zone_table_at(f.state->zones, 0)->log_size = 1;
	assert_false(trimmer_step(&trimmer, f.store)); /* not yet again */
	assert_int_equal(log_entries(&f), 601);
	trimmer.due_ms = 0;
	int steps = 1;
	while (trimmer_step(&trimmer, f.store))
		steps++;
	assert_in_range(steps, 3, 5);
	assert_int_equal(log_entries(&f), 0);
	fixture_done(&f);
}

/* A reload that fails frees the state whose logs were recalled, and one that succeeds the one before. */
static void logs_are_those_of_the_state_in_use_and_not_of_one_that_was_recalled(void **state)
{
	static struct fixture f;
	struct update_writer writer;

	(void)state;
	assert_int_equal(fixture_init(&f), 0);
	assert_int_equal(fixture_zone(&f, "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\n"), 0);
	assert_int_equal(writer_init(&writer, f.store, f.state), 0);
	assert_int_equal(writer_recall(&writer, f.state), 0);
	assert_null(writer.trimmer.state);
	writer_use(&writer, f.state);
	assert_ptr_equal(writer.trimmer.state, f.state);
	writer_done(&writer);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_committed_is_remembered_over_a_restart),
		cmocka_unit_test(what_was_given_up_stays_too_late_over_a_restart),
		cmocka_unit_test(a_clock_that_was_ahead_keeps_nothing_for_ever),
		cmocka_unit_test(entries_from_before_there_were_receipts_count),
		cmocka_unit_test(logs_of_zones_that_nobody_updates_get_shorter),
		cmocka_unit_test(
			logs_are_those_of_the_state_in_use_and_not_of_one_that_was_recalled),
	};

	return cmocka_run_group_tests_name("server receipt", tests, NULL, NULL);
}
