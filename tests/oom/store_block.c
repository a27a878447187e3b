/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store/block.h when memory runs out: a block that is edited stays as it was, and goes on from
 * there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <stdlib.h>

#include "base/writer.h"
#include "dns/edit.h"
#include "oom/failing.h"
#include "store/block.h"

enum { TYPE = 65280, SLOTS = 200, RDATA_SIZE = 40 };

static struct arena arena;
static struct node nodes[BLOCK_SLOTS];

/* Each slot has a record of its own, every third another one, too, so that there are bundles. */
static void make_nodes(void)
{
	uint8_t rdata[RDATA_SIZE] = { 0 };

	for (int slot = 0; slot < SLOTS; slot++) {
		struct node_edit edit = { .arena = &arena };

		put_u32(rdata + RDATA_SIZE / 2, (uint32_t)slot * 2654435761U);
		assert_int_equal(edit_add(&edit, TYPE, 1, slice_make(rdata, RDATA_SIZE)), 1);
		if (slot % 3 == 0)
			assert_int_equal(edit_add(&edit, TYPE, 1, slice_make(rdata, 3)), 1);
		assert_int_equal(edit_end(&edit, &nodes[slot]), 0);
	}
}

/* The slots below count have their nodes, others are free. */
static void check(struct block_edit *edit, int count)
{
	struct block_room room = { 0 };
	struct node node;

	assert_int_equal(block_edit_count(edit), count);
	for (int slot = 0; slot < count; slot++) {
		assert_int_equal(block_edit_node(edit, slot, &room, &node), 1);
		assert_true(node_identical(&node, &nodes[slot]));
	}
	block_room_done(&room);
}

static void a_block_is_begun_or_not(void **state)
{
	unsigned n = 1;

	(void)state;
	for (bool reached = true; reached; n++) {
		struct block_edit *edit = NULL;

		oom_fail_at(n);
		int err = block_edit_new(&edit);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		assert_true((edit == NULL) == reached);
		block_edit_free(edit);
	}
	assert_true(n > 2);
}

static void a_slot_is_put_or_stays(void **state)
{
	unsigned n = 1;

	(void)state;
	for (bool reached = true; reached; n++) {
		struct block_edit *edit;
		int slot = 0, err = 0;

		assert_int_equal(block_edit_new(&edit), 0);
		oom_fail_at(n);
		for (; slot < SLOTS && err == 0; slot += err == 0)
			err = block_edit_put(edit, slot, &nodes[slot]);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		check(edit, slot);
		for (; slot < SLOTS; slot++)
			assert_int_equal(block_edit_put(edit, slot, &nodes[slot]), 0);
		check(edit, SLOTS);
		block_edit_free(edit);
	}
	assert_true(n > 5);
}

static struct slice packed(struct block_edit *edit)
{
	struct slice block = { 0 };

	for (int slot = 0; slot < SLOTS; slot++)
		assert_int_equal(block_edit_put(edit, slot, &nodes[slot]), 0);
	assert_int_equal(block_edit_write(edit, 0, SLOTS, &block), 0);
	return block;
}

static void octets_are_written_or_not(void **state)
{
	struct block_edit *model;
	unsigned n = 1;

	(void)state;
	assert_int_equal(block_edit_new(&model), 0);

	struct slice wanted = packed(model);
	for (bool reached = true; reached; n++) {
		struct slice block = { 0 };
		struct block_edit *edit;

		assert_int_equal(block_edit_new(&edit), 0);
		for (int slot = 0; slot < SLOTS; slot++)
			assert_int_equal(block_edit_put(edit, slot, &nodes[slot]), 0);
		oom_fail_at(n);
		int err = block_edit_write(edit, 0, SLOTS, &block);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		check(edit, SLOTS);
		assert_int_equal(block_edit_write(edit, 0, SLOTS, &block), 0);
		assert_true(slice_equal(block, wanted));
		block_edit_free(edit);
	}
	assert_true(n > 3);
	block_edit_free(model);
}

static void octets_are_loaded_or_not(void **state)
{
	struct block_edit *model;
	unsigned n = 1;

	(void)state;
	assert_int_equal(block_edit_new(&model), 0);

	struct slice block = packed(model);
	for (bool reached = true; reached; n++) {
		struct block_edit *edit;

		assert_int_equal(block_edit_new(&edit), 0);
		oom_fail_at(n);
		int err = block_edit_load(edit, block);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		check(edit, reached ? 0 : SLOTS);
		assert_int_equal(block_edit_load(edit, block), 0);
		assert_int_equal(block_edit_load(edit, block), 0);
		check(edit, SLOTS);
		block_edit_free(edit);
	}
	assert_true(n > 1);
	block_edit_free(model);
}

