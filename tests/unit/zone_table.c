/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone/table.h: which zone a name is in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zone/table.h"

static struct zone_table *table_make(const char *const *names, size_t count, int wanted)
{
	struct zone_table *table = NULL;

	assert_int_equal(zone_table_new(&table, count), 0);
	assert_int_equal(zone_table_count(table), count);
	for (size_t i = 0; i < count; i++)
		assert_non_null(knot_dname_from_str(zone_table_at(table, i)->apex, names[i],
						    KNOT_DNAME_MAXLEN));
	assert_int_equal(zone_table_index(table), wanted);
	return table;
}

static void the_deepest_zone_at_or_above_a_name_has_it(void **state)
{
	static const char *const zones[] = { "example.net.", "E164.Example.net.", "org.",
					     "a.b.c.d.e.org.", "e.org." };
	static const struct {
		const char *name;
		int above, at; /* indexes; -1: none */
	} table[] = {
		{ "example.net.", 0, 0 },
		{ "EXAMPLE.NET.", 0, 0 },
		{ "a.example.net.", 0, -1 },
		{ "e164.example.net.", 1, 1 },
		{ "1.E164.EXAMPLE.net.", 1, -1 },
		{ "xe164.example.net.", 0, -1 },
		{ "net.", -1, -1 },
		{ ".", -1, -1 },
		{ "ample.net.", -1, -1 },
		{ "org.", 2, 2 },
		{ "x.a.b.c.d.e.org.", 3, -1 },
		{ "b.c.d.e.org.", 4, -1 },
		{ "f.org.", 2, -1 },
	};
	struct zone_table *zones_table = table_make(zones, 5, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		knot_dname_storage_t name;

		assert_non_null(knot_dname_from_str(name, table[i].name, sizeof(name)));
		const struct zone *above = zone_table_above(zones_table, name);
		const struct zone *at = zone_table_find(zones_table, name);
		if ((above != NULL ? (int)above->index : -1) != table[i].above ||
		    (at != NULL ? (int)at->index : -1) != table[i].at)
			fail_msg("%s", table[i].name);
	}
	zone_table_free(zones_table);
}

static void the_root_has_what_nobody_else_has(void **state)
{
	struct zone_table *table = table_make((const char *const[]){ "net.", "." }, 2, 0);
	knot_dname_storage_t name;

	(void)state;
	knot_dname_from_str(name, "a.org.", sizeof(name));
	assert_int_equal(zone_table_above(table, name)->index, 1);
	knot_dname_from_str(name, "a.net.", sizeof(name));
	assert_int_equal(zone_table_above(table, name)->index, 0);
	zone_table_free(table);
}

static void a_zone_stands_once_whatever_its_case(void **state)
{
	(void)state;
	zone_table_free(table_make((const char *const[]){ "a.", "b.", "A." }, 3, -EEXIST));
}

static void a_table_may_be_empty(void **state)
{
	struct zone_table *table = table_make(NULL, 0, 0);

	(void)state;
	assert_null(zone_table_above(table, (const knot_dname_t *)"\1a"));
	assert_null(zone_table_find(table, (const knot_dname_t *)""));
	zone_table_free(table);
	zone_table_free(NULL);
}

static void the_deepest_apex_there_can_be_is_found(void **state)
{
	struct zone_table *table = NULL;
	knot_dname_storage_t name;

	(void)state;
	assert_int_equal(zone_table_new(&table, 128), 0);
	for (size_t labels = 0; labels < 128; labels++) { /* one zone for each number of labels */
		knot_dname_t *apex = zone_table_at(table, labels)->apex;

		for (size_t i = 0; i < labels; i++)
			memcpy(apex + 2 * i, "\1x", 2);
		apex[2 * labels] = 0;
	}
	assert_int_equal(zone_table_index(table), 0);
	memcpy(name, zone_table_at(table, 127)->apex, KNOT_DNAME_MAXLEN);
	for (size_t labels = 0; labels < 128; labels++)
		assert_int_equal(zone_table_above(table, name + 2 * labels)->index, 127 - labels);
	name[1] = 'y';
	assert_int_equal(zone_table_above(table, name)->index, 126);
	zone_table_free(table);
}

static void many_zones_are_all_found(void **state)
{
	enum { ZONES = 5000 };
	struct zone_table *table = NULL;
	char text[32];

	(void)state;
	assert_int_equal(zone_table_new(&table, ZONES), 0);
	for (int i = 0; i < ZONES; i++) {
		snprintf(text, sizeof(text), "z%d.example.", i);
		knot_dname_from_str(zone_table_at(table, (size_t)i)->apex, text, KNOT_DNAME_MAXLEN);
	}
	assert_int_equal(zone_table_index(table), 0);
	for (int i = 0; i < ZONES; i++) {
		knot_dname_storage_t name;

		snprintf(text, sizeof(text), "a.Z%d.example.", i);
		knot_dname_from_str(name, text, sizeof(name));
		assert_int_equal(zone_table_above(table, name)->index, i);
	}
	assert_null(zone_table_above(table, (const knot_dname_t *)"\5z5000\7example"));
	zone_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_deepest_zone_at_or_above_a_name_has_it),
		cmocka_unit_test(the_root_has_what_nobody_else_has),
		cmocka_unit_test(a_zone_stands_once_whatever_its_case),
		cmocka_unit_test(a_table_may_be_empty),
		cmocka_unit_test(the_deepest_apex_there_can_be_is_found),
		cmocka_unit_test(many_zones_are_all_found),
	};

	return cmocka_run_group_tests_name("zone table", tests, NULL, NULL);
}
