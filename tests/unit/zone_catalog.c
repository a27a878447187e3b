/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone/catalog.h and zone/membership.h: RFC 9432 on a store, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <stdio.h>
#include <string.h>

#include "dns/record.h"
#include "fixture/folder.h"
#include "fixture/import.h"
#include "zone/catalog.h"
#include "zone/membership.h"

static char folder[FOLDER_ROOM];
static struct store *store;
static struct zone_table *table; /* cat1., cat2., and mine., which is declared */
static struct arena arena;

static int begin(void **state)
{
	static const char *const names[] = { "\4cat1", "\4cat2", "\4mine" };
	struct text fault = { 0 };
	char path[FOLDER_PATH_ROOM];

	(void)state;
	assert_int_equal(folder_make(folder), 0);
	folder_path(path, folder, "store");
	assert_int_equal(store_open(&store, path, &fault), 0);
	assert_int_equal(zone_table_new(&table, 3), 0);
	for (size_t i = 0; i < 3; i++) {
		memcpy(zone_table_at(table, i)->apex, names[i], 6);
		zone_table_at(table, i)->log_size = 1 << 20;
	}
	assert_int_equal(zone_table_index(table), 0);
	text_done(&fault);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_done(&arena);
	store_close(store);
	zone_table_free(table);
	folder_remove(folder);
	return 0;
}

/* A catalog of these lines behind SOA, NS and the version that is given. */
static void put_catalog(size_t index, const char *version, const char *lines)
{
	struct text fault = { 0 }, text = { 0 };
	char path[FOLDER_PATH_ROOM];
	struct store_txn *txn;

	text_printf(&text, "$TTL 0\n@ SOA ns h 1 2 3 4 5\n@ NS invalid.\n%s%s", version, lines);
	assert_int_equal(folder_write(folder, "zone", text.data, text.size), 0);
	folder_path(path, folder, "zone");
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(import_file(txn, zone_table_at(table, index), path, &fault), 0);
	assert_int_equal(store_write_commit(txn), 0);
	text_done(&text);
	text_done(&fault);
}

#define VERSION "version TXT \"2\"\n"

static int read_catalog(size_t index, struct catalog *ret, const char **why)
{
	struct store_txn *txn;

	assert_int_equal(store_read_begin(store, &txn), 0);
	int err = catalog_read(ret, &arena, txn, zone_table_at(table, index)->apex, why);
	store_read_end(txn);
	return err;
}

static void show_name(struct text *text, const knot_dname_t *name)
{
	knot_dname_txt_storage_t storage;

	assert_non_null(knot_dname_to_str(storage, name, sizeof(storage)));
	text_puts(text, storage);
}

/* "ZONE LABEL coo=NAME groups" for each member, in a text that is the test's. */
static struct text show(const struct catalog *catalog)
{
	struct text text = { 0 };

	for (size_t i = 0; i < catalog->count; i++) {
		const struct catalog_member *m = &catalog->member[i];

		show_name(&text, m->zone);
		text_printf(&text, " %.*s", (int)m->label.size, m->label.data);
		if (m->coo != NULL) {
			text_puts(&text, " coo=");
			show_name(&text, m->coo);
		}
		for (size_t at = 0; at < m->groups.size; at += 1 + (size_t)m->groups.data[at])
			text_printf(&text, " [%.*s]", m->groups.data[at], m->groups.data + at + 1);
		text_puts(&text, "\n");
	}
	return text;
}

