/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store_find() and walks against the plainest model there is, a list of names: random names in
 * several zones side by side, put and taken away, each answer compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libknot/libknot.h>
#include <stdlib.h>
#include <string.h>

#include "dns/edit.h"
#include "fixture/folder.h"
#include "store/store.h"

enum { NAMES_MAX = 400, ZONES = 4 };

struct name {
	knot_dname_storage_t octets;
	uint32_t value; /* in its record */
};

/* A zone and the list of its names. */
struct model {
	const char *apex;
	struct store_zone zone;
	struct name name[NAMES_MAX];
	size_t count;
};

static char folder[FOLDER_ROOM], place[FOLDER_PATH_ROOM];
static struct model models[ZONES] = {
	{ .apex = "\7example" },
	{ .apex = "\3sub\7example" }, /* below the first, but a zone of its own */
	{ .apex = "" },
	{ .apex = "\1\377" },
};

static const knot_dname_t *apex_of(const struct model *model)
{
	return (const knot_dname_t *)model->apex;
}

/* Names of the model are in lower case; libknot knows what is below what only where case agrees. */
static bool is_below(const knot_dname_t *name, const knot_dname_t *top)
{
	knot_dname_storage_t lower;

	knot_dname_copy_lower(lower, top);
	return knot_dname_in_bailiwick(name, lower) > 0;
}

static struct name *model_find(struct model *model, const knot_dname_t *name)
{
	for (size_t i = 0; i < model->count; i++)
		if (knot_dname_is_case_equal(model->name[i].octets, name))
			return &model->name[i];
	return NULL;
}

static bool model_has_below(const struct model *model, const knot_dname_t *name)
{
	for (size_t i = 0; i < model->count; i++)
		if (is_below(model->name[i].octets, name))
			return true;
	return false;
}

/* RFC 4592 3.3.1: the longest ancestor that exists. */
static size_t model_encloser(struct model *model, const knot_dname_t *name)
{
	while (!knot_dname_is_case_equal(name, apex_of(model))) {
		name += *name + 1;
		if (model_find(model, name) != NULL || model_has_below(model, name))
			break;
	}
	return knot_dname_labels(name, NULL);
}

/* Some labels of a small alphabet below the apex, so that names are often related; most of them numbers. */
static void name_make(struct name *ret, const struct model *model)
{
	static const char *const labels[] = {
		"\1a",     "\1A",    "\1b",   "\2aa", "\1*", "\1\001",
		"\2a\001", "\1\377", "\3sub", "\1/",  "\1:", "\00212"
	};
	/* few, so that blocks fill */
	static const char *const digits[] = { "\0010", "\0011", "\0015", "\0016", "\0019" };
	bool number = rand() % 4 != 0;
	size_t at = 0;

	for (int depth = rand() % (number ? 7 : 5); depth > 0; depth--) {
		bool digit = number && rand() % 12 != 0;
		const char *label = digit ? digits[(size_t)rand() % 5] :
					    labels[(size_t)rand() % 12];

		memcpy(ret->octets + at, label, (size_t)*label + 1);
		at += (size_t)*label + 1;
		if (!number &&
		    rand() % 6 == 0) { /* a label of a zero octet, which no C string holds */
			memcpy(ret->octets + at, "\1\0", 2);
			at += 2;
		}
	}
	memcpy(ret->octets + at, model->apex, knot_dname_size(apex_of(model)));
}

static void make_node(struct arena *arena, struct node *ret, uint32_t value)
{
	struct node_edit edit = { .arena = arena };
	uint8_t text[3000] = { 0 };

	assert_int_equal(edit_add(&edit, KNOT_RRTYPE_A, 60, slice_make(&value, sizeof(value))), 1);
	if (value % 3 == 0) { /* octets that no other node has */
		memcpy(text, &value, sizeof(value));
		assert_int_equal(edit_add(&edit, KNOT_RRTYPE_NULL, 60,
					  slice_make(text, value % 31 == 0 ? sizeof(text) :
									     4 + value % 490)),
				 1);
	}
	assert_int_equal(edit_end(&edit, ret), 0);
}

/* What the node was made of; nothing else may be in it. */
static uint32_t node_value(const struct node *node)
{
	struct rrset set;
	struct rrset_record record;
	size_t pos = 0;
	uint32_t value;

	assert_true(node_find(node, KNOT_RRTYPE_A, &set) && rrset_next(&set, &pos, &record));
	assert_int_equal(record.rdata.size, sizeof(value));
	memcpy(&value, record.rdata.data, sizeof(value));

	struct arena arena = { 0 };
	struct node whole;

	make_node(&arena, &whole, value);
	assert_true(node_identical(node, &whole));
	arena_done(&arena);
	return value;
}

