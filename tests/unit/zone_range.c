/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zone/range.h: random zones of ranges and numbers beside the plain zones that their walks spread
 * out. A look-up with ranges in the one, and by RFC 4592 alone in the other, must come to the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <stdlib.h>
#include <string.h>

#include "dns/edit.h"
#include "fixture/folder.h"
#include "zone/answer.h"
#include "zone/range.h"

enum { ROUNDS = 300, QUESTIONS = 300, NAMES_MAX = 4096 };

static const knot_dname_t *const stored_apex = (const knot_dname_t *)"\6stored";
static const knot_dname_t *const spread_apex = (const knot_dname_t *)"\6spread";

static char folder[FOLDER_ROOM];
static struct store *store;
static struct arena arena;
static unsigned seed;

static unsigned draw(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

static int store_begin(void **state)
{
	char place[FOLDER_PATH_ROOM];
	struct text fault = { 0 };

	(void)state;
	if (folder_make(folder) != 0)
		return -1;
	folder_path(place, folder, "store");
	return store_open(&store, place, &fault);
}

static int store_end(void **state)
{
	(void)state;
	store_close(store);
	arena_done(&arena);
	folder_remove(folder);
	return 0;
}

static void node_build(uint16_t type, const char *text, struct node *ret)
{
	struct node_edit edit;

	assert_int_equal(edit_begin(&edit, &arena, &(struct node){ .size = 0 }), 0);
	assert_int_equal(edit_add(&edit, type, 60, slice_make((const uint8_t *)text, strlen(text))),
			 1);
	assert_int_equal(edit_end(&edit, ret), 0);
}

/* Labels, the leftmost first, one octet each, below the apex. */
static void name_build(knot_dname_storage_t ret, const char *labels, const knot_dname_t *apex)
{
	size_t at = 0;

	for (; *labels != '\0'; labels++) {
		ret[at++] = 1;
		ret[at++] = (uint8_t)*labels;
	}
	memcpy(ret + at, apex, knot_dname_size(apex));
}

static void draw_name(char *ret, size_t most)
{
	size_t size = draw((unsigned)most) + 1;

	for (size_t i = 0; i < size; i++)
		ret[i] = "0012*!"[draw(i == 0 ? 6 : draw(9) == 0 ? 6 : 4)];
	ret[size] = '\0';
}

/* Random names, of which some cut the zone and some are wildcards that make no range. */
static void zone_build(struct store_txn *txn, struct store_zone *zone)
{
	struct node node;

	assert_int_equal(store_zone_make(txn, stored_apex, zone), 0);
	node_build(KNOT_RRTYPE_TXT, "\4apex", &node);
	assert_int_equal(store_node_put(txn, zone, stored_apex, &node), 0);
	for (unsigned i = draw(30); i > 0; i--) {
		knot_dname_storage_t name;
		char labels[16], text[] = "\3txt";

		draw_name(labels, 7);
		if (draw(4) == 0)
			labels[0] = '*';
		text[1] = (char)('a' + draw(26));
		if (labels[0] != '*' && draw(12) == 0)
			node_build(KNOT_RRTYPE_NS, "\1a", &node);
		else
			node_build(KNOT_RRTYPE_TXT, text, &node);
		name_build(name, labels, stored_apex);
		assert_int_equal(store_node_put(txn, zone, name, &node), 0);
	}
}

/* Puts each name that the walk gives into the other zone, and looks that none comes twice. */
static void zone_spread(struct store_txn *txn, const struct store_zone *from, struct store_zone *to)
{
	struct range_walk *walk;
	knot_dname_storage_t name;
	struct node node;
	int more;
	struct {
		knot_dname_storage_t name;
		struct node node;
	} *all = calloc(NAMES_MAX, sizeof(*all));
	size_t count = 0;

	assert_non_null(all);
	assert_int_equal(range_walk_begin(&walk, txn, from, stored_apex, true), 0);
	while ((more = range_walk_next(walk, name, &node)) > 0) {
		assert_true(node.size > 0);
		assert_true(count < NAMES_MAX);
		memcpy(all[count].name, name, knot_dname_size(name));
		all[count].node =
			(struct node){ arena_copy(&arena, node.data, node.size), node.size };
		assert_non_null(all[count++].node.data);
	}
	assert_int_equal(more, 0);
	range_walk_end(walk);

	assert_int_equal(store_zone_make(txn, spread_apex, to), 0);
	for (size_t i = 0; i < count; i++) {
		size_t size = knot_dname_size(all[i].name) - knot_dname_size(stored_apex);

		memcpy(name, all[i].name, size);
		memcpy(name + size, spread_apex, knot_dname_size(spread_apex));
		assert_int_equal(store_node_get(txn, to, name, &node), 0);
		assert_int_equal(node.size, 0);
		assert_int_equal(store_node_put(txn, to, name, &all[i].node), 0);
	}
	free(all);
}

/* Whether a name is at or below a delegation, where other rules are asked first. */
static bool is_cut(struct store_txn *txn, const struct store_zone *zone, const knot_dname_t *name)
{
	for (size_t labels = knot_dname_labels(name, NULL); labels > 1; labels--) {
		struct node node;
		struct rrset set;

		assert_int_equal(store_node_get(txn, zone, name, &node), 0);
		if (node_find(&node, KNOT_RRTYPE_NS, &set))
			return true;
		name += *name + 1;
	}
	return false;
}

static void compare(struct store_txn *txn, const struct store_zone *stored,
		    const struct store_zone *spread, const char *labels)
{
	struct zone_view view = { .txn = txn };
	knot_dname_storage_t a, b;
	struct store_match ours, theirs;

	name_build(a, labels, stored_apex);
	name_build(b, labels, spread_apex);
	if (is_cut(txn, stored, a))
		return;
	assert_int_equal(answer_find_name(&view, stored, true, a, &ours), 0);
	if (ours.status == STORE_FOUND) {
		ours.node.data = arena_copy(&arena, ours.node.data, ours.node.size);
		assert_non_null(ours.node.data);
	}
	assert_int_equal(answer_find_name(&view, spread, false, b, &theirs), 0);
	if (ours.status != theirs.status ||
	    (ours.status == STORE_FOUND && !node_identical(&ours.node, &theirs.node)))
		fail_msg("%s: %d, and plain %d", labels, ours.status, theirs.status);
}

static void what_is_spread_answers_as_ranges_do(void **state)
{
	size_t found = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct store_zone stored, spread;
		struct store_txn *txn;

		seed = round;
		assert_int_equal(store_write_begin(store, &txn), 0);
		zone_build(txn, &stored);
		zone_spread(txn, &stored, &spread);
		found += spread.names - stored.names;
		for (int i = 0; i < QUESTIONS; i++) {
			char labels[16];

			draw_name(labels, 9);
			compare(txn, &stored, &spread, labels);
		}
		store_write_abort(txn);
		arena_reset(&arena);
	}
	assert_true(found > ROUNDS);
}