static void a_catalog_says_which_zones_and_what_of_them(void **state)
{
	struct catalog catalog;
	const char *why = NULL;

	(void)state;
	put_catalog(0, VERSION,
		    "b.zones PTR B.example.\n"
		    "a.zones PTR c.example.\ngroup.a.zones TXT \"gold\" \"old\"\n"
		    "group.a.zones TXT \"other\"\ncoo.a.zones PTR CAT2.\n"
		    "group.b.b.zones TXT \"too deep\"\ngroup.none.zones TXT \"no member's\"\n"
		    "unknown.b.zones TXT \"ignored\"\nunknown TXT \"ignored\"\n"
		    "label.zones A 192.0.2.1\nzones TXT \"nothing\"\n");
	assert_int_equal(read_catalog(0, &catalog, &why), 0);

	struct text text = show(&catalog);
	assert_string_equal(text.data, "b.example. b\n"
				       "c.example. a coo=cat2. [gold] [old] [other]\n");
	text_done(&text);
	assert_true(catalog_has_group(catalog.member[1].groups, "old"));
	assert_false(catalog_has_group(catalog.member[1].groups, "ol"));
	assert_ptr_equal(catalog_find(&catalog, (const uint8_t *)"\1b\7example"),
			 &catalog.member[0]);
	assert_null(catalog_find(&catalog, (const uint8_t *)"\1a\7example"));
}

static void a_broken_catalog_says_nothing(void **state)
{
	static const struct {
		const char *version, *lines, *why;
	} table_[] = {
		{ "", "", "it has no version" },
		{ "version A 192.0.2.1\n", "", "it has no version" },
		{ "version TXT \"1\"\n", "", "its version is not 2" },
		{ "version TXT \"2\" \"2\"\n", "", "its version is not 2" },
		{ "version TXT \"2\"\nversion TXT \"3\"\n", "", "it has several versions" },
		{ VERSION, "a.zones PTR a.example.\na.zones PTR b.example.\n",
		  "a member or a property has several PTR records" },
		{ VERSION, "a.zones PTR a.example.\ncoo.a.zones PTR cat2.\ncoo.a.zones PTR cat3.\n",
		  "a member or a property has several PTR records" },
		{ VERSION, "a.zones PTR a.example.\nb.zones PTR A.example.\n",
		  "it lists a zone twice" },
	};
	struct catalog catalog;

	(void)state;
	for (size_t i = 0; i < sizeof(table_) / sizeof(table_[0]); i++) {
		const char *why = NULL;

		put_catalog(0, table_[i].version, table_[i].lines);
		assert_int_equal(read_catalog(0, &catalog, &why), -EPROTO);
		assert_string_equal(why, table_[i].why);
	}
}

static void a_catalog_that_is_not_there_is_told_apart(void **state)
{
	struct catalog catalog;
	const char *why = NULL;

	(void)state;
	assert_int_equal(read_catalog(0, &catalog, &why), -ENOENT);
}

static int write_catalog(const char *const *zone, const char *const *group, size_t count)
{
	struct catalog_member member[8] = { 0 };
	struct change_group changes;
	struct store_txn *txn;

	for (size_t i = 0; i < count; i++) {
		member[i].zone = name_parse(&arena, NULL, zone[i]);
		if (group[i] != NULL)
			member[i].groups = slice_text(group[i]);
	}
	assert_int_equal(store_write_begin(store, &txn), 0);
	group_begin(&changes, &arena, txn);
	int result = catalog_write(&changes, &arena, zone_table_at(table, 0), member, count);
	if (result == 1) {
		assert_int_equal(group_end(&changes), 1);
		assert_int_equal(store_write_commit(txn), 0);
	} else {
		store_write_abort(txn);
	}
	return result;
}