/* Puts or takes away a name, in the store and in the list; one of so many changes of a known name takes it away. */
static void change(struct store_txn *txn, struct model *model, uint32_t value, int away)
{
	struct arena arena = { 0 };
	struct node node = { 0 };
	struct name name;

	name_make(&name, model);
	if (away == 1 &&
	    model->count > 1) /* while names are taken away, it shall be one that is there */
		name = model->name[(size_t)rand() % model->count];

	struct name *known = model_find(model, name.octets);
	bool apex = knot_dname_is_case_equal(name.octets, apex_of(model));
	if (known != NULL && rand() % away == 0 && !apex) {
		*known = model->name[--model->count];
	} else if (known != NULL || model->count < NAMES_MAX) {
		if (known == NULL)
			known = &model->name[model->count++];
		knot_dname_copy_lower(known->octets, name.octets);
		known->value = value;
		make_node(&arena, &node, value);
	}
	assert_int_equal(store_node_put(txn, &model->zone, name.octets, &node), 0);
	arena_done(&arena);
	assert_int_equal(model->zone.names, model->count);
}

/* One name of the list, without a look at its neighbours. */
static void read_one(struct store_txn *txn, const struct model *model)
{
	const struct name *known = &model->name[(size_t)rand() % model->count];
	struct node node;

	assert_int_equal(store_node_get(txn, &model->zone, known->octets, &node), 0);
	assert_int_equal(node_value(&node), known->value);
}

static void look_up(struct store_txn *txn, struct model *model)
{
	struct store_match match;
	struct node node;
	struct name name;

	name_make(&name, model);
	assert_int_equal(store_find(txn, &model->zone, name.octets, &match), 0);

	const struct name *known = model_find(model, name.octets);
	if (known != NULL) {
		assert_int_equal(match.status, STORE_FOUND);
		assert_int_equal(node_value(&match.node), known->value);
		assert_int_equal(store_node_get(txn, &model->zone, name.octets, &node), 0);
		assert_int_equal(node_value(&node), known->value);
	} else if (model_has_below(model, name.octets)) {
		assert_int_equal(match.status, STORE_EMPTY);
	} else {
		assert_int_equal(match.status, STORE_ABSENT);
		assert_int_equal(match.encloser_labels, model_encloser(model, name.octets));
	}
	if (known == NULL) {
		assert_int_equal(store_node_get(txn, &model->zone, name.octets, &node), 0);
		assert_int_equal(node.size, 0);
	}
}