static void the_stored_form_is_the_zone_itself(void **state)
{
	struct store_zone zone;
	struct store_txn *txn;
	struct range_walk *walk;
	knot_dname_storage_t name;
	struct node node;
	size_t count = 0;

	(void)state;
	seed = 7;
	assert_int_equal(store_write_begin(store, &txn), 0);
	zone_build(txn, &zone);
	assert_int_equal(range_walk_begin(&walk, txn, &zone, stored_apex, false), 0);
	while (range_walk_next(walk, name, &node) > 0)
		count++;
	range_walk_end(walk);
	assert_int_equal(count, zone.names);
	store_write_abort(txn);
	range_walk_end(NULL);
}

/* A name of so many labels of one octet, and wildcards above it. */
static void the_longest_names_have_no_wildcard_below(void **state)
{
	knot_dname_storage_t name, seen;
	char labels[128];
	struct store_zone zone;
	struct store_txn *txn;
	struct range_walk *walk;
	struct node node;
	size_t count = 0, longest = 0;
	int more;

	(void)state;
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_zone_make(txn, stored_apex, &zone), 0);
	node_build(KNOT_RRTYPE_TXT, "\1x", &node);
	name_build(name, "*", stored_apex);
	assert_int_equal(store_node_put(txn, &zone, name, &node), 0);
	memset(labels, 'a', sizeof(labels));
	labels[(KNOT_DNAME_MAXLEN - 8) / 2] = '\0';
	name_build(name, labels, stored_apex);
	assert_int_equal(store_node_put(txn, &zone, name, &node), 0);

	assert_int_equal(range_walk_begin(&walk, txn, &zone, stored_apex, true), 0);
	while ((more = range_walk_next(walk, seen, &node)) > 0) {
		size_t size = knot_dname_size(seen);

		count++;
		longest = size > longest ? size : longest;
	}
	assert_int_equal(more, 0);
	range_walk_end(walk);
	assert_true(longest <= KNOT_DNAME_MAXLEN);
	/* "*"; the name; an empty name and its wildcard at each of the other levels */
	assert_int_equal(count, 1 + 1 + 2 * (strlen(labels) - 1));

	struct store_match match;
	struct zone_view view = { .txn = txn };
	labels[0] = 'b';
	name_build(name, labels, stored_apex);
	assert_int_equal(answer_find_name(&view, &zone, true, name, &match), 0);
	assert_int_equal(match.status, STORE_FOUND);
	store_write_abort(txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_spread_answers_as_ranges_do),
		cmocka_unit_test(the_stored_form_is_the_zone_itself),
		cmocka_unit_test(the_longest_names_have_no_wildcard_below),
	};

	return cmocka_run_group_tests_name("zone range", tests, store_begin, store_end);
}
