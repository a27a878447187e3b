/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store/pack.h and store/load.h beside the plain way: the same names, put one by one with
 * store_node_put() into one zone, and in batches, packed, merged and loaded into another. All that can be read
 * of the two has to be the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns/edit.h"
#include "dns/key.h"
#include "fixture/folder.h"
#include "store/load.h"

static const knot_dname_t one[] = "\3one", two[] = "\3two";

static char folder[FOLDER_ROOM], path[FOLDER_PATH_ROOM];
static struct store *store;

static int store_begin(void **state)
{
	struct text fault = { 0 };

	(void)state;
	if (folder_make(folder) != 0)
		return -1;
	folder_path(path, folder, "store");
	return store_open(&store, path, &fault);
}

static int store_end(void **state)
{
	(void)state;
	store_close(store);
	folder_remove(folder);
	return 0;
}

/* Both nodes' records, the later ones behind. */
static int unite(struct slice key, uint64_t line, const struct node *earlier,
		 const struct node *later, struct arena *arena, struct node *ret, void *arg)
{
	struct node_edit edit;
	struct rrset set;
	struct rrset_record record;

	(void)key;
	(void)line;
	if (arg != NULL)
		*(size_t *)arg += 1;

	int err = edit_begin(&edit, arena, earlier);
	for (size_t i = 0; err >= 0 && node_at(later, i, &set); i++)
		for (size_t pos = 0; err >= 0 && rrset_next(&set, &pos, &record);)
			err = edit_add(&edit, set.type, record.ttl, record.rdata);
	return err < 0 ? err : edit_end(&edit, ret);
}

/* How the names of a test are drawn. */
struct draw {
	unsigned names;  /* how many are put */
	unsigned spread; /* out of about so many */
	unsigned batch;  /* names in a batch, at most */
	bool sorted;
	bool long_records; /* so that blocks are cut in pieces */
	bool cuts;
};

static void add_label(uint8_t **at, const char *label)
{
	size_t size = strlen(label);

	*(*at)++ = (uint8_t)size;
	memcpy(*at, label, size);
	*at += size;
}

static void draw_name(knot_dname_storage_t ret, const struct draw *draw, unsigned n,
		      const knot_dname_t *apex)
{
	static const char *const heads[] = { "", "", "", "", "", "", "", "_sip", "*", "x\1" };
	unsigned value = draw->sorted ? n : (unsigned)rand() % draw->spread;
	char digits[16];
	uint8_t *at = ret;
	const char *head = draw->sorted ? "" : heads[rand() % 10];

	/* every zone has its apex */
	if (n == 0) {
		memcpy(ret, apex, knot_dname_size(apex));
		return;
	}
	snprintf(digits, sizeof(digits), draw->sorted || value % 3 == 0 ? "1%07u" : "2%05u",
		 value % 100000);
	if (*head != '\0')
		add_label(&at, head);
	if (!draw->sorted && value % 17 == 0) {
		snprintf(digits, sizeof(digits), "h%u", value);
		add_label(&at, digits);
	} else {
		for (size_t i = strlen(digits); i > 0; i--)
			add_label(&at, (char[]){ digits[i - 1], '\0' });
		if (!draw->sorted && value % 29 == 0)
			add_label(&at, "*");
	}
	memcpy(at, apex, knot_dname_size(apex));
}

static void draw_node(struct node *ret, struct arena *arena, const struct draw *draw)
{
	static const uint16_t types[] = { KNOT_RRTYPE_NAPTR, KNOT_RRTYPE_TXT, KNOT_RRTYPE_A,
					  65280 };
	struct node_edit edit = { .arena = arena };
	uint8_t rdata[300];
	int count = 1 + rand() % 2;

	for (int i = 0; i < count; i++) {
		size_t size = draw->long_records ? 200 + (size_t)rand() % 100 :
						   1 + (size_t)rand() % 4;
		uint16_t type = types[rand() % 4];

		for (size_t k = 0; k < size; k++)
			rdata[k] = (uint8_t)(draw->long_records ? rand() : rand() % 3);
		if (draw->cuts && rand() % 50 == 0) {
			type = KNOT_RRTYPE_NS;
			memcpy(rdata, "\1a", 3);
			size = 3;
		}
		assert_true(edit_add(&edit, type, 60, slice_make(rdata, size)) >= 0);
	}
	assert_int_equal(edit_end(&edit, ret), 0);
}

