/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone/difference.h and zone/intake.h: what another server sends becomes the zone, exactly or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dns/master.h"
#include "dns/record.h"
#include "fixture/folder.h"
#include "fixture/import.h"
#include "zone/difference.h"
#include "zone/history.h"
#include "zone/intake.h"

static const char head[] = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\na A 192.0.2.1\na A 192.0.2.2\n"
			   "3.2.1 TXT \"x\"\n";
static const char start[] = "example. 60 IN NS ns.example.\n3.2.1.example. 60 IN TXT \"x\"\n"
			    "a.example. 60 IN A 192.0.2.1\na.example. 60 IN A 192.0.2.2\n";

static char folder[FOLDER_ROOM];
static struct store *store;
static struct zone_table *table;
static struct zone *zone;

static int zone_begin(void **state)
{
	struct text fault = { 0 };
	char path[FOLDER_PATH_ROOM];
	struct store_txn *txn;

	(void)state;
	assert_int_equal(folder_make(folder), 0);
	folder_path(path, folder, "store");
	assert_int_equal(store_open(&store, path, &fault), 0);
	assert_int_equal(zone_table_new(&table, 1), 0);
	zone = zone_table_at(table, 0);
	memcpy(zone->apex, "\7example", 9);
	zone->log_size = 1 << 20;
	zone->naptr_check = true;
	assert_int_equal(zone_table_index(table), 0);
	assert_int_equal(folder_write(folder, "zone", head, strlen(head)), 0);
	folder_path(path, folder, "zone");
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(import_file(txn, zone, path, &fault), 0);
	assert_int_equal(store_write_commit(txn), 0);
	text_done(&fault);
	return 0;
}

static int zone_end(void **state)
{
	(void)state;
	store_close(store);
	zone_table_free(table);
	folder_remove(folder);
	return 0;
}

/* --- records as text --- */

struct gathering {
	struct text *steps;    /* of differences, */
	bool removed;          /* on this side; */
	struct intake *intake; /* or a whole zone */
};

static int gather(const struct record *r, const struct master_place *place, void *arg)
{
	struct gathering *g = arg;

	(void)place;
	return g->intake != NULL ? intake_put(g->intake, r) :
				   difference_add(g->steps, r, g->removed);
}

static int gather_text(struct gathering *g, const char *text)
{
	static const struct master_handler handler = { .record = gather };

	return master_read_text(slice_text(text), "", zone->apex, 60, &handler, g);
}

/* Steps by lines "-RECORD" and "+RECORD". */
static void make_steps(struct text *ret, const char *lines)
{
	char copy[1024], *rest = copy, *line;

	snprintf(copy, sizeof(copy), "%s", lines);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		struct gathering g = { .steps = ret, .removed = *line == '-' };

		assert_int_equal(gather_text(&g, line + 1), 0);
	}
}

/* All records but the SOA, and the serial. */
static uint32_t zone_read(struct text *ret)
{
	struct store_walk *walk;
	struct store_txn *txn;
	struct store_zone record;
	knot_dname_storage_t name;
	struct rrset_record soa;
	struct node node;
	struct rrset set;
	uint32_t serial = 0;

	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone->apex, &record), 0);
	assert_int_equal(store_walk_begin(&walk, txn, &record, zone->apex, zone->apex), 0);
	while (store_walk_next(walk, name, &node) > 0) {
		if (apex_soa(&node, &soa))
			memcpy(&serial, soa.rdata.data + soa.rdata.size - 20, sizeof(serial));
		for (size_t i = 0; node_at(&node, i, &set); i++)
			for (size_t pos = 0;
			     set.type != KNOT_RRTYPE_SOA && rrset_next(&set, &pos, &soa);) {
				struct record r = { name, set.type, KNOT_CLASS_IN, soa.ttl,
						    soa.rdata };

				record_format(ret, &r);
				text_puts(ret, "\n");
			}
	}
	store_walk_end(walk);
	store_read_end(txn);
	return be32toh(serial);
}

static void assert_zone(uint32_t serial, const char *records)
{
	struct text text = { 0 };

	assert_int_equal(zone_read(&text), serial);
	assert_string_equal(text_get(&text), records);
	text_done(&text);
}

/* --- differences --- */

static int apply(const char *lines, struct difference_result *ret)
{
	struct change_origin by = { .time = 1000 };
	struct change_group group;
	struct arena arena = { 0 };
	struct text steps = { 0 };
	struct store_txn *txn;

	make_steps(&steps, lines);
	assert_int_equal(store_write_begin(store, &txn), 0);
	group_begin(&group, &arena, txn);
	int err = difference_apply(&group, zone, slice_make(steps.data, steps.size), &by, ret);
	if (err == 0)
		err = group_end(&group) > 0 ? store_write_commit(txn) : -ENODATA;
	else
		store_write_abort(txn);
	arena_done(&arena);
	text_done(&steps);
	return err;
}

