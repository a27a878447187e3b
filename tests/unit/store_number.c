/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store/number.c: numbers in packed blocks at the edges: trees side by side, the deepest names and the
 * longest keys, entries that are cut and go together again, damaged entries.
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

#include "dns/edit.h"
#include "fixture/folder.h"
#include "store/number.h"

static char folder[FOLDER_ROOM], place[FOLDER_PATH_ROOM];

static struct store *open_store(void)
{
	struct text fault = { 0 };
	struct store *store = NULL;

	if (store_open(&store, place, &fault) != 0)
		fail_msg("%s", text_get(&fault));
	text_done(&fault);
	return store;
}

/* A node with one record, of so many octets that begin with value. */
static void make_node(struct arena *arena, struct node *ret, uint32_t value, size_t size)
{
	struct node_edit edit = { .arena = arena };
	uint8_t *octets = arena_take(arena, size);

	for (size_t i = 0; i < size; i++) /* nothing that packing could make smaller */
		octets[i] = (uint8_t)(value * 2654435761u >> i % 24) ^ (uint8_t)(i * i);
	memcpy(octets, &value, sizeof(value));
	assert_int_equal(edit_add(&edit, KNOT_RRTYPE_NULL, 60, slice_make(octets, size)), 1);
	assert_int_equal(edit_end(&edit, ret), 0);
}

static uint32_t node_value(const struct node *node)
{
	struct rrset_record record;
	struct rrset set;
	size_t pos = 0;
	uint32_t value;

	assert_true(node_find(node, KNOT_RRTYPE_NULL, &set) && rrset_next(&set, &pos, &record));
	assert_true(record.rdata.size >= sizeof(value));
	memcpy(&value, record.rdata.data, sizeof(value));
	return value;
}

static void put(struct store_txn *txn, struct store_zone *zone, const knot_dname_t *name,
		uint32_t value, size_t size)
{
	struct arena arena = { 0 };
	struct node node = { 0 };

	if (size > 0)
		make_node(&arena, &node, value, size);
	assert_int_equal(store_node_put(txn, zone, name, &node), 0);
	arena_done(&arena);
}

static void put_text(struct store_txn *txn, struct store_zone *zone, const char *name,
		     uint32_t value, size_t size)
{
	knot_dname_storage_t octets;

	assert_non_null(knot_dname_from_str(octets, name, sizeof(octets)));
	put(txn, zone, octets, value, size);
}

static void zone_make(struct store_txn *txn, struct store_zone *zone, const char *apex)
{
	knot_dname_storage_t name;

	assert_non_null(knot_dname_from_str(name, apex, sizeof(name)));
	assert_int_equal(store_zone_make(txn, name, zone), 0);
	put(txn, zone, name, 1, 8);
}

/* --- trees side by side --- */

static void look(struct store_txn *txn, const struct store_zone *zone, const char *name, bool ahead,
		 struct store_match *ret)
{
	struct store_aim aim, *list[] = { &aim };
	knot_dname_storage_t octets;

	assert_non_null(knot_dname_from_str(octets, name, sizeof(octets)));
	store_aim(&aim, zone, octets);
	if (ahead)
		store_aim_all(txn, list, 1);
	assert_int_equal(store_find_aimed(txn, zone, &aim, ret), 0);
}

static void a_number_is_never_taken_from_the_next_tree(void **state)
{
	struct store *store = open_store();
	struct store_zone first, second;
	struct store_txn *txn = NULL;
	struct store_match match;

	(void)state;
	assert_int_equal(store_write_begin(store, &txn), 0);
	zone_make(txn, &first, "first.");
	zone_make(txn, &second, "second.");
	put_text(txn, &first, "1.1.1.1.1.first.", 2, 8);
	put_text(txn, &second, "2.2.2.2.2.second.", 3, 8);
	put_text(txn, &second, "second.", 0, 0); /* as when the tree is half swept */
	assert_int_equal(store_write_commit(txn), 0);

	assert_int_equal(store_read_begin(store, &txn), 0);
	for (int ahead = 0; ahead < 2; ahead++) {
		look(txn, &first, "2.2.2.2.2.first.", ahead != 0, &match);
		assert_int_equal(match.status, STORE_ABSENT);
		assert_int_equal(match.encloser_labels, 1);
		look(txn, &first, "3.2.2.2.2.first.", ahead != 0, &match);
		assert_int_equal(match.status, STORE_ABSENT);
		assert_int_equal(match.encloser_labels, 1);
		look(txn, &first, "1.1.1.1.1.first.", ahead != 0, &match);
		assert_int_equal(match.status, STORE_FOUND);
		assert_int_equal(node_value(&match.node), 2);
	}
	store_read_end(txn);
	store_close(store);
}

