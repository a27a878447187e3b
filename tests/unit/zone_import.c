/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone/import.h: a zone from a master file, or what is wrong with it and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <libknot/libknot.h>
#include <stdlib.h>
#include <string.h>

#include "dns/record.h"
#include "fixture/folder.h"
#include "fixture/import.h"
#include "zone/import_batch.h"

static char folder[FOLDER_ROOM];
static struct store *store;
static struct zone_table *table;
static struct zone *zone;

static int store_begin(void **state)
{
	struct text fault = { 0 };
	char path[FOLDER_PATH_ROOM];

	(void)state;
	if (folder_make(folder) != 0)
		return -1;
	folder_path(path, folder, "store");
	if (store_open(&store, path, &fault) != 0 || zone_table_new(&table, 1) != 0)
		return -1;
	zone = zone_table_at(table, 0);
	memcpy(zone->apex, "\7example", 9);
	zone->naptr_check = true;
	text_done(&fault);
	return zone_table_index(table);
}

static int store_end(void **state)
{
	(void)state;
	store_close(store);
	zone_table_free(table);
	folder_remove(folder);
	return 0;
}

/* Imports this text; the transaction is open afterwards. Faults lose the folder's name. */
static int import(struct store_txn **txn, const char *text, struct text *fault)
{
	char path[FOLDER_PATH_ROOM];
	struct text raw = { 0 };

	assert_int_equal(folder_write(folder, "zone", text, strlen(text)), 0);
	folder_path(path, folder, "zone");
	assert_int_equal(store_write_begin(store, txn), 0);
	int err = import_file(*txn, zone, path, &raw);
	const char *at = text_get(&raw);
	for (const char *found; (found = strstr(at, folder)) != NULL;) {
		text_add(fault, at, (size_t)(found - at));
		at = found + strlen(folder) + 1;
	}
	text_puts(fault, at);
	text_done(&raw);
	return err;
}

static void zone_show(struct text *ret, struct store_txn *txn)
{
	struct store_walk *walk;
	knot_dname_storage_t name;
	struct store_zone record;
	struct node node;
	struct rrset set;
	struct rrset_record rr;

	assert_int_equal(store_zone_get(txn, zone->apex, &record), 0);
	assert_int_equal(store_walk_begin(&walk, txn, &record, zone->apex, zone->apex), 0);
	while (store_walk_next(walk, name, &node) > 0)
		for (size_t i = 0; node_at(&node, i, &set); i++)
			for (size_t pos = 0; rrset_next(&set, &pos, &rr);) {
				struct record r = { name, set.type, KNOT_CLASS_IN, rr.ttl,
						    rr.rdata };

				record_format(ret, &r);
				text_puts(ret, "\n");
			}
	store_walk_end(walk);
}

#define HEAD "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n"
#define SHOWN "example. 60 IN NS ns.example.\nexample. 60 IN SOA ns.example. h.example. 1 2 3 4 5\n"

