/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store/stat.h and store/compact.h: what is counted is what was put, and what is free can be given
 * back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dns/edit.h"
#include "fixture/folder.h"
#include "store/compact.h"
#include "store/stat.h"

enum { NUMBERS = 2500, NAMES = 3000 };

static char folder[FOLDER_ROOM], place[FOLDER_PATH_ROOM];
static const char *const apexes[] = { "\7example", "", "\5other\7example", "\1\377" };

static int folder_begin(void **state)
{
	(void)state;
	if (folder_make(folder) != 0)
		return -1;
	folder_path(place, folder, "store");
	return 0;
}

static int folder_end(void **state)
{
	(void)state;
	folder_remove(folder);
	return 0;
}

static struct store *open_store(void)
{
	struct text fault = { 0 };
	struct store *store = NULL;

	if (store_open(&store, place, &fault) != 0)
		fail_msg("%s", text_get(&fault));
	text_done(&fault);
	return store;
}

static const knot_dname_t *apex_of(size_t i)
{
	return (const knot_dname_t *)apexes[i];
}

static void put(struct store_txn *txn, struct store_zone *zone, const char *text, bool there)
{
	struct node_edit edit;
	struct node node = { .size = 0 };
	knot_dname_storage_t name;
	uint8_t txt[200] = { 199 };
	struct arena arena = { 0 };

	assert_non_null(knot_dname_from_str(name, text, sizeof(name)));
	if (there) {
		assert_int_equal(edit_begin(&edit, &arena, &node), 0);
		assert_int_equal(edit_add(&edit, KNOT_RRTYPE_TXT, 60, slice_make(txt, sizeof(txt))),
				 1);
		assert_int_equal(edit_end(&edit, &node), 0);
	}
	assert_int_equal(store_node_put(txn, zone, name, &node), 0);
	arena_done(&arena);
}

/* The first zone with numbers and names; the others with nothing. */
static void fill(struct store *store)
{
	struct store_zone zone;
	struct store_txn *txn;
	char text[64];

	assert_int_equal(store_write_begin(store, &txn), 0);
	for (size_t i = 0; i < sizeof(apexes) / sizeof(apexes[0]); i++)
		assert_int_equal(store_zone_make(txn, apex_of(i), &zone), 0);
	assert_int_equal(store_zone_get(txn, apex_of(0), &zone), 0);
	for (int i = 0; i < NUMBERS; i++) {
		snprintf(text, sizeof(text), "%d.%d.%d.%d.1.example.", i % 10, i / 10 % 10,
			 i / 100 % 10, i / 1000);
		put(txn, &zone, text, true);
	}
	for (int i = 0; i < NAMES; i++) {
		snprintf(text, sizeof(text), "n%d.example.", i);
		put(txn, &zone, text, true);
	}
	assert_int_equal(store_zone_put(txn, apex_of(0), &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);
}

static void take_names_away(struct store *store)
{
	struct store_zone zone;
	struct store_txn *txn;
	char text[64];

	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, apex_of(0), &zone), 0);
	for (int i = 0; i < NAMES; i++) {
		snprintf(text, sizeof(text), "n%d.example.", i);
		put(txn, &zone, text, false);
	}
	assert_int_equal(store_zone_put(txn, apex_of(0), &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);
}

static void what_a_zone_has_is_counted(void **state)
{
	struct store *store = open_store();
	struct store_zone zone;
	struct store_zone_stat stat;
	struct store_txn *txn;

	(void)state;
	fill(store);
	assert_int_equal(store_read_begin(store, &txn), 0);
	for (size_t i = 0; i < sizeof(apexes) / sizeof(apexes[0]); i++) {
		assert_int_equal(store_zone_get(txn, apex_of(i), &zone), 0);
		assert_int_equal(store_zone_stat(txn, &zone, &stat), 0);
		assert_int_equal(stat.numbers, i == 0 ? NUMBERS : 0);
		assert_int_equal(stat.names, i == 0 ? NAMES : 0);
		assert_int_equal(stat.blocks, i == 0 ? 3 : 0);
		assert_true((stat.names_octets > NAMES * 200) == (i == 0));
		assert_true(stat.numbers_octets < NUMBERS * 4);
	}
	store_read_end(txn);
	store_close(store);
}

static void each_zone_comes_once(void **state)
{
	struct store *store = open_store();
	knot_dname_storage_t apex = { 0xff };
	struct store_zone zone;
	struct store_txn *txn;
	unsigned seen = 0;
	int err, zones = 0;

	(void)state;
	assert_int_equal(store_read_begin(store, &txn), 0);
	while ((err = store_zone_next(txn, apex, &zone)) == 0) {
		zones++;
		for (size_t i = 0; i < sizeof(apexes) / sizeof(apexes[0]); i++)
			if (knot_dname_is_equal(apex, apex_of(i)))
				seen |= 1u << i;
	}
	assert_int_equal(err, -ENOENT);
	assert_int_equal(zones, 4);
	assert_int_equal(seen, 15);
	store_read_end(txn);
	store_close(store);
}