static void a_zone_that_is_made_anew_shows_nothing_while_the_old_one_is_swept(void **state)
{
	struct store *store = open_store();
	struct store_zone first, second;
	struct store_txn *txn = NULL;
	struct store_match match;
	char name[64];

	(void)state;
	assert_int_equal(store_write_begin(store, &txn), 0);
	zone_make(txn, &first, "a.");
	zone_make(txn, &second, "b.");
	put_text(txn, &first, "1.1.1.1.1.a.", 2, 8);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "2.2.2.2.%d.b.", i);
		put_text(txn, &second, name, 3, 8);
	}
	zone_make(txn, &second, "b.");
	assert_int_equal(store_zone_put(txn, (const knot_dname_t *)"\1a", &first), 0);
	assert_int_equal(store_zone_put(txn, (const knot_dname_t *)"\1b", &second), 0);
	assert_int_equal(store_write_commit(txn), 0);

	for (int more = 1; more > 0;) {
		more = store_sweep(store, 1);
		assert_true(more >= 0);
		assert_int_equal(store_read_begin(store, &txn), 0);
		for (int i = 0; i < 10; i++) {
			snprintf(name, sizeof(name), "2.2.2.2.%d.a.", i);
			look(txn, &first, name, true, &match);
			assert_int_equal(match.status, STORE_ABSENT);
			snprintf(name, sizeof(name), "2.2.2.2.%d.b.", i);
			look(txn, &second, name, true, &match);
			assert_int_equal(match.status, STORE_ABSENT);
		}
		store_read_end(txn);
	}
	store_close(store);
}

/* --- entries --- */

enum { BLOCKS = 3, SLOTS = 1000 };

struct model {
	struct store_zone zone;
	uint32_t value[BLOCKS][SLOTS]; /* 0: not there */
};

/* The blocks are 1, 2, and 2.1, whose numbers are longer. */
static const char *const blocks[BLOCKS] = { "1", "2", "1.2" };

static void number_name(knot_dname_storage_t ret, int block, int slot)
{
	char text[64];

	snprintf(text, sizeof(text), "%d.%d.%d.%s.n.", slot % 10, slot / 10 % 10, slot / 100,
		 blocks[block]);
	assert_non_null(knot_dname_from_str(ret, text, KNOT_DNAME_MAXLEN));
}

static void read_slot(struct store_txn *txn, const struct model *model, int block, int slot)
{
	knot_dname_storage_t name;
	struct node node;

	number_name(name, block, slot);
	assert_int_equal(store_node_get(txn, &model->zone, name, &node), 0);
	if (model->value[block][slot] == 0)
		assert_int_equal(node.size, 0);
	else
		assert_int_equal(node_value(&node), model->value[block][slot]);
}

/* Each entry covers what comes after the one before it, is not empty, and the last one goes up to 999. */
static void check_entries(struct store_txn *txn, size_t *count, size_t *most)
{
	struct {
		uint8_t octets[STORE_KEY_MAX];
		size_t size;
		int last;
	} before = { .last = SLOT_LAST };
	MDB_val key, value;
	size_t entries = 0;
	int err;

	assert_int_equal(number_flush(txn), 0);
	*count = 0;
	for (err = mdb_cursor_get(txn->nodes, &key, &value, MDB_FIRST); err == 0;
	     err = mdb_cursor_get(txn->nodes, &key, &value, MDB_NEXT)) {
		const uint8_t *octets = key.mv_data;
		struct slice block = slice_make(value.mv_data, value.mv_size);

		if (octets[LENGTH_AT] == 0)
			continue;

		size_t size = key.mv_size - SLOT_SIZE;
		int last = number_slot(octets + size, SLOT_SIZE);
		bool same = size == before.size && memcmp(octets, before.octets, size) == 0;

		assert_true(same ? last > before.last : before.last == SLOT_LAST);
		assert_true(block_next(block, 0) > (same ? before.last : -1));
		assert_true(block_prev(block, BLOCK_SLOTS) <= last);
		assert_true(value.mv_size <= ENTRY_MAX || block_count(block) == 1);
		memcpy(before.octets, octets, size);
		before.size = size;
		before.last = last;
		entries = same ? entries + 1 : 1;
		*most = entries > *most ? entries : *most;
		++*count;
	}
	assert_int_equal(err, MDB_NOTFOUND);
	assert_int_equal(before.last, SLOT_LAST);
}