static void a_file_becomes_a_zone(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ HEAD, SHOWN },
		{ "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\n", SHOWN },
		/* a name in several places of the file, in any case */
		{ HEAD "a A 192.0.2.1\nb A 192.0.2.9\nA TXT \"x\"\na A 192.0.2.2\na A 192.0.2.1\n",
		  SHOWN "a.example. 60 IN A 192.0.2.1\na.example. 60 IN A 192.0.2.2\n"
			"a.example. 60 IN TXT \"x\"\nb.example. 60 IN A 192.0.2.9\n" },
		{ "$TTL 60\na A 192.0.2.1\n@ NS ns\n@ SOA ns h 1 2 3 4 5\n",
		  SHOWN "a.example. 60 IN A 192.0.2.1\n" },
		/* the case of names in data stays */
		{ HEAD "a CNAME WWW.Example.COM.\n",
		  SHOWN "a.example. 60 IN CNAME WWW.Example.COM.\n" },
		{ HEAD "*.a NAPTR 1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .\n",
		  SHOWN "*.a.example. 60 IN NAPTR 1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .\n" },
		{ HEAD "\\000.x TXT \"\"\n", SHOWN "\\000.x.example. 60 IN TXT \"\"\n" },
		{ HEAD "a TYPE65280 \\# 2 0102\n",
		  SHOWN "a.example. 60 IN TYPE65280 \\# 2 0102\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text fault = { 0 }, text = { 0 };
		struct store_txn *txn;

		if (import(&txn, rows[i].in, &fault) != 0)
			fail_msg("row %zu: %s", i, text_get(&fault));
		assert_string_equal(text_get(&fault), "");
		zone_show(&text, txn);
		assert_string_equal(text_get(&text), rows[i].out);
		store_write_abort(txn);
		text_done(&text);
		text_done(&fault);
	}
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "zone: the zone has no SOA record\n" },
		{ "$TTL 60\n@ NS ns\n", "zone: the zone has no SOA record\n" },
		{ "$TTL 60\n@ SOA ns h 1 2 3 4 5\n",
		  "zone: the zone has no NS record at its own name\n" },
		{ HEAD "a.other. A 192.0.2.1\n", "zone:4: the name is not in the zone\n" },
		{ HEAD "a CH A 192.0.2.1\n", NULL },
		{ HEAD "a SOA ns h 1 2 3 4 5\n",
		  "zone:4: SOA stands at the zone's own name only\n" },
		{ HEAD "@ SOA ns h 2 2 3 4 5\n",
		  "zone:4: this type has one record for a name, and there is one already\n" },
		{ HEAD "a CNAME b\na CNAME c\n",
		  "zone:5: this type has one record for a name, and there is one already\n" },
		{ HEAD "a DNAME b\na DNAME c\n",
		  "zone:5: this type has one record for a name, and there is one already\n" },
		{ HEAD "a CNAME b\na A 192.0.2.1\n",
		  "zone:5: a name with a CNAME has no other records\n" },
		{ HEAD "a A 192.0.2.1\na CNAME b\n",
		  "zone:5: a name with a CNAME has no other records\n" },
		{ HEAD "a CNAME b\nc A 192.0.2.1\na A 192.0.2.1\n",
		  "zone:6: a name with a CNAME has no other records\n" },
		{ HEAD "a A 192.0.2.300\n", NULL },
		{ HEAD "a TYPE255 \\# 0\n", "zone:4: this type is not for data\n" },
		{ HEAD "a NAPTR 1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b\" .\n", NULL },
		{ HEAD "a.other. A 192.0.2.1\nb A x\nc.other. A 192.0.2.1\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text fault = { 0 };
		struct store_txn *txn;

		int err = import(&txn, rows[i].in, &fault);
		store_write_abort(txn);
		if (err != -EINVAL)
			fail_msg("row %zu: %d", i, err);
		if (rows[i].out != NULL && strcmp(text_get(&fault), rows[i].out) != 0)
			fail_msg("row %zu: %s", i, text_get(&fault));
		assert_memory_equal(text_get(&fault), "zone:", 5);
		text_done(&fault);
	}
}

static void a_duplicate_is_no_fault(void **state)
{
	struct text fault = { 0 };
	struct store_txn *txn;

	(void)state;
	assert_int_equal(import(&txn, HEAD "a CNAME b\na CNAME B\n@ SOA NS h 1 2 3 4 5\n", &fault),
			 0);
	store_write_abort(txn);
	text_done(&fault);
}

static void of_many_faults_the_first_twenty_are_told(void **state)
{
	struct text zone_text = { 0 }, fault = { 0 };
	struct store_txn *txn;
	size_t lines = 0;

	(void)state;
	text_puts(&zone_text, HEAD);
	for (int i = 0; i < 25; i++)
		text_puts(&zone_text, "a.other. A 192.0.2.1\n");
	assert_int_equal(import(&txn, text_get(&zone_text), &fault), -EINVAL);
	for (size_t i = 0; i < fault.size; i++)
		lines += fault.data[i] == '\n';
	assert_int_equal(lines, 21);
	assert_non_null(strstr(fault.data, "zone: and 5 more\n"));
	store_write_abort(txn);
	text_done(&zone_text);
	text_done(&fault);
}

static void a_file_that_is_not_there_is_told(void **state)
{
	struct text fault = { 0 };
	struct store_txn *txn;

	(void)state;
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_true(import_file(txn, zone, "/nowhere/zone", &fault) < 0);
	assert_non_null(strstr(text_get(&fault), "/nowhere/zone"));
	assert_non_null(strstr(text_get(&fault), "No such file"));
	store_write_abort(txn);
	text_done(&fault);
}

static void a_new_file_takes_the_place_of_the_old_zone(void **state)
{
	struct text fault = { 0 }, text = { 0 };
	struct store_txn *txn;

	(void)state;
	assert_int_equal(import(&txn, HEAD "old A 192.0.2.1\n", &fault), 0);
	assert_int_equal(store_write_commit(txn), 0);
	assert_int_equal(import(&txn, HEAD "new A 192.0.2.1\n", &fault), 0);
	zone_show(&text, txn);
	/* the file's serial is not newer than the one that was served */
	assert_string_equal(text_get(&text), "example. 60 IN NS ns.example.\n"
					     "example. 60 IN SOA ns.example. h.example. 2 2 3 4 5\n"
					     "new.example. 60 IN A 192.0.2.1\n");
	store_write_abort(txn);
	text_done(&text);
	text_done(&fault);
}