/* The slot gets the node of the other one, or none, in a block that was loaded just now. */
static void change_loaded(struct slice block, int slot, const struct node *node, unsigned least)
{
	unsigned n = 1;

	for (bool reached = true; reached; n++) {
		struct block_room room = { 0 };
		struct block_edit *edit;
		struct node found;

		assert_int_equal(block_edit_new(&edit), 0);
		assert_int_equal(block_edit_load(edit, block), 0);
		oom_fail_at(n);
		int err = block_edit_put(edit, slot, node);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		if (reached)
			check(edit, SLOTS);
		assert_int_equal(block_edit_put(edit, slot, node), 0);
		assert_int_equal(block_edit_node(edit, slot, &room, &found), node->size > 0);
		assert_true(node->size == 0 || node_identical(&found, node));
		block_room_done(&room);
		block_edit_free(edit);
	}
	assert_true(n > least);
}

static void a_loaded_block_is_changed_or_stays(void **state)
{
	static const struct node none;
	struct block_edit *model;

	(void)state;
	assert_int_equal(block_edit_new(&model), 0);

	struct slice block = packed(model);
	change_loaded(block, 7, &none, 5);
	change_loaded(block, 7, &nodes[8], 5);
	change_loaded(block, 7, &nodes[9], 5);
	block_edit_free(model);
}

/* All slots but two have the same, so that nothing has to be unpacked. */
static void a_loaded_block_is_changed_packed_or_stays(void **state)
{
	struct block_edit *edit;
	struct slice block = { 0 };
	uint8_t octets[500];
	unsigned n = 1;

	(void)state;
	for (bool reached = true; reached; n++) {
		assert_int_equal(block_edit_new(&edit), 0);
		for (int slot = 0; slot < SLOTS; slot += slot == 100 ? 2 : 1)
			assert_int_equal(block_edit_put(edit, slot, &nodes[slot == 1 ? 1 : 2]), 0);
		assert_int_equal(block_edit_write(edit, 0, SLOTS, &block), 0);
		assert_true(block.size <= sizeof(octets));
		memcpy(octets, block.data, block.size);
		block_edit_begin(edit, (struct slice){ 0 });
		assert_int_equal(block_edit_load(edit, slice_make(octets, block.size)), 0);
		oom_fail_at(n);
		int err = block_edit_put(edit, 101, &nodes[1]);
		reached = oom_failed();
		oom_fail_at(0);
		assert_int_equal(err, reached ? -ENOMEM : 0);
		assert_int_equal(block_edit_count(edit), SLOTS - reached);
		assert_int_equal(block_edit_put(edit, 101, &nodes[1]), 0);
		assert_int_equal(block_edit_count(edit), SLOTS);
		block_edit_free(edit);
	}
	assert_true(n > 2);
}

static void a_node_is_read_or_not(void **state)
{
	struct block_room room = { 0 };
	struct block_edit *model;
	struct node node = { 0 };

	(void)state;
	assert_int_equal(block_edit_new(&model), 0);

	struct slice block = packed(model);
	oom_fail_at(1);
	assert_int_equal(block_node(block, 3, &room, &node), -ENOMEM);
	assert_true(oom_failed());
	oom_fail_at(0);
	assert_int_equal(node.size, 0);
	assert_int_equal(block_node(block, 3, &room, &node), 1);
	assert_true(node_identical(&node, &nodes[3]));
	block_room_done(&room);
	block_edit_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_begun_or_not),
		cmocka_unit_test(a_slot_is_put_or_stays),
		cmocka_unit_test(octets_are_written_or_not),
		cmocka_unit_test(octets_are_loaded_or_not),
		cmocka_unit_test(a_loaded_block_is_changed_or_stays),
		cmocka_unit_test(a_loaded_block_is_changed_packed_or_stays),
		cmocka_unit_test(a_node_is_read_or_not),
	};

	make_nodes();

	int failed = cmocka_run_group_tests_name("store block out of memory", tests, NULL, NULL);
	arena_done(&arena);
	return failed;
}