static void steps_are_made_one_after_another(void **state)
{
	struct difference_result result;

	(void)state;
	assert_int_equal(apply("-@ SOA ns h 1 2 3 4 5\n-a A 192.0.2.1\n"
			       "+@ SOA ns h 5 2 3 4 5\n+b A 192.0.2.3\n+www.other. A 192.0.2.9\n"
			       "-@ SOA ns h 5 2 3 4 5\n-b A 192.0.2.3\n-3.2.1 TXT \"x\"\n"
			       "+@ SOA ns h 9 2 3 4 5\n+4.2.1 TXT \"y\"\n"
			       "+c NAPTR 1 1 \"u\" \"E2U+sip\" \"nonsense\" .\n",
			       &result),
			 0);
	assert_int_equal(result.changes, 2);
	assert_int_equal(result.before, 1);
	assert_int_equal(result.after, 9);
	assert_int_equal(result.outside, 1);
	assert_zone(9, "example. 60 IN NS ns.example.\n4.2.1.example. 60 IN TXT \"y\"\n"
		       "a.example. 60 IN A 192.0.2.2\n"
		       "c.example. 60 IN NAPTR 1 1 \"u\" \"E2U+sip\" \"nonsense\" .\n");
}

static void each_step_is_an_entry_of_the_change_log(void **state)
{
	static const uint32_t serials[][2] = { { 1, 2 }, { 2, 7 } };
	struct difference_result result;
	struct store_zone record;
	struct store_txn *txn;

	(void)state;
	assert_int_equal(apply("-@ SOA ns h 1 2 3 4 5\n+@ SOA ns h 2 2 3 4 5\n+b A 192.0.2.3\n"
			       "-@ SOA ns h 2 2 3 4 5\n+@ SOA ns h 7 2 3 4 5\n",
			       &result),
			 0);
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone->apex, &record), 0);
	assert_int_equal(record.log_next - record.log_first, 3); /* the first is the file's */
	for (size_t i = 0; i < 2; i++) {
		struct history history;
		struct slice entry;

		assert_int_equal(store_log_get(txn, &record, record.log_first + 1 + i, &entry), 0);
		assert_int_equal(history_read(entry, &history), 0);
		assert_int_equal(history.serial_before, serials[i][0]);
		assert_int_equal(history.serial_after, serials[i][1]);
	}
	store_read_end(txn);
}

static const struct {
	const char *steps, *why, *name;
} misfits[] = {
	{ "-@ SOA ns h 2 2 3 4 5\n+@ SOA ns h 3 2 3 4 5\n",
	  "the differences begin at another serial", "\7example" },
	{ "-@ SOA ns h 1 2 3 4 5\n-b A 192.0.2.1\n+@ SOA ns h 2 2 3 4 5\n",
	  "a record that is to go is not there", "\1b\7example" },
	{ "-@ SOA ns h 1 2 3 4 5\n-a A 192.0.2.3\n+@ SOA ns h 2 2 3 4 5\n",
	  "a record that is to go is not there", "\1a\7example" },
	{ "-@ SOA ns h 1 2 3 4 5\n+@ SOA ns h 2 2 3 4 5\n+a A 192.0.2.2\n",
	  "a record that comes is there already", "\1a\7example" },
	{ "-@ SOA ns h 1 2 3 4 5\n+@ SOA ns h 2 2 3 4 5\n+a CNAME b\n",
	  "a name with a CNAME has no other records", "\1a\7example" },
	{ "-@ SOA ns h 1 2 3 4 5\n+@ SOA ns h 2 2 3 4 5\n+b SOA ns h 2 2 3 4 5\n",
	  "SOA stands at the zone's own name only", "\1b\7example" },
	{ "+b A 192.0.2.1\n", "the differences do not begin with a SOA record", "\1b\7example" },
};

static void what_does_not_fit_leaves_the_zone_as_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(misfits) / sizeof(misfits[0]); i++) {
		struct difference_result result;

		assert_int_equal(apply(misfits[i].steps, &result), -EINVAL);
		assert_string_equal(result.why, misfits[i].why);
		assert_true(knot_dname_is_equal(result.name, (const uint8_t *)misfits[i].name));
		assert_zone(1, start);
	}
}

/* --- whole zones --- */