/* What a part is given of the file before it does not grow with that. */
static void parts_of_a_file_stay_small(void **state)
{
	enum { ORIGINS = 100000, PART_ROOM = (1 << 20) + 4096 };
	struct text text = { 0 }, fault = { 0 };
	char path[FOLDER_PATH_ROOM];
	const struct import_source source = {
		.zone = zone, .form = &import_master, .path = path, .folder = folder
	};
	struct import_reader *reader;
	struct import_batch batch = { 0 };
	size_t parts = 0, names = 0;
	int there;

	(void)state;
	for (unsigned i = 0; i < ORIGINS; i++)
		text_printf(&text,
			    "$ORIGIN x%u.example.\n$TTL %u\n$ORIGIN y\na A 192.0.2.1\n"
			    "b A 192.0.2.2\n",
			    i, i);
	assert_int_equal(folder_write(folder, "zone", text_get(&text), text.size), 0);
	folder_path(path, folder, "zone");
	assert_int_equal(import_batch_init(&batch, &source), 0);
	assert_int_equal(import_reader_new(&reader, &source, &fault), 0);
	while ((there = import_reader_next(reader, &batch, &fault)) > 0) {
		assert_true(batch.size < PART_ROOM);
		assert_int_equal(import_batch_run(&batch), 0);
		assert_int_equal(batch.faults, 0);
		names += batch.records;
		parts++;
	}
	assert_int_equal(there, 0);
	assert_true(parts > 3);
	assert_int_equal(names, 2 * ORIGINS);
	import_reader_free(reader);
	import_batch_done(&batch);
	text_done(&text);
	text_done(&fault);
}

/* The first MiB has no place to cut, and is gone through twice. */
static void an_origin_before_a_long_comment_counts_once(void **state)
{
	enum { LINES = 30000 };
	struct text text = { 0 }, fault = { 0 };
	struct store_txn *txn;

	(void)state;
	text_puts(&text, "$ORIGIN y\n$TTL 60\n");
	for (size_t i = 0; i < LINES; i++)
		text_puts(&text, "; fifty octets of it, and nobody reads any of them\n");
	text_puts(&text, "a A 192.0.2.1\n");
	for (size_t i = 0; i < LINES; i++)
		text_puts(&text, "; as many of them once more, so that this is no end\n");
	text_puts(&text,
		  "example. SOA ns.example. h.example. 1 2 3 4 5\nexample. NS ns.example.\n");
	assert_int_equal(import(&txn, text_get(&text), &fault), 0);
	text_reset(&text);
	zone_show(&text, txn);
	store_write_abort(txn);
	assert_non_null(strstr(text_get(&text), "\na.y.example. 60 IN A 192.0.2.1\n"));
	text_done(&text);
	text_done(&fault);
}

static void a_zone_without_file_is_soa_and_ns(void **state)
{
	struct text text = { 0 };
	struct store_txn *txn;

	(void)state;
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(import_empty(txn, zone), 0);
	zone_show(&text, txn);
	assert_string_equal(text_get(&text), "example. 3600 IN NS example.\n"
					     "example. 3600 IN SOA example. hostmaster.example. "
					     "1 3600 600 604800 60\n");
	store_write_abort(txn);
	text_done(&text);
}

static void the_longest_apex_gets_its_soa_too(void **state)
{
	struct zone long_zone = { .apex_labels = 127, .apex_size = 255 };
	struct store_zone record;
	struct store_txn *txn;
	struct node node;
	struct rrset set;

	(void)state;
	for (size_t i = 0; i < 127; i++)
		memcpy(long_zone.apex + 2 * i, "\1x", 2);
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(import_empty(txn, &long_zone), 0);
	assert_int_equal(store_zone_get(txn, long_zone.apex, &record), 0);
	assert_int_equal(store_node_get(txn, &record, long_zone.apex, &node), 0);
	assert_true(node_find(&node, KNOT_RRTYPE_SOA, &set));
	assert_true(node_find(&node, KNOT_RRTYPE_NS, &set));
	store_write_abort(txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_becomes_a_zone),
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(a_duplicate_is_no_fault),
		cmocka_unit_test(of_many_faults_the_first_twenty_are_told),
		cmocka_unit_test(a_file_that_is_not_there_is_told),
		cmocka_unit_test(a_new_file_takes_the_place_of_the_old_zone),
		cmocka_unit_test(parts_of_a_file_stay_small),
		cmocka_unit_test(an_origin_before_a_long_comment_counts_once),
		cmocka_unit_test(a_zone_without_file_is_soa_and_ns),
		cmocka_unit_test(the_longest_apex_gets_its_soa_too),
	};

	return cmocka_run_group_tests_name("zone import", tests, store_begin, store_end);
}
