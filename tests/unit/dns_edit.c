/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns/edit.h against the plainest model there is, lists of records: random changes, each compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libknot/libknot.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dns/edit.h"

enum { RECORDS_MAX = 64, RDATA_MAX = 24 };

/* Types with a name in their data, with one record at the most, with octets alone. */
static const uint16_t types[] = {
	KNOT_RRTYPE_NS, KNOT_RRTYPE_CNAME, KNOT_RRTYPE_DNAME, KNOT_RRTYPE_TXT, 65280, 65281
};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

struct record_model {
	size_t size;
	uint8_t rdata[RDATA_MAX];
};

/* The records of one type, in the order in which they came. */
struct set_model {
	uint32_t ttl;
	size_t count;
	struct record_model record[RECORDS_MAX];
};

static struct set_model model[TYPES];

static bool has_name(uint16_t type)
{
	return type == KNOT_RRTYPE_NS || type == KNOT_RRTYPE_CNAME || type == KNOT_RRTYPE_DNAME;
}

/* A name of one label for types with names, else a few octets; often the same as others. */
static void record_make(struct record_model *ret, uint16_t type)
{
	static const char letters[] = "abcABC";
	size_t length = 1 + (size_t)rand() % 3;

	if (!has_name(type) && rand() % 8 == 0)
		length += (size_t)rand() % (RDATA_MAX - 5);
	ret->size = has_name(type) ? length + 2 : length + 1;
	ret->rdata[0] = (uint8_t)length;
	for (size_t i = 1; i <= length; i++)
		ret->rdata[i] = (uint8_t)letters[(size_t)rand() % (i == 1 ? 6 : 2)];
	if (has_name(type))
		ret->rdata[length + 1] = 0;
}

static bool is_same(uint16_t type, const struct record_model *a, const struct record_model *b)
{
	if (a->size != b->size)
		return false;
	if (has_name(type))
		return strcasecmp((const char *)a->rdata, (const char *)b->rdata) == 0;
	return memcmp(a->rdata, b->rdata, a->size) == 0;
}

static size_t model_find(const struct set_model *set, uint16_t type,
			 const struct record_model *record)
{
	size_t i = 0;

	while (i < set->count && !is_same(type, &set->record[i], record))
		i++;
	return i;
}

static int model_add(struct set_model *set, uint16_t type, uint32_t ttl,
		     const struct record_model *record)
{
	bool single = type == KNOT_RRTYPE_CNAME || type == KNOT_RRTYPE_DNAME;

	if (model_find(set, type, record) < set->count) {
		bool changed = set->ttl != ttl;

		set->ttl = ttl;
		return changed;
	}
	if (single)
		set->count = 0;
	set->ttl = ttl;
	set->record[set->count++] = *record;
	return 1;
}

static bool model_remove(struct set_model *set, uint16_t type, const struct record_model *record)
{
	size_t i = model_find(set, type, record);

	if (i == set->count)
		return false;
	memmove(&set->record[i], &set->record[i + 1], (set->count - i - 1) * sizeof(*record));
	set->count--;
	return true;
}

static void set_compare(const struct rrset *set, const struct set_model *wanted)
{
	struct rrset_record record;
	size_t i = 0;

	assert_int_equal(set->count, wanted->count);
	for (size_t pos = 0; rrset_next(set, &pos, &record); i++) {
		assert_int_equal(record.ttl, wanted->ttl);
		assert_int_equal(record.rdata.size, wanted->record[i].size);
		assert_memory_equal(record.rdata.data, wanted->record[i].rdata, record.rdata.size);
	}
	assert_int_equal(i, wanted->count);
}

static void name_compare(const struct node_edit *edit)
{
	size_t index = 0;
	struct rrset set;

	for (size_t i = 0; i < TYPES; i++) {
		assert_true(edit_find(edit, types[i], &set) == (model[i].count > 0));
		if (model[i].count == 0)
			continue;
		set_compare(&set, &model[i]);
	}
	for (uint16_t before = 0; edit_at(edit, index, &set); index++) {
		assert_true(set.type > before); /* by rising type */
		before = set.type;
	}
	for (size_t i = 0; i < TYPES; i++)
		index -= model[i].count > 0;
	assert_int_equal(index, 0);
}

static void change(struct node_edit *edit)
{
	size_t at = (size_t)rand() % TYPES;
	uint32_t ttl = (uint32_t)rand() % 3;
	struct record_model record;
	struct slice rdata;

	record_make(&record, types[at]);
	rdata = slice_make(record.rdata, record.size);
	switch (rand() % 16) {
	case 0:
		edit_clear(edit, types[at]);
		model[at].count = 0;
		break;
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		assert_true(edit_remove(edit, types[at], rdata) ==
			    model_remove(&model[at], types[at], &record));
		break;
	default:
		if (model[at].count < RECORDS_MAX)
			assert_int_equal(edit_add(edit, types[at], ttl, rdata),
					 model_add(&model[at], types[at], ttl, &record));
	}
}