/* What lies below some digits of a block is what the list has there, wherever entries are cut. */
static void walk_slots(struct store_txn *txn, const struct model *model, int block, int digits,
		       int from, int to)
{
	struct store_walk *walk = NULL;
	knot_dname_storage_t name, top, wanted;
	struct node node;

	number_name(name, block, from);
	number_name(wanted, block, from);
	memcpy(top, name + (size_t)2 * (size_t)(3 - digits), sizeof(top) - 6);
	assert_int_equal(
		store_walk_begin(&walk, txn, &model->zone, (const knot_dname_t *)"\1n", top), 0);
	for (int slot = from; slot < to; slot++) {
		if (model->value[block][slot] == 0)
			continue;
		number_name(wanted, block, slot);
		do { /* a longer block lies among these */
			assert_int_equal(store_walk_next(walk, name, &node), 1);
		} while (knot_dname_labels(name, NULL) != knot_dname_labels(wanted, NULL));
		assert_true(knot_dname_is_equal(name, wanted));
		assert_int_equal(node_value(&node), model->value[block][slot]);
	}
	while (store_walk_next(walk, name, &node) == 1)
		assert_int_not_equal(knot_dname_labels(name, NULL),
				     knot_dname_labels(wanted, NULL));
	store_walk_end(walk);
}

static void walk_all(struct store_txn *txn, const struct model *model)
{
	for (int block = 0; block < BLOCKS; block++) {
		walk_slots(txn, model, block, 0, 0, SLOTS);
		for (int i = 0; i < 10; i++)
			walk_slots(txn, model, block, 1, 100 * i, 100 * (i + 1));
		for (int i = 0; i < 100; i++)
			walk_slots(txn, model, block, 2, 10 * i, 10 * (i + 1));
		for (int i = 0; i < SLOTS; i += 7)
			walk_slots(txn, model, block, 3, i, i + 1);
	}
}

/* Sizes change with the rounds, so that entries are cut, and become few again. */
static void change_slots(struct store_txn *txn, struct model *model, int round, uint32_t *value)
{
	static const size_t sizes[] = { 4, 20, 200, 700, 2500, 60 };
	knot_dname_storage_t name;
	int block = rand() % BLOCKS, slot = rand() % SLOTS;

	for (int run = rand() % 40; run >= 0; run--) {
		bool away = rand() % 8 < (round % 8 < 4 ? 1 : 6);
		size_t size = away ? 0 :
				     sizes[rand() % 200 == 0 ? 4 : (round / 2 + rand() % 2) % 4];

		if (rand() % 12 == 0)
			block = rand() % BLOCKS;
		slot = rand() % 3 == 0 ? rand() % SLOTS : (slot + 1) % SLOTS;
		if (rand() % 20 == 0)
			slot = rand() % 2 == 0 ? 0 : SLOT_LAST;
		number_name(name, block, slot);
		put(txn, &model->zone, name, ++*value, size);
		model->value[block][slot] = away ? 0 : *value;

		/* what was not written yet is read all the same, here and beside it */
		read_slot(txn, model, block, slot);
		read_slot(txn, model, block, rand() % SLOTS);
		read_slot(txn, model, rand() % BLOCKS, slot);
	}
}

static void clear_slots(struct store_txn *txn, struct model *model)
{
	int block = rand() % BLOCKS, from = rand() % 2 * 500, to = rand() % 2 == 0 ? SLOTS : 700;
	knot_dname_storage_t name;

	for (int i = from; i < to; i++) {
		int slot = from == 0 ? i : from + to - 1 - i; /* up, or down */

		number_name(name, block, slot);
		put(txn, &model->zone, name, 0, 0);
		model->value[block][slot] = 0;
	}
}