static void stat_read(struct store *store, struct store_stat *ret)
{
	struct store_txn *txn;

	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_stat(txn, ret), 0);
	store_read_end(txn);
}

static void the_whole_is_counted(void **state)
{
	struct store *store = open_store();
	struct store_stat before, after;
	struct store_txn *txn;
	char data[FOLDER_PATH_ROOM];
	struct stat st;

	(void)state;
	stat_read(store, &before);
	assert_int_equal(before.tables, STORE_TABLES);
	folder_path(data, folder, "store/data.mdb");
	assert_int_equal(stat(data, &st), 0);
	assert_int_equal(before.file_size, st.st_size);
	assert_true(before.journal_size > 0);
	assert_true(before.checkpoint > 0 && before.checkpoint <= before.snapshot);
	assert_true(before.pages * before.page_size <= before.file_size);

	/*
	 * all pages: in a table, free, in the list of what is free, or the meta pages and the table
	 * of tables
	 */
	uint64_t used = 0;
	for (size_t i = 0; i < before.tables; i++)
		used += before.table[i].pages;
	assert_true(used + before.pages_free < before.pages);
	assert_true(used + before.pages_free + 8 > before.pages);

	/* names take their pages with them; a commit later they are free */
	take_names_away(store);
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_write_commit(txn), 0);
	stat_read(store, &after);
	assert_true(after.snapshot > before.snapshot);
	assert_true(after.pages_free > before.pages_free + NAMES * 200 / after.page_size);
	store_close(store);
}

static void compaction_gives_back_what_is_free(void **state)
{
	struct store_compact sizes;
	struct store_stat stat;
	struct text fault = { 0 };
	struct store *store = open_store();
	struct store_zone zone;
	struct store_zone_stat counted;
	struct store_txn *txn;

	(void)state;
	assert_int_equal(store_compact(place, &sizes, &fault), -EBUSY);
	assert_true(fault.size > 0);
	text_done(&fault);
	store_close(store);

	char left[FOLDER_PATH_ROOM];

	for (int again = 0; again < 2; again++) {
		/* one that was killed leaves a part of its copy */
		assert_int_equal(folder_write(place, "data.new", "half", 4), 0);
		store_close(open_store());
		folder_path(left, folder, "store/data.new");
		assert_int_equal(access(left, F_OK), -1);
		assert_int_equal(store_compact(place, &sizes, &fault), 0);
		assert_int_equal(fault.size, 0);
		assert_true(again == 0 ? sizes.after < sizes.before / 2 :
					 sizes.after <= sizes.before);
	}

	store = open_store();
	stat_read(store, &stat);
	assert_true(stat.pages_free * 4 < stat.pages);
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, apex_of(0), &zone), 0);
	assert_int_equal(store_zone_stat(txn, &zone, &counted), 0);
	assert_int_equal(counted.numbers, NUMBERS);
	assert_int_equal(counted.names, 0);
	store_read_end(txn);

	/* and it goes on as ever */
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, apex_of(0), &zone), 0);
	put(txn, &zone, "after.example.", true);
	assert_int_equal(store_zone_put(txn, apex_of(0), &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);
	store_close(store);
	store = open_store();
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, apex_of(0), &zone), 0);
	assert_int_equal(zone.names, NUMBERS + 1);
	store_read_end(txn);
	store_close(store);
}

static void change(struct store *store, int first, int count, bool there)
{
	struct store_zone zone;
	struct store_txn *txn;
	char text[64];

	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, apex_of(0), &zone), 0);
	for (int i = first; i < first + count; i++) {
		snprintf(text, sizeof(text), "j%d.example.", i);
		put(txn, &zone, text, there);
	}
	assert_int_equal(store_zone_put(txn, apex_of(0), &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);
}

/* What the journal has from before belongs to the old data file. */
static void compaction_leaves_the_journal_behind(void **state)
{
	char second[FOLDER_PATH_ROOM];
	struct text fault = { 0 };
	struct store_compact sizes;
	struct store_zone zone, made;
	struct store_txn *txn;

	(void)state;
	memcpy(second, place, sizeof(second));
	folder_path(place, folder, "journalled");

	struct store *store = open_store();
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_zone_make(txn, apex_of(0), &made), 0);
	assert_int_equal(store_write_commit(txn), 0);
	for (int i = 0; i < 1600; i += 100)
		change(store, i, 100, true); /* more than the first segment holds */
	for (int i = 0; i < 1600; i += 100)
		change(store, i, 100, false);
	store_close(store);

	assert_int_equal(store_compact(place, &sizes, &fault), 0);
	for (int again = 0; again < 3; again++) {
		store = open_store();
		assert_int_equal(store_read_begin(store, &txn), 0);
		assert_int_equal(store_zone_get(txn, apex_of(0), &zone), 0);
		assert_int_equal(zone.names, 0);
		store_read_end(txn);
		store_close(store);
	}
	memcpy(place, second, sizeof(second));
}

static uint64_t names_of(struct store_txn *txn)
{
	struct store_zone zone;

	assert_int_equal(store_zone_get(txn, apex_of(0), &zone), 0);
	return zone.names;
}

