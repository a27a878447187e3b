/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store/pack.h and store/load.h when memory runs out: whoever asked is told so, nothing leaks, and the
 * store is as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <stdlib.h>

#include "dns/edit.h"
#include "dns/key.h"
#include "fixture/folder.h"
#include "oom/failing.h"
#include "store/load.h"

enum { BATCHES = 3, NAMES = 120 };

static char folder[FOLDER_ROOM];
static struct store *store;
static struct arena arena;
static struct node nodes[NAMES];

static int begin(void **state)
{
	char path[FOLDER_PATH_ROOM];
	struct text fault = { 0 };
	uint8_t rdata[250] = { 0 };

	(void)state;
	srand(1);
	for (size_t i = 0; i < NAMES; i++) {
		struct node_edit edit = { .arena = &arena };

		for (size_t k = 0; k < sizeof(rdata); k++)
			rdata[k] = (uint8_t)rand();
		if (edit_add(&edit, 65280, 1, slice_make(rdata, sizeof(rdata))) != 1 ||
		    edit_end(&edit, &nodes[i]) != 0)
			return -1;
	}
	if (folder_make(folder) != 0)
		return -1;
	folder_path(path, folder, "store");
	return store_open(&store, path, &fault);
}

static int end(void **state)
{
	(void)state;
	store_close(store);
	folder_remove(folder);
	arena_done(&arena);
	return 0;
}

static int unite(struct slice key, uint64_t line, const struct node *earlier,
		 const struct node *later, struct arena *room, struct node *ret, void *arg)
{
	struct node_edit edit;
	struct rrset set;
	struct rrset_record record;
	size_t pos = 0;
	int err = edit_begin(&edit, room, earlier);

	(void)key;
	(void)line;
	(void)arg;
	node_at(later, 0, &set);
	while (err >= 0 && rrset_next(&set, &pos, &record))
		err = edit_add(&edit, set.type, record.ttl, record.rdata);
	return err < 0 ? err : edit_end(&edit, ret);
}

/* Names of all batches overlap, numbers and others, in no order; blocks are too large for one entry. */
static int put_all(struct pack_batch *batch, int which)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < NAMES; i++) {
		size_t value = (i * 7 + (size_t)which * 3) % NAMES;
		uint8_t number[] = { '1',
				     0,
				     '0',
				     0,
				     (uint8_t)('0' + value / 10 % 10),
				     0,
				     (uint8_t)('0' + value % 10),
				     0 };
		uint8_t plain[] = { 'x', (uint8_t)('a' + value % 26), 0 };

		err = pack_batch_put(batch,
				     i % 4 == 0 ? slice_make(plain, sizeof(plain)) :
						  slice_make(number, sizeof(number)),
				     1, &nodes[i]);
	}
	return err == 0 ? pack_batch_end(batch) : err;
}

static int load_all(const struct pack_result *packed)
{
	struct store_zone zone = { 0 };
	struct store_load *load;
	struct store_txn *txn;
	int more = 1, err = store_load_new(&load, packed, 1);

	if (err != 0)
		return err;
	err = store_write_begin(store, &txn);
	if (err == 0) {
		while (more > 0)
			more = store_load_some(load, txn, 10000);
		err = more < 0 ? more : store_load_switch(load, txn, true, &zone);
		store_write_abort(txn);
	}
	store_load_free(load);
	return err;
}

static int try(void)
{
	const struct pack_rules rules = { .unite = unite };
	struct pack_batch *batch = NULL;
	struct pack *pack = NULL;
	struct pack_result packed;
	int err = pack_new(&pack, folder, &rules);

	for (int i = 0; err == 0 && i < BATCHES; i++) {
		err = pack_batch_new(&batch, &rules);
		if (err == 0)
			err = put_all(batch, i);
		if (err == 0)
			err = pack_add(pack, batch);
		pack_batch_free(batch);
		batch = NULL;
	}
	if (err == 0)
		err = pack_end(pack, &packed);
	if (err == 0)
		err = load_all(&packed);
	pack_free(pack);
	return err;
}

static void packing_says_that_memory_ran_out(void **state)
{
	bool reached = true;
	unsigned n = 1;

	(void)state;
	for (; reached; n++) {
		oom_fail_at(n);
		int err = try();
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
	}
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packing_says_that_memory_ran_out),
	};

	return cmocka_run_group_tests_name("pack out of memory", tests, begin, end);
}