static void entries_are_cut_and_go_together_again(void **state)
{
	static struct model model;
	struct store *store = open_store();
	struct store_txn *txn = NULL;
	size_t count = 0, most = 0, numbers = 0;
	uint32_t value = 1;

	(void)state;
	srand(7);
	assert_int_equal(store_write_begin(store, &txn), 0);
	zone_make(txn, &model.zone, "n.");
	/* nothing but this zone's tree in the file */
	assert_int_equal(mdb_drop(txn->mdb, store->nodes, 0), 0);
	put_text(txn, &model.zone, "1.2.3.1.n.", 1, 8);
	model.value[0][321] = 1;
	for (int round = 0; round < 64; round++) {
		for (int i = 0; i < 12; i++)
			change_slots(txn, &model, round, &value);
		if (round % 8 == 7)
			clear_slots(txn, &model);
		check_entries(txn, &count, &most);
		numbers = 0;
		for (int block = 0; block < BLOCKS; block++) {
			for (int slot = 0; slot < SLOTS; slot++) {
				read_slot(txn, &model, block, slot);
				numbers += model.value[block][slot] != 0;
			}
		}
		assert_int_equal(model.zone.numbers, numbers);
		if (round % 4 == 1)
			walk_all(txn, &model);
		if (round % 3 == 0) {
			assert_int_equal(store_write_commit(txn), 0);
			assert_int_equal(store_write_begin(store, &txn), 0);
		}
	}
	assert_true(most > 20);

	/* and when there is little left, there is one entry for each block */
	knot_dname_storage_t name;
	for (int block = 0; block < BLOCKS; block++) {
		for (int slot = 0; slot < SLOTS; slot++) {
			number_name(name, block, slot);
			if (slot % 500 != 250)
				put(txn, &model.zone, name, 0, 0);
			else
				put(txn, &model.zone, name, 5, 8);
		}
	}
	check_entries(txn, &count, &most);
	assert_in_range(count, BLOCKS, 2 * BLOCKS);
	for (int block = 0; block < BLOCKS; block++) {
		for (int slot = 250; slot < SLOTS; slot += 500) {
			number_name(name, block, slot);
			put(txn, &model.zone, name, 0, 0);
		}
	}
	check_entries(txn, &count, &most);
	assert_int_equal(count, 0);
	assert_int_equal(model.zone.numbers, 0);
	store_write_abort(txn);
	store_close(store);
}

/* --- deep and long --- */

/* Digits all the way down from the root: RFC 1035 2.3.4 gives room for 127 labels. */
static void the_deepest_names_are_found(void **state)
{
	struct store *store = open_store();
	struct store_zone zone;
	struct store_txn *txn = NULL;
	struct store_match match;
	knot_dname_storage_t name = { 0 }, other;

	(void)state;
	for (int i = 0; i < 127; i++) {
		name[2 * i] = 1;
		name[2 * i + 1] = (uint8_t)('0' + i % 10);
	}
	assert_int_equal(knot_dname_size(name), KNOT_DNAME_MAXLEN);
	assert_int_equal(store_write_begin(store, &txn), 0);
	zone_make(txn, &zone, ".");
	put(txn, &zone, name, 9, 8);
	put(txn, &zone, name + 4, 8, 8);
	assert_int_equal(store_write_commit(txn), 0);

	assert_int_equal(store_read_begin(store, &txn), 0);
	for (int up = 0; up < 127; up++) {
		assert_int_equal(store_find(txn, &zone, name + 2 * up, &match), 0);
		assert_int_equal(match.status, up == 0 || up == 2 ? STORE_FOUND : STORE_EMPTY);
		if (match.status == STORE_FOUND)
			assert_int_equal(node_value(&match.node), up == 0 ? 9 : 8);

		memcpy(other, name, sizeof(name)); /* another digit in its place */
		other[2 * up + 1] ^= 1;
		assert_int_equal(store_find(txn, &zone, other, &match), 0);
		assert_int_equal(match.status, STORE_ABSENT);
		assert_int_equal(match.encloser_labels, 126 - up);
		other[2 * up + 1] = 'x';
		assert_int_equal(store_find(txn, &zone, other, &match), 0);
		assert_int_equal(match.status, STORE_ABSENT);
		assert_int_equal(match.encloser_labels, 126 - up);
	}

	struct store_walk *walk = NULL;
	struct node node;
	assert_int_equal(store_walk_begin(&walk, txn, &zone, (const knot_dname_t *)"", name + 4),
			 0);
	assert_int_equal(store_walk_next(walk, other, &node), 1);
	assert_true(knot_dname_is_equal(other, name + 4));
	assert_int_equal(store_walk_next(walk, other, &node), 1);
	assert_true(knot_dname_is_equal(other, name));
	assert_int_equal(store_walk_next(walk, other, &node), 0);
	store_walk_end(walk);
	store_read_end(txn);
	store_close(store);
}