/* A walk gives each name at or below top once, by rising canonical order. */
static void walk(struct store_txn *txn, struct model *model)
{
	struct store_walk *walk = NULL;
	knot_dname_storage_t found;
	struct name top, before;
	struct node node;
	size_t count = 0, wanted = 0;

	name_make(&top, model);
	knot_dname_to_lower(top.octets);
	for (size_t i = 0; i < model->count; i++)
		wanted += knot_dname_in_bailiwick(model->name[i].octets, top.octets) >= 0;
	assert_int_equal(store_walk_begin(&walk, txn, &model->zone, apex_of(model), top.octets), 0);
	for (int more; (more = store_walk_next(walk, found, &node)) != 0; count++) {
		assert_int_equal(more, 1);

		const struct name *known = model_find(model, found);
		assert_non_null(known);
		assert_int_equal(node_value(&node), known->value);
		assert_true(knot_dname_in_bailiwick(found, top.octets) >= 0);
		if (count > 0)
			assert_true(knot_dname_cmp(before.octets, found) < 0);
		memcpy(before.octets, found, sizeof(found));
	}
	assert_int_equal(count, wanted);
	store_walk_end(walk);
	store_walk_end(NULL);
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

/* Like all zones that are served, these have records at their apex. */
static void zones_make(struct store_txn *txn)
{
	for (size_t i = 0; i < ZONES; i++) {
		struct model *model = &models[i];
		struct arena arena = { 0 };
		struct node node = { 0 };

		assert_int_equal(store_zone_make(txn, apex_of(model), &model->zone), 0);
		memcpy(model->name[0].octets, model->apex, knot_dname_size(apex_of(model)));
		model->name[0].value = 0;
		model->count = 1;
		make_node(&arena, &node, 0);
		assert_int_equal(store_node_put(txn, &model->zone, apex_of(model), &node), 0);
		arena_done(&arena);
	}
}

static void zones_keep(struct store_txn *txn)
{
	for (size_t i = 0; i < ZONES; i++)
		assert_int_equal(store_zone_put(txn, apex_of(&models[i]), &models[i].zone), 0);
}

/* Look-ups that were made ready together find what each alone finds, and go where its cursor goes. */
static void look_ahead(struct store_txn *txn, struct model *model)
{
	static struct store_aim aim[STORE_AIMS_MAX];
	struct store_aim *list[STORE_AIMS_MAX];
	struct name name[STORE_AIMS_MAX];
	struct store_match ahead, alone;
	size_t found = 0, aimed = 0;

	for (size_t i = 0; i < STORE_AIMS_MAX; i++) {
		name_make(&name[i], model);
		if (i % 3 == 0)
			name[i] = model->name[(size_t)rand() % model->count];
		store_aim(&aim[i], &model->zone, name[i].octets);
		list[i] = &aim[i];
	}
	store_aim_all(txn, list, STORE_AIMS_MAX);
	for (size_t i = 0; i < STORE_AIMS_MAX; i++) {
		uint32_t value = 0;

		assert_int_equal(store_find_aimed(txn, &model->zone, &aim[i], &ahead), 0);
		if (ahead.status == STORE_FOUND)
			value = node_value(&ahead.node);
		found += ahead.status == STORE_FOUND;
		aimed += ahead.status == STORE_FOUND && aim[i].at.size > 0;
		assert_int_equal(store_find(txn, &model->zone, name[i].octets, &alone), 0);
		assert_int_equal(ahead.status, alone.status);
		if (ahead.status == STORE_FOUND)
			assert_int_equal(value, node_value(&alone.node));
		if (ahead.status == STORE_ABSENT)
			assert_int_equal(ahead.encloser_labels, alone.encloser_labels);
	}
	assert_true(aimed > 0 && aimed >= found / 2); /* the rest lies between two branches */
}

static void answers_are_those_of_a_list_of_names(void **state)
{
	struct store *store = open_store();
	struct store_txn *txn = NULL;
	uint32_t value = 1;

	(void)state;
	srand(5);
	assert_int_equal(store_write_begin(store, &txn), 0);
	zones_make(txn);
	for (int round = 0; round < 120; round++) {
		/* some rounds make the zones grow, some shrink, some rewrite */
		int away = round % 30 < 18 ? 4 : round % 30 < 24 ? 2 : 1;

		for (int i = 0; i < 100; i++) {
			struct model *model = &models[(size_t)rand() % ZONES];

			for (int n = rand() % 4; n >= 0; n--)
				change(txn, model, value++, away);
			if (rand() % 4 == 0)
				look_up(txn, &models[(size_t)rand() % ZONES]);
			read_one(txn, &models[(size_t)rand() % ZONES]);
		}
		for (size_t i = 0; i < ZONES; i++)
			walk(txn, &models[i]);
		zones_keep(txn);
		assert_int_equal(store_write_commit(txn), 0);

		assert_int_equal(store_read_begin(store, &txn), 0);
		for (int i = 0; i < 200; i++)
			look_up(txn, &models[(size_t)rand() % ZONES]);
		look_ahead(txn, &models[(size_t)rand() % ZONES]);
		store_read_end(txn);
		if (round % 20 == 19) {
			store_close(store);
			store = open_store();
		}
		assert_int_equal(store_write_begin(store, &txn), 0);
	}
	store_write_abort(txn);
	store_close(store);
}

static void an_empty_zone_has_no_names_whatever_lies_beside_it(void **state)
{
	struct store *store = open_store();
	struct store_txn *txn = NULL;
	struct store_zone zones[3];
	struct store_match match;
	struct arena arena = { 0 };
	struct node node = { 0 };
	const knot_dname_t *name = (const knot_dname_t *)"\1a\4side";

	(void)state;
	assert_int_equal(store_write_begin(store, &txn), 0);
	for (int i = 0; i < 3; i++) {
		const uint8_t apex[] = { 1, (uint8_t)('x' + i), 0 };

		assert_int_equal(store_zone_make(txn, apex, &zones[i]), 0);
	}
	make_node(&arena, &node, 7);
	name = (const knot_dname_t *)"\1a\1x";
	assert_int_equal(store_node_put(txn, &zones[0], name, &node), 0);
	name = (const knot_dname_t *)"\1a\1z";
	assert_int_equal(store_node_put(txn, &zones[2], name, &node), 0);

	assert_int_equal(store_find(txn, &zones[1], (const knot_dname_t *)"\1a\1y", &match), 0);
	assert_int_equal(match.status, STORE_ABSENT);
	assert_int_equal(match.encloser_labels, 1);
	assert_int_equal(store_find(txn, &zones[1], (const knot_dname_t *)"\1y", &match), 0);
	assert_int_equal(match.status, STORE_ABSENT);
	store_write_abort(txn);
	arena_done(&arena);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_those_of_a_list_of_names),
		cmocka_unit_test(an_empty_zone_has_no_names_whatever_lies_beside_it),
	};

	return cmocka_run_group_tests_name("store find", tests, folder_begin, folder_end);
}