static void changes_are_those_of_a_list_of_records(void **state)
{
	struct arena arenas[2] = {
		0
	}; /* in turns, since a node lies in one and is read into the other */
	struct node_edit edit;
	struct node node = { 0 };
	size_t turn = 0;

	(void)state;
	srand(6);
	assert_int_equal(edit_begin(&edit, &arenas[turn], &node), 0);
	for (int round = 0; round < 20000; round++) {
		struct rrset set;

		change(&edit);
		if (rand() % 4 == 0)
			name_compare(&edit);
		if (round % 20 != 0)
			continue;
		assert_int_equal(edit_end(&edit, &node), 0);
		for (size_t i = 0; i < TYPES; i++) {
			assert_true(node_find(&node, types[i], &set) == (model[i].count > 0));
			if (model[i].count > 0)
				set_compare(&set, &model[i]);
		}
		assert_int_equal(edit_begin(&edit, &arenas[1 - turn], &node), 0);
		arena_reset(&arenas[turn]);
		turn = 1 - turn;
		name_compare(&edit);
	}
	arena_done(&arenas[0]);
	arena_done(&arenas[1]);
}

static void what_was_begun_with_stays_as_it_was(void **state)
{
	struct arena arena = { 0 };
	struct node_edit edit;
	struct node none = { 0 }, before, after;

	(void)state;
	assert_int_equal(edit_begin(&edit, &arena, &none), 0);
	assert_int_equal(edit_add(&edit, 65280, 1, slice_text("a")), 1);
	assert_int_equal(edit_add(&edit, 65280, 1, slice_text("b")), 1);
	assert_int_equal(edit_end(&edit, &before), 0);

	uint8_t *copy = malloc(before.size);
	memcpy(copy, before.data, before.size);
	assert_int_equal(edit_begin(&edit, &arena, &before), 0);
	assert_int_equal(edit_add(&edit, 65280, 2, slice_text("a")), 1);
	assert_true(edit_remove(&edit, 65280, slice_text("a")));
	assert_int_equal(edit_add(&edit, 65280, 3, slice_text("c")), 1);
	assert_int_equal(edit_end(&edit, &after), 0);
	assert_memory_equal(before.data, copy, before.size);
	assert_false(node_identical(&before, &after));
	free(copy);
	arena_done(&arena);
}

/* Whether the set has the values in this order and nothing else. */
static void values_compare(const struct rrset *set, const uint32_t *value, size_t count)
{
	struct rrset_record record;
	size_t pos = 0;

	assert_int_equal(set->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_true(rrset_next(set, &pos, &record));
		assert_int_equal(record.ttl, 60);
		assert_int_equal(record.rdata.size, sizeof(value[i]));
		assert_memory_equal(record.rdata.data, &value[i], sizeof(value[i]));
	}
	assert_false(rrset_next(set, &pos, &record));
}

static void a_set_of_thousands_is_changed_as_a_small_one(void **state)
{
	enum { VALUES = 3500, ROUNDS = 60000 };
	static uint32_t value[VALUES]; /* those that are there, in the order in which they came */
	struct arena arena = { 0 };
	struct node none = { 0 };
	struct node_edit edit;
	struct rrset set;
	size_t count = 0, most = 0;

	(void)state;
	srand(7);
	assert_int_equal(edit_begin(&edit, &arena, &none), 0);
	for (int round = 0; round < ROUNDS; round++) {
		/* it grows, and later shrinks until nothing is left */
		uint32_t v = (uint32_t)rand() % VALUES;
		bool add = rand() % 10 < (round < ROUNDS / 3 ? 8 : 2);
		size_t at = 0;

		while (at < count && value[at] != v)
			at++;
		if (add) {
			assert_int_equal(edit_add(&edit, 65280, 60, slice_make(&v, sizeof(v))),
					 at == count);
			value[at] = v;
			count += at == count;
		} else {
			assert_true(edit_remove(&edit, 65280, slice_make(&v, sizeof(v))) ==
				    (at < count));
			if (at < count)
				memmove(&value[at], &value[at + 1],
					(--count - at) * sizeof(value[0]));
		}
		assert_int_equal(edit_count(&edit, 65280), count);
		assert_int_equal(edit_type(&edit, 0), count > 0 ? 65280 : -1);
		most = count > most ? count : most;
		if (round % 500 == 0 && edit_find(&edit, 65280, &set))
			values_compare(&set, value, count);
	}
	assert_true(most > 2000);
	assert_true(count < 1000);
	arena_done(&arena);
}

static void a_table_knows_names_by_any_case(void **state)
{
	enum { NAMES = 200 };
	struct arena arena = { 0 };
	struct node none = { 0 };
	struct node_edit edit;
	uint8_t name[] = "\4aaaa";

	(void)state;
	assert_int_equal(edit_begin(&edit, &arena, &none), 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < NAMES; i++) {
			struct slice rdata = slice_make(name, sizeof(name));

			for (int k = 1; k < 4; k++)
				name[k] = (uint8_t)((round == 0 ? 'a' : 'A') + i / (k * k) % 26);
			if (round < 2)
				edit_add(&edit, KNOT_RRTYPE_NS, 60, rdata);
			else
				edit_remove(&edit, KNOT_RRTYPE_NS, rdata);
		}
		if (round == 1)
			assert_int_equal(edit_count(&edit, KNOT_RRTYPE_NS), NAMES);
	}
	assert_int_equal(edit_count(&edit, KNOT_RRTYPE_NS), 0);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_of_thousands_is_changed_as_a_small_one),
		cmocka_unit_test(a_table_knows_names_by_any_case),
		cmocka_unit_test(changes_are_those_of_a_list_of_records),
		cmocka_unit_test(what_was_begun_with_stays_as_it_was),
	};

	return cmocka_run_group_tests_name("dns edit", tests, NULL, NULL);
}