static int take_in(const char *text, uint64_t *outside, struct text *why)
{
	const struct change_origin by = { .time = 1000 };
	struct gathering g = { 0 };
	struct import_serial serial;
	struct pack_result packed;
	struct store_load *load;
	struct store_txn *txn;

	assert_int_equal(intake_new(&g.intake, zone, folder), 0);
	int err = gather_text(&g, text);
	if (err == 0)
		err = intake_end(g.intake, &packed);
	text_puts(why, intake_fault(g.intake));
	*outside = intake_outside(g.intake);
	if (err == 0) {
		assert_int_equal(store_load_new(&load, &packed, zone->apex_labels), 0);
		assert_int_equal(import_load(store, load, NULL, NULL), 0);
		assert_int_equal(store_write_begin(store, &txn), 0);
		assert_int_equal(import_switch_copy(txn, zone, load, &by, &serial), 0);
		assert_int_equal(store_write_commit(txn), 0);
		store_load_free(load);
	}
	intake_free(g.intake);
	return err;
}

static void a_whole_zone_takes_the_place_of_the_old_one_with_its_serial(void **state)
{
	struct text why = { 0 };
	uint64_t outside;

	(void)state;
	/* in no order, a name twice, and the serial is older than the one before */
	assert_int_equal(take_in("@ SOA ns h 4294967290 2 3 4 5\nb A 192.0.2.7\n@ NS ns\n"
				 "9.8.7 TXT \"z\"\nwww.other. A 192.0.2.9\nb A 192.0.2.8\n"
				 "c NAPTR 1 1 \"u\" \"E2U+sip\" \"nonsense\" .\nB TXT \"t\"\n",
				 &outside, &why),
			 0);
	assert_int_equal(outside, 1);
	assert_zone(4294967290, "example. 60 IN NS ns.example.\n9.8.7.example. 60 IN TXT \"z\"\n"
				"b.example. 60 IN A 192.0.2.7\nb.example. 60 IN A 192.0.2.8\n"
				"b.example. 60 IN TXT \"t\"\n"
				"c.example. 60 IN NAPTR 1 1 \"u\" \"E2U+sip\" \"nonsense\" .\n");
	text_done(&why);
}

static void a_zone_that_cannot_be_kept_is_refused_by_name(void **state)
{
	static const struct {
		const char *text, *why;
	} table_of[] = {
		{ "@ SOA ns h 2 2 3 4 5\nb A 192.0.2.7\nb CNAME c\n",
		  "b.example.: a name with a CNAME has no other records\n" },
		{ "@ SOA ns h 2 2 3 4 5\nb CNAME c\nd A 192.0.2.1\nb A 192.0.2.7\n",
		  "b.example.: a name with a CNAME has no other records\n" },
		{ "@ SOA ns h 2 2 3 4 5\nb SOA ns h 2 2 3 4 5\n",
		  "b.example.: SOA stands at the zone's own name only\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table_of) / sizeof(table_of[0]); i++) {
		struct text why = { 0 };
		uint64_t outside;

		assert_int_equal(take_in(table_of[i].text, &outside, &why), -EINVAL);
		assert_string_equal(text_get(&why), table_of[i].why);
		assert_zone(1, start);
		text_done(&why);
	}
}

static void when_a_copy_was_good_is_kept_beside_it(void **state)
{
	struct store_zone record;
	struct store_txn *txn;
	uint64_t time;

	(void)state;
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_checked_get(txn, zone->apex, &time), -ENOENT);
	assert_int_equal(store_checked_put(txn, (const uint8_t *)"\7EXAMPLE", UINT64_C(1) << 40),
			 0);
	assert_int_equal(store_write_commit(txn), 0);
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_checked_get(txn, zone->apex, &time), 0);
	assert_int_equal(time, UINT64_C(1) << 40);
	assert_int_equal(store_zone_get(txn, zone->apex, &record), 0);
	store_read_end(txn);
	assert_zone(1, start);
}

int main(void)
{
#define ZONE_TEST(name) cmocka_unit_test_setup_teardown(name, zone_begin, zone_end)
	const struct CMUnitTest tests[] = {
		ZONE_TEST(steps_are_made_one_after_another),
		ZONE_TEST(each_step_is_an_entry_of_the_change_log),
		ZONE_TEST(what_does_not_fit_leaves_the_zone_as_it_was),
		ZONE_TEST(a_whole_zone_takes_the_place_of_the_old_one_with_its_serial),
		ZONE_TEST(a_zone_that_cannot_be_kept_is_refused_by_name),
		ZONE_TEST(when_a_copy_was_good_is_kept_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