static void put_plainly(struct store_txn *txn, struct store_zone *zone, const knot_dname_t *name,
			const struct node *node)
{
	struct arena arena = { 0 };
	struct node old, both = *node;

	assert_int_equal(store_node_get(txn, zone, name, &old), 0);
	if (old.size > 0)
		assert_int_equal(unite((struct slice){ 0 }, 0, &old, node, &arena, &both, NULL), 0);
	assert_int_equal(store_node_put(txn, zone, name, &both), 0);
	arena_done(&arena);
}

static void put_packed(struct pack_batch *batch, const knot_dname_t *name, const struct node *node)
{
	uint8_t key[KEY_MAX];

	assert_int_equal(pack_batch_put(batch, slice_make(key, key_write(key, name, 1)), 1, node),
			 0);
}

/* Loads what is packed into the zone two, in slices. */
static void load(struct store_txn *txn, const struct pack_result *packed)
{
	struct store_zone zone = { 0 };
	struct store_load *loading;
	int more = 1;

	assert_int_equal(store_load_new(&loading, packed, 1), 0);
	while (more > 0)
		more = store_load_some(loading, txn, 5000);
	assert_int_equal(more, 0);
	assert_true(store_load_done(loading) == store_load_size(loading));
	assert_int_equal(store_load_switch(loading, txn, false, &zone), 0);
	assert_int_equal(store_zone_put(txn, two, &zone), 0);
	store_load_free(loading);
}

static void compare(struct store_txn *txn)
{
	knot_dname_storage_t name_a, name_b;
	struct store_walk *walk_a, *walk_b;
	struct store_zone a, b;
	struct node node_a, node_b;
	struct store_match match;
	int there;

	assert_int_equal(store_zone_get(txn, one, &a), 0);
	assert_int_equal(store_zone_get(txn, two, &b), 0);
	assert_true(a.names == b.names && a.numbers == b.numbers && a.cuts == b.cuts);
	assert_true(a.wildcards == b.wildcards);
	assert_memory_equal(a.lengths, b.lengths, sizeof(a.lengths));
	assert_int_equal(store_walk_begin(&walk_a, txn, &a, one, one), 0);
	assert_int_equal(store_walk_begin(&walk_b, txn, &b, two, two), 0);
	while ((there = store_walk_next(walk_a, name_a, &node_a)) > 0) {
		assert_int_equal(store_walk_next(walk_b, name_b, &node_b), 1);

		size_t size = knot_dname_size(name_a);
		assert_int_equal(knot_dname_size(name_b), size);
		assert_memory_equal(name_a, name_b, size - sizeof(one) + 1);
		assert_true(node_identical(&node_a, &node_b));
		assert_int_equal(store_find(txn, &b, name_b, &match), 0);
		assert_int_equal(match.status, STORE_FOUND);
	}
	assert_int_equal(there, 0);
	assert_int_equal(store_walk_next(walk_b, name_b, &node_b), 0);
	store_walk_end(walk_a);
	store_walk_end(walk_b);
}