/* Adds and takes away, in transactions of ten names, until it is told to stop. */
struct writer_thread {
	struct store *store;
	atomic_bool stop;
	uint64_t commits;
};

static void *write_on(void *arg)
{
	struct writer_thread *writer = arg;

	for (int i = 0; !writer->stop; i++, writer->commits++)
		change(writer->store, i / 2 % 100 * 10, 10, i % 2 == 0);
	return NULL;
}

/* Renews and counts: there are none of the writer's names, or the ten of one transaction. */
static void *read_on(void *arg)
{
	struct writer_thread *writer = arg;
	struct store_txn *txn;
	uint64_t last = 0;

	assert_int_equal(store_read_begin(writer->store, &txn), 0);
	while (!writer->stop) {
		uint64_t names = names_of(txn);

		assert_true(names == NUMBERS || names == NUMBERS + 10);
		assert_true(store_snapshot(txn) >= last);
		last = store_snapshot(txn);
		store_read_reset(txn);
		assert_int_equal(store_read_renew(txn), 0);
	}
	store_read_end(txn);
	return NULL;
}

/* As the server does when it has nothing better to do; a compaction waits for it. */
static void sweep(struct store *store)
{
	int more = 1;

	while (more > 0)
		more = store_sweep(store, 1000);
	assert_int_equal(more, 0);
}

static void a_store_is_compacted_while_it_is_used(void **state)
{
	char first[FOLDER_PATH_ROOM];
	struct text fault = { 0 };
	struct store_compact sizes;
	struct store_txn *old;
	struct writer_thread writer = { .stop = false };
	pthread_t threads[2];

	(void)state;
	memcpy(first, place, sizeof(first));
	folder_path(place, folder, "live");
	writer.store = open_store();
	fill(writer.store);
	take_names_away(writer.store);
	assert_int_equal(store_compact_live(writer.store, &sizes, &fault), -EINPROGRESS);
	text_reset(&fault);
	sweep(writer.store);
	assert_int_equal(store_read_begin(writer.store, &old), 0);
	assert_int_equal(pthread_create(&threads[0], NULL, write_on, &writer), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, read_on, &writer), 0);
	for (int i = 0; i < 5; i++) {
		if (store_compact_live(writer.store, &sizes, &fault) != 0)
			fail_msg("%s", text_get(&fault));
		assert_true(i > 0 || sizes.after < sizes.before / 2);
	}
	writer.stop = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);

	text_done(&fault);
	assert_string_equal(store_folder(writer.store), place);

	/* who reads on has what was there, and then what is */
	uint64_t snapshot = store_snapshot(old);
	assert_int_equal(names_of(old), NUMBERS);
	assert_int_equal(store_read_renew(old), 0);
	assert_true(store_snapshot(old) > snapshot);
	assert_int_equal(names_of(old), writer.commits % 2 == 0 ? NUMBERS : NUMBERS + 10);
	store_read_end(old);
	store_close(writer.store);

	writer.store = open_store();
	assert_int_equal(store_read_begin(writer.store, &old), 0);
	assert_int_equal(names_of(old), writer.commits % 2 == 0 ? NUMBERS : NUMBERS + 10);
	store_read_end(old);
	store_close(writer.store);
	memcpy(place, first, sizeof(first));
}

/* A commit that the journal does not have can't be done again in the copy. */
static void *write_in_bulk(void *arg)
{
	struct writer_thread *writer = arg;

	while (!writer->stop) {
		struct store_txn *txn;

		assert_int_equal(store_write_begin_bulk(writer->store, &txn), 0);
		assert_int_equal(store_write_commit(txn), 0);
	}
	return NULL;
}

static void compaction_gives_way_to_bulk_work(void **state)
{
	struct text fault = { 0 };
	struct store_compact sizes;
	struct writer_thread writer = { .store = open_store(), .stop = false };
	pthread_t thread;
	int err = 0;

	(void)state;
	sweep(writer.store);
	assert_int_equal(pthread_create(&thread, NULL, write_in_bulk, &writer), 0);
	while (err == 0) /* it may come between two of them */
		err = store_compact_live(writer.store, &sizes, &fault);
	assert_int_equal(err, -EAGAIN);
	assert_non_null(strstr(text_get(&fault), "try it again later"));
	writer.stop = true;
	pthread_join(thread, NULL);
	text_reset(&fault);
	assert_int_equal(store_compact_live(writer.store, &sizes, &fault), 0);
	text_done(&fault);
	store_close(writer.store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_zone_has_is_counted),
		cmocka_unit_test(each_zone_comes_once),
		cmocka_unit_test(the_whole_is_counted),
		cmocka_unit_test(compaction_gives_back_what_is_free),
		cmocka_unit_test(compaction_leaves_the_journal_behind),
		cmocka_unit_test(a_store_is_compacted_while_it_is_used),
		cmocka_unit_test(compaction_gives_way_to_bulk_work),
	};

	return cmocka_run_group_tests_name("store stat", tests, folder_begin, folder_end);
}