static void what_is_written_is_read_and_written_once(void **state)
{
	static const char *const zones[] = { "a.example", "b.example", "c.example" };
	static const char *const groups[] = { NULL, "\4gold", NULL };
	struct catalog before, after;
	const char *why = NULL;

	(void)state;
	put_catalog(0, "junk A 192.0.2.1\nx.zones PTR gone.example.\n", "");
	assert_int_equal(write_catalog(zones, groups, 3), 1);
	assert_int_equal(read_catalog(0, &before, &why), 0);
	assert_int_equal(before.count, 3);
	assert_true(catalog_has_group(before.member[1].groups, "gold"));
	assert_int_equal(write_catalog(zones, groups, 3), 0);

	/* the labels of those that stay do not change when another one goes */
	assert_int_equal(write_catalog(zones + 1, groups + 1, 2), 1);
	assert_int_equal(read_catalog(0, &after, &why), 0);
	assert_int_equal(after.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_true(slice_equal(after.member[i].label, before.member[i + 1].label));
}

static void the_same_zone_twice_is_not_written(void **state)
{
	static const char *const zones[] = { "a.example", "a.example" };
	static const char *const groups[] = { NULL, NULL };

	(void)state;
	put_catalog(0, VERSION, "");
	assert_int_equal(write_catalog(zones, groups, 2), -EEXIST);
}

/* Plans with both catalogs, cat2 broken where there is none in the store, and does what comes out. */
static struct text plan(void)
{
	static const char *const fates[] = { "kept", "changed",  "new",    "reset",
					     "gone", "declared", "clashes" };
	struct catalog_source source[2] = { 0 };
	struct memberships noted;
	struct membership_plan p;
	struct text text = { 0 };
	struct store_txn *txn;
	const char *why;

	assert_int_equal(store_write_begin(store, &txn), 0);
	for (size_t i = 0; i < 2; i++) {
		source[i].apex = zone_table_at(table, i)->apex;
		source[i].broken =
			catalog_read(&source[i].now, &arena, txn, source[i].apex, &why) != 0;
	}
	assert_int_equal(membership_read(&noted, &arena, txn), 0);
	assert_int_equal(membership_plan(&p, &arena, &noted, source, 2, table), 0);
	for (size_t i = 0; i < p.count; i++) {
		struct slice note = { 0 };
		enum membership_fate fate = p.step[i].fate;

		show_name(&text, p.step[i].now.zone);
		text_printf(&text, " %s ", fates[fate]);
		show_name(&text, p.step[i].now.catalog);
		text_puts(&text, "\n");
		if (fate == MEMBER_CLASHES)
			continue;
		if (fate != MEMBER_GONE && fate != MEMBER_DECLARED && fate != MEMBER_RESET)
			assert_int_equal(membership_format(&note, &arena, &p.step[i].now), 0);
		assert_int_equal(store_member_put(txn, p.step[i].now.zone, note), 0);
	}
	assert_int_equal(store_write_commit(txn), 0);
	return text;
}

#define ASSERT_PLAN(wanted)                                   \
	do {                                                  \
		struct text came = plan();                    \
		assert_string_equal(text_get(&came), wanted); \
		text_done(&came);                             \
	} while (0)

static void zones_come_stay_and_go(void **state)
{
	(void)state;
	put_catalog(0, VERSION, "a.zones PTR a.\nb.zones PTR b.\nm.zones PTR mine.\n");
	ASSERT_PLAN("a. new cat1.\nb. new cat1.\nmine. clashes cat1.\n");
	ASSERT_PLAN("a. kept cat1.\nb. kept cat1.\nmine. clashes cat1.\n");

	/* 5.4: another label */
	put_catalog(0, VERSION, "z.zones PTR a.\nb.zones PTR b.\ngroup.b.zones TXT g\n");
	ASSERT_PLAN("a. reset cat1.\nb. changed cat1.\n");
	ASSERT_PLAN("b. kept cat1.\na. new cat1.\n");

	/* 5.1: what is broken changes nothing */
	put_catalog(0, "version TXT \"3\"\n", "");
	ASSERT_PLAN("a. kept cat1.\nb. kept cat1.\n");

	put_catalog(0, VERSION, "b.zones PTR b.\ngroup.b.zones TXT g\n");
	ASSERT_PLAN("a. gone cat1.\nb. kept cat1.\n");
	ASSERT_PLAN("b. kept cat1.\n");
}

static void a_zone_that_another_catalog_has_is_left_alone(void **state)
{
	(void)state;
	put_catalog(0, VERSION, "a.zones PTR a.\nb.zones PTR b.\n");
	put_catalog(1, VERSION, "x.zones PTR a.\n");
	ASSERT_PLAN("a. new cat1.\nb. new cat1.\na. clashes cat2.\n");
	ASSERT_PLAN("a. kept cat1.\nb. kept cat1.\na. clashes cat2.\n");

	/* the first one lets it go: the second one begins it anew */
	put_catalog(0, VERSION, "b.zones PTR b.\n");
	ASSERT_PLAN("a. reset cat2.\nb. kept cat1.\n");
	ASSERT_PLAN("b. kept cat1.\na. new cat2.\n");
}

static void a_zone_moves_where_its_catalog_says(void **state)
{
	(void)state;
	put_catalog(0, VERSION,
		    "a.zones PTR a.\ncoo.a.zones PTR cat2.\nb.zones PTR b.\n"
		    "coo.b.zones PTR cat2.\n");
	ASSERT_PLAN("a. new cat1.\nb. new cat1.\n"); /* cat2 is not there yet */

	/* 5.5: with its records where the label stays */
	put_catalog(1, VERSION, "a.zones PTR a.\nother.zones PTR b.\n");
	ASSERT_PLAN("a. changed cat2.\nb. reset cat2.\n");
	put_catalog(0, VERSION, "");
	ASSERT_PLAN("a. kept cat2.\nb. new cat2.\n");
	ASSERT_PLAN("a. kept cat2.\nb. kept cat2.\n");
}

/* Else it would go to and fro for ever. */
static void a_zone_that_is_sent_round_in_a_circle_stays(void **state)
{
	(void)state;
	put_catalog(0, VERSION, "a.zones PTR a.\n");
	put_catalog(1, VERSION, "a.zones PTR a.\ncoo.a.zones PTR cat1.\n");
	ASSERT_PLAN("a. new cat1.\na. clashes cat2.\n");
	put_catalog(0, VERSION, "a.zones PTR a.\ncoo.a.zones PTR cat2.\n");
	for (int i = 0; i < 3; i++)
		ASSERT_PLAN("a. kept cat1.\n");
	put_catalog(0, VERSION, "a.zones PTR a.\ncoo.a.zones PTR cat1.\n");
	ASSERT_PLAN("a. kept cat1.\n");
}

static void nobody_takes_a_zone_by_saying_that_it_moves(void **state)
{
	(void)state;
	put_catalog(0, VERSION, "a.zones PTR a.\n");
	put_catalog(1, VERSION, "");
	ASSERT_PLAN("a. new cat1.\n");
	put_catalog(1, VERSION, "a.zones PTR a.\ncoo.a.zones PTR cat2.\n");
	ASSERT_PLAN("a. kept cat1.\na. clashes cat2.\n");
}

static void a_zone_that_is_dropped_is_gone_with_its_log(void **state)
{
	struct store_zone record, before;
	struct store_txn *txn;

	(void)state;
	put_catalog(0, VERSION, "");
	write_catalog((const char *const[]){ "a.example" }, (const char *const[]){ NULL }, 1);
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone_table_at(table, 0)->apex, &before), 0);
	assert_int_equal(store_zone_drop(txn, zone_table_at(table, 0)->apex), 0);
	assert_int_equal(store_zone_drop(txn, zone_table_at(table, 1)->apex), -ENOENT);
	assert_int_equal(store_write_commit(txn), 0);
	while (store_sweep(store, 100) > 0)
		;

	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone_table_at(table, 0)->apex, &record), -ENOENT);
	store_read_end(txn);
	put_catalog(0, VERSION, "");
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone_table_at(table, 0)->apex, &record), 0);
	assert_true(record.log_next < before.log_next); /* a log of its own, from the start */
	store_read_end(txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(a_catalog_says_which_zones_and_what_of_them),
		TEST(a_broken_catalog_says_nothing),
		TEST(a_catalog_that_is_not_there_is_told_apart),
		TEST(what_is_written_is_read_and_written_once),
		TEST(the_same_zone_twice_is_not_written),
		TEST(zones_come_stay_and_go),
		TEST(a_zone_that_another_catalog_has_is_left_alone),
		TEST(a_zone_moves_where_its_catalog_says),
		TEST(a_zone_that_is_sent_round_in_a_circle_stays),
		TEST(nobody_takes_a_zone_by_saying_that_it_moves),
		TEST(a_zone_that_is_dropped_is_gone_with_its_log),
	};

	return cmocka_run_group_tests_name("zone catalog", tests, NULL, NULL);
}