/* Returns how often two nodes of one name were united. */
static size_t compare_ways(const struct draw *draw)
{
	size_t united = 0;
	const struct pack_rules rules = { .unite = unite, .arg = &united };
	struct store_zone zone;
	struct store_txn *txn;
	struct pack_batch *batch;
	struct pack *pack;
	struct pack_result packed;
	struct arena arena = { 0 };
	unsigned left = 0;

	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_zone_make(txn, one, &zone), 0);
	assert_int_equal(pack_new(&pack, folder, &rules), 0);
	assert_int_equal(pack_batch_new(&batch, &rules), 0);
	for (unsigned n = 0; n < draw->names; n++) {
		knot_dname_storage_t a, b;
		struct node node;
		unsigned seed = (unsigned)rand();

		if (left == 0) {
			if (n > 0) {
				assert_int_equal(pack_batch_end(batch), 0);
				assert_int_equal(pack_add(pack, batch), 0);
				pack_batch_reset(batch);
			}
			left = 1 + (unsigned)rand() % draw->batch;
		}
		left--;
		srand(seed);
		draw_name(a, draw, n, one);
		srand(seed);
		draw_name(b, draw, n, two);
		arena_reset(&arena);
		draw_node(&node, &arena, draw);
		put_plainly(txn, &zone, a, &node);
		put_packed(batch, b, &node);
	}
	assert_int_equal(pack_batch_end(batch), 0);
	assert_int_equal(pack_add(pack, batch), 0);
	pack_batch_free(batch);
	assert_int_equal(store_zone_put(txn, one, &zone), 0);
	assert_int_equal(pack_end(pack, &packed), 0);
	load(txn, &packed);
	pack_free(pack);
	compare(txn);
	store_write_abort(txn);
	arena_done(&arena);
	return united;
}

