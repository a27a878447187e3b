/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store/ when memory runs out: opening, a transaction, taking up a journal, sweeping, compaction.
 * -ENOMEM says so, and what was committed is there as soon as there is memory again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dns/edit.h"
#include "fixture/folder.h"
#include "oom/failing.h"
#include "store/compact.h"
#include "store/store.h"

enum { TYPE = 65280, NAMES = 20 };

static const knot_dname_t *const apex = (const knot_dname_t *)"\7example";

static char folder[FOLDER_ROOM], place[FOLDER_PATH_ROOM];

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

static int open_store(struct store **ret)
{
	struct text fault = { 0 };
	int err = store_open(ret, place, &fault);

	text_done(&fault);
	return err;
}

static struct store *need_store(void)
{
	struct store *store = NULL;

	assert_int_equal(open_store(&store), 0);
	return store;
}

static const knot_dname_t *name_at(unsigned i)
{
	static char name[32];

	snprintf(name, sizeof(name), "\1%u\1%u\1%u\7example", i % 10, i / 10, i % 3);
	return (const knot_dname_t *)name;
}

static int put(struct store_txn *txn, struct store_zone *zone, unsigned i, const char *value)
{
	struct arena arena = { 0 };
	struct node_edit edit = { .arena = &arena };
	struct node node = { 0 };
	int err = edit_add(&edit, TYPE, 60, slice_text(value));

	if (err >= 0)
		err = edit_end(&edit, &node);
	if (err == 0)
		err = store_node_put(txn, zone, name_at(i), &node);
	arena_done(&arena);
	return err;
}

/* Puts the value at all names, in a zone that is made anew where so asked. */
static int write_value(struct store *store, const char *value, bool anew)
{
	struct store_txn *txn;
	struct store_zone zone;
	int err = store_write_begin(store, &txn);

	if (err != 0)
		return err;
	err = store_zone_get(txn, apex, &zone);
	if (err == -ENOENT || (err == 0 && anew))
		err = store_zone_make(txn, apex, &zone);
	for (unsigned i = 0; err == 0 && i < NAMES; i++)
		err = put(txn, &zone, i, value);
	if (err == 0)
		err = store_log_add(txn, &zone, slice_text(value));
	if (err == 0)
		err = store_zone_put(txn, apex, &zone);
	if (err == 0)
		return store_write_commit(txn);
	store_write_abort(txn);
	return err;
}

static void check_value(struct store *store, const char *value)
{
	struct store_txn *txn = NULL;
	struct store_zone zone;

	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, apex, &zone), 0);
	for (unsigned i = 0; i < NAMES; i++) {
		struct rrset_record record;
		struct node node;
		struct rrset set;
		size_t pos = 0;

		assert_int_equal(store_node_get(txn, &zone, name_at(i), &node), 0);
		assert_true(node_at(&node, 0, &set) && rrset_next(&set, &pos, &record));
		assert_true(slice_equal(record.rdata, slice_text(value)));
	}
	store_read_end(txn);
}

static void a_store_is_opened_or_not(void **state)
{
	bool reached = true;
	unsigned n = 1;

	(void)state;
	for (; reached; n++) {
		struct store *store = NULL;

		folder_remove(place);
		oom_fail_at(n);
		int err = open_store(&store);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		store_close(store);
		store_close(need_store());
	}
	assert_true(n > 2);
}

static void a_transaction_is_there_or_not(void **state)
{
	struct store *store = need_store();
	bool reached = true;
	unsigned n = 1;

	(void)state;
	assert_int_equal(write_value(store, "before", true), 0);
	for (; reached; n++) {
		oom_fail_at(n);
		int err = write_value(store, "after", n % 2 == 0);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		check_value(store, err == 0 ? "after" : "before");
	}
	assert_true(n > 5);
	store_close(store);
}

/* Leaves a journal behind, as a process does that is killed. */
static void leave_journal(const char *value)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct store *store = NULL;

		_exit(open_store(&store) != 0 || write_value(store, value, true) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_journal_waits_until_there_is_memory(void **state)
{
	bool reached = true;
	unsigned n = 1;

	(void)state;
	leave_journal("journalled");
	for (; reached; n++) {
		struct store *store = NULL;

		oom_fail_at(n);
		int err = open_store(&store);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		if (err == 0)
			check_value(store, "journalled");
		store_close(store);
	}
	assert_true(n > 5);
}

static void a_sweep_goes_on_later(void **state)
{
	struct store *store = need_store();
	bool reached = true;
	unsigned n = 1;

	(void)state;
	for (; reached; n++) {
		assert_int_equal(write_value(store, "swept", true), 0);
		store_close(store);
		store = need_store();
		oom_fail_at(n);
		int more = store_sweep(store, SIZE_MAX);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(more, reached ? -ENOMEM : 0);
		assert_int_equal(store_sweep(store, SIZE_MAX), 0);
		check_value(store, "swept");
	}
	assert_true(n > 3);
	store_close(store);
}

static void a_store_is_compacted_or_stays_as_it_is(void **state)
{
	struct store *store = need_store();
	struct store_compact sizes;
	bool reached = true;
	unsigned n = 1;

	(void)state;
	assert_int_equal(write_value(store, "compacted", true), 0);
	while (store_sweep(store, SIZE_MAX) > 0)
		;
	for (; reached; n++) {
		struct text fault = { 0 };

		oom_fail_at(n);
		int err = store_compact_live(store, &sizes, &fault);
		reached = oom_failed();
		oom_fail_at(0);
		assert_true(err == 0 || reached);
		text_done(&fault);
		if (err == -ENOTRECOVERABLE) { /* the files had changed places already */
			store_close(store);
			store = need_store();
		}
		check_value(store, "compacted");
	}
	assert_true(n > 3);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_is_opened_or_not),
		cmocka_unit_test(a_transaction_is_there_or_not),
		cmocka_unit_test(a_journal_waits_until_there_is_memory),
		cmocka_unit_test(a_sweep_goes_on_later),
		cmocka_unit_test(a_store_is_compacted_or_stays_as_it_is),
	};

	return cmocka_run_group_tests_name("store without memory", tests, folder_begin, folder_end);
}