/* Octets 0 and 1 take two each in a key, which makes it as long as any can be. */
static void numbers_with_the_longest_keys_are_found(void **state)
{
	static const uint8_t fill[] = { 0, 1, 255 };
	static const uint8_t digits[] = { 1, '3', 1, '2', 1, '1' };
	struct store *store = open_store();
	struct store_zone zone;
	struct store_txn *txn = NULL;
	struct store_match match;
	knot_dname_storage_t name[3], other;

	(void)state;
	assert_int_equal(store_write_begin(store, &txn), 0);
	zone_make(txn, &zone, ".");
	for (size_t i = 0; i < 3; i++) {
		size_t at = sizeof(digits);

		memset(name[i], 0, sizeof(name[i]));
		memcpy(name[i], digits, sizeof(digits));
		for (size_t left = 254 - at; left > 0;) {
			size_t size = left > 64 ? 63 : left - 1;

			name[i][at++] = (uint8_t)size;
			memset(name[i] + at, fill[i], size);
			at += size;
			left -= size + 1;
		}
		assert_int_equal(knot_dname_size(name[i]), KNOT_DNAME_MAXLEN);
		put(txn, &zone, name[i], 10 + (uint32_t)i, 8);
	}
	assert_int_equal(store_write_commit(txn), 0);

	assert_int_equal(store_read_begin(store, &txn), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(store_find(txn, &zone, name[i], &match), 0);
		assert_int_equal(match.status, STORE_FOUND);
		assert_int_equal(node_value(&match.node), 10 + i);
		for (size_t up = 2; up <= sizeof(digits); up += 2) {
			assert_int_equal(store_find(txn, &zone, name[i] + up, &match), 0);
			assert_int_equal(match.status, STORE_EMPTY);
		}
		memcpy(other, name[i], sizeof(other));
		other[1] = '4';
		assert_int_equal(store_find(txn, &zone, other, &match), 0);
		assert_int_equal(match.status, STORE_ABSENT);
		assert_int_equal(match.encloser_labels, 6);
		other[8] ^= 2; /* in its block */
		assert_int_equal(store_find(txn, &zone, other, &match), 0);
		assert_int_equal(match.status, STORE_ABSENT);
		assert_int_equal(match.encloser_labels, 3);
	}
	store_read_end(txn);
	store_close(store);
}

/* --- damage --- */

/* All that can be done with a name, in a transaction that is given up. 0, or -EBADMSG. */
static int try_all(struct store *store, struct store_zone *zone, const knot_dname_t *name)
{
	struct store_walk *walk = NULL;
	struct store_txn *txn = NULL;
	struct store_match match;
	struct arena arena = { 0 };
	struct node node;
	knot_dname_storage_t found;

	assert_int_equal(store_write_begin(store, &txn), 0);
	int err = store_find(txn, zone, name, &match);
	if (err == 0)
		err = store_node_get(txn, zone, name, &node);
	if (err == 0)
		err = store_walk_begin(&walk, txn, zone, (const knot_dname_t *)"", name);
	while (err == 0 && (err = store_walk_next(walk, found, &node)) == 1)
		err = 0;
	store_walk_end(walk);
	make_node(&arena, &node, 3, 30);
	if (err == 0)
		err = store_node_put(txn, zone, name, &node);
	if (err == 0)
		err = store_node_put(txn, zone, name, &(struct node){ 0 });
	if (err == 0)
		err = number_flush(txn);
	arena_done(&arena);
	store_write_abort(txn);
	assert_true(err == 0 || err == -EBADMSG);
	return err;
}