static void names_in_any_order_are_loaded_as_if_put_one_by_one(void **state)
{
	static const struct draw draws[] = {
		{ .names = 1, .spread = 1, .batch = 1 },
		{ .names = 5000, .spread = 100000, .batch = 1000 },
		{ .names = 5000, .spread = 1000, .batch = 1000 },
		{ .names = 5000, .spread = 1000, .batch = 5000, .cuts = true },
		{ .names = 3000,
		  .spread = 20000,
		  .batch = 4 }, /* more runs than are merged at once */
		{ .names = 4000, .spread = 2000, .batch = 300, .long_records = true },
		{ .names = 8000, .batch = 700, .sorted = true },
		{ .names = 3000, .batch = 700, .sorted = true, .long_records = true, .cuts = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(draws) / sizeof(draws[0]); i++) {
		for (unsigned seed = 0; seed < 3; seed++) {
			srand(seed);
			size_t united = compare_ways(&draws[i]);

			if (!draws[i].sorted && draws[i].names > 1000)
				assert_true(united > 0);
		}
	}
}

/* What comes from another process may be anything. */
static void files_that_are_damaged_are_told(void **state)
{
	const struct pack_rules rules = { .unite = unite };
	struct draw draw = { .names = 300, .spread = 4000, .batch = 300 };
	struct pack_batch *batch;
	struct pack *pack;
	struct pack_result packed;
	size_t refused = 0;

	(void)state;
	srand(5);
	assert_int_equal(pack_new(&pack, folder, &rules), 0);
	assert_int_equal(pack_batch_new(&batch, &rules), 0);
	for (unsigned n = 0; n < draw.names; n++) {
		struct arena arena = { 0 };
		knot_dname_storage_t name;
		struct node node;

		draw_name(name, &draw, n, two);
		draw_node(&node, &arena, &draw);
		put_packed(batch, name, &node);
		arena_done(&arena);
	}
	assert_int_equal(pack_batch_end(batch), 0);
	assert_int_equal(pack_add(pack, batch), 0);
	assert_int_equal(pack_end(pack, &packed), 0);
	for (int round = 0; round < 400; round++) {
		size_t file = (size_t)rand() % PACK_FILES;
		off_t at = (off_t)((size_t)rand() % packed.size[file]);
		struct pack_result damaged = packed;
		struct store_load *loading;
		struct store_txn *txn;
		uint8_t octet, bad = (uint8_t)rand();
		int more = 1;

		assert_int_equal(pread(packed.fd[file], &octet, 1, at), 1);
		assert_int_equal(pwrite(packed.fd[file], &bad, 1, at), 1);
		if (round % 3 == 0)
			damaged.size[file] = (uint64_t)at;
		if (round % 7 == 0)
			damaged.size[file] += 100;
		assert_int_equal(store_load_new(&loading, &damaged, 1), 0);
		assert_int_equal(store_write_begin(store, &txn), 0);
		while (more > 0)
			more = store_load_some(loading, txn, 1000);
		assert_true(more == 0 || more == -EBADMSG);
		refused += more != 0;
		store_write_abort(txn);
		store_load_free(loading);
		assert_int_equal(pwrite(packed.fd[file], &octet, 1, at), 1);
	}
	assert_true(refused > 50);
	pack_batch_free(batch);
	pack_free(pack);
}

/* Its number is the next tree's. */
static void a_tree_that_was_not_committed_is_not_swept(void **state)
{
	const struct pack_rules rules = { .unite = unite };
	struct draw draw = { .names = 3, .spread = 4000, .batch = 3 };
	struct arena arena = { 0 };
	struct store_load *loading;
	struct pack_batch *batch;
	struct pack_result packed;
	struct store_zone zone;
	struct store_txn *txn;
	struct pack *pack;
	struct node node;

	(void)state;
	draw_node(&node, &arena, &draw);
	assert_int_equal(pack_new(&pack, folder, &rules), 0);
	assert_int_equal(pack_batch_new(&batch, &rules), 0);
	put_packed(batch, two, &node);
	assert_int_equal(pack_batch_end(batch), 0);
	assert_int_equal(pack_add(pack, batch), 0);
	assert_int_equal(pack_end(pack, &packed), 0);

	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_zone_make(txn, one, &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);

	assert_int_equal(store_load_new(&loading, &packed, 1), 0);
	assert_int_equal(store_write_begin_bulk(store, &txn), 0);
	assert_true(store_load_some(loading, txn, 1000) >= 0);
	store_write_abort(txn);
	store_load_free(loading);

	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_zone_make(txn, one, &zone), 0);
	assert_int_equal(store_node_put(txn, &zone, one, &node), 0);
	assert_int_equal(store_zone_put(txn, one, &zone), 0);
	assert_int_equal(store_write_commit(txn), 0);
	while (store_sweep(store, 100) > 0)
		;
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_node_get(txn, &zone, one, &node), 0);
	assert_true(node.size > 0);
	store_read_end(txn);

	/* one that was is, where it becomes no zone's after all */
	assert_int_equal(store_load_new(&loading, &packed, 1), 0);
	assert_int_equal(store_write_begin_bulk(store, &txn), 0);
	assert_int_equal(store_load_some(loading, txn, 1000), 0);
	assert_int_equal(store_write_commit(txn), 0);
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_load_switch(loading, txn, false, &zone), 0);
	store_load_free(loading);
	assert_int_equal(store_node_get(txn, &zone, two, &node), 0);
	assert_true(node.size > 0);
	store_write_abort(txn);
	while (store_sweep(store, 100) > 0)
		;
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_node_get(txn, &zone, two, &node), 0);
	assert_int_equal(node.size, 0);
	assert_int_equal(store_zone_get(txn, one, &zone), 0);
	assert_int_equal(store_node_get(txn, &zone, one, &node), 0);
	assert_true(node.size > 0);
	store_read_end(txn);
	arena_done(&arena);
	pack_batch_free(batch);
	pack_free(pack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_in_any_order_are_loaded_as_if_put_one_by_one,
						store_begin, store_end),
		cmocka_unit_test_setup_teardown(a_tree_that_was_not_committed_is_not_swept,
						store_begin, store_end),
		cmocka_unit_test_setup_teardown(files_that_are_damaged_are_told, store_begin,
						store_end),
	};

	return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