/* What a data file may hold that nobody wrote. */
static void damaged_entries_are_refused(void **state)
{
	enum { WHOLE = 1000 };
	static const struct {
		const char *name;
		uint8_t length;
		size_t key_size;
		const char *key; /* its last octets; before them there are octets 'k' */
		size_t end_size;
		size_t value_size; /* 0xa5 so often; WHOLE: a block as it should be */
	} cases[] = {
		{ "no value", 4, 8, "1\0009\0009\0009", 8, 0 },
		{ "one octet", 4, 8, "1\0009\0009\0009", 8, 1 },
		{ "some octets", 4, 8, "1\0009\0009\0009", 8, 100 },
		{ "no key", 4, 0, "", 0, 100 },
		{ "no key but a block", 4, 0, "", 0, WHOLE },
		{ "a key without a slot", 4, 5, "1\0009\0", 5, 100 },
		{ "no digits", 4, 8, "1\0009\000x\0009", 8, 100 },
		{ "a key without its end", 4, 8, "1\0009\0009\00099", 8, 100 },
		{ "the longest key", 4, 504, "9\0009\0009", 6, 100 },
		{ "a key longer than any", 4, 506, "9\0009\0009", 6, WHOLE },
		{ "too many labels", 4, 504, "", 0, 100 },
	};
	static const char *const names[] = { "1.1.1.1.", "9.9.9.1.", "1.", "1.1.",     "x.1.1.1.1.",
					     "0.0.0.0.", "9.9.9.9.", "z.", "1.1.1.k.", "." };
	struct store *store = open_store();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t octets[511] = { 0 }, block[256];
		struct store_txn *txn = NULL;
		struct store_zone zone;
		size_t size = LABELS_AT + cases[i].key_size, refused = 0;

		assert_int_equal(store_write_begin(store, &txn), 0);
		zone_make(txn, &zone, ".");
		put_text(txn, &zone, "5.5.5.5.", 2, 8);
		put_text(txn, &zone, "www.", 2, 8);
		assert_int_equal(number_flush(txn), 0);

		tree_write(octets, zone.tree);
		octets[LENGTH_AT] = cases[i].length;
		memset(octets + LABELS_AT, strcmp(cases[i].name, "too many labels") == 0 ? 0 : 'k',
		       size - LABELS_AT);
		memcpy(octets + size - cases[i].end_size, cases[i].key, cases[i].end_size);
		memset(block, 0xa5, sizeof(block));

		MDB_val key = { .mv_data = octets, .mv_size = size };
		MDB_val value = { .mv_data = block, .mv_size = cases[i].value_size };
		if (cases[i].value_size == WHOLE) {
			struct store_key of;
			MDB_val from;

			store_key_make(&of, &zone, (const knot_dname_t *)"\0019\0019\0019\0015");
			of.octets[LENGTH_AT] = 4;
			from = store_key_value(&of);
			assert_int_equal(mdb_get(txn->mdb, store->nodes, &from, &value), 0);
			memcpy(block, value.mv_data, value.mv_size);
			value.mv_data = block;
		}
		assert_int_equal(mdb_put(txn->mdb, store->nodes, &key, &value, 0), 0);
		assert_int_equal(store_write_commit(txn), 0);
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			knot_dname_storage_t name;

			assert_non_null(knot_dname_from_str(name, names[k], sizeof(name)));
			refused += try_all(store, &zone, name) != 0;
		}
		if (refused == 0)
			fail_msg("%s: nothing was refused", cases[i].name);
	}
	store_close(store);
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_begin, folder_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_number_is_never_taken_from_the_next_tree),
		TEST(a_zone_that_is_made_anew_shows_nothing_while_the_old_one_is_swept),
		TEST(entries_are_cut_and_go_together_again),
		TEST(the_deepest_names_are_found),
		TEST(numbers_with_the_longest_keys_are_found),
		TEST(damaged_entries_are_refused),
	};

	return cmocka_run_group_tests_name("store number", tests, NULL, NULL);
}
