/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone/change.h and zone/history.h: changes are written whole, with a serial and an entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libknot/libknot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/rdata.h"
#include "dns/record.h"
#include "fixture/folder.h"
#include "fixture/import.h"
#include "zone/history.h"

enum {
	FIRST = 1
}; /* entry of the log: before it there is the one that tells how the zone was made */

static char folder[FOLDER_ROOM];
static struct store *store;
static struct zone_table *table;
static struct zone *zone;

/* The zone "example." with this serial. */
static void zone_begin(const char *serial)
{
	struct text fault = { 0 }, text = { 0 };
	char path[FOLDER_PATH_ROOM];
	struct store_txn *txn;

	assert_int_equal(folder_make(folder), 0);
	folder_path(path, folder, "store");
	assert_int_equal(store_open(&store, path, &fault), 0);
	assert_int_equal(zone_table_new(&table, 1), 0);
	zone = zone_table_at(table, 0);
	memcpy(zone->apex, "\7example", 9);
	zone->log_size = 1 << 20;
	assert_int_equal(zone_table_index(table), 0);

	text_printf(&text,
		    "$TTL 60\n@ SOA ns h %s 2 3 4 5\n@ NS ns\na A 192.0.2.1\na A 192.0.2.2\n",
		    serial);
	assert_int_equal(folder_write(folder, "zone", text.data, text.size), 0);
	folder_path(path, folder, "zone");
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(import_file(txn, zone, path, &fault), 0);
	assert_int_equal(store_write_commit(txn), 0);
	text_done(&text);
	text_done(&fault);
}

static void zone_end(void)
{
	store_close(store);
	zone_table_free(table);
	folder_remove(folder);
}

/* A change in a transaction of its own, and the arena that it lives in. */
struct trial {
	struct arena arena;
	struct store_txn *txn;
	struct change_group group;
	struct change change;
};

static void trial_begin(struct trial *t)
{
	*t = (struct trial){ 0 };
	assert_int_equal(store_write_begin(store, &t->txn), 0);
	group_begin(&t->group, &t->arena, t->txn);
	assert_int_equal(change_begin(&t->change, &t->arena, &t->group, zone), 0);
}

static int trial_end(struct trial *t, const struct change_origin *by)
{
	static const struct change_origin nobody;
	int changed = change_commit(&t->change, by != NULL ? by : &nobody);

	assert_int_equal(group_end(&t->group), changed > 0);
	if (changed > 0)
		assert_int_equal(store_write_commit(t->txn), 0);
	else
		store_write_abort(t->txn);
	arena_done(&t->arena);
	return changed;
}

static void put(struct trial *t, const char *name, uint16_t type, uint32_t ttl, const char *text)
{
	struct change_node *node = NULL;
	struct slice rdata = { 0 };
	const char *why = "";

	assert_int_equal(change_node(&t->change, name_parse(&t->arena, NULL, name), &node), 0);
	if (text == NULL) {
		edit_clear(&node->edit, type);
	} else {
		assert_int_equal(
			rdata_parse(&t->arena, &rdata, (const knot_dname_t *)"", type, text, &why),
			0);
		assert_true(edit_add(&node->edit, type, ttl, rdata) >= 0);
	}
}

static uint32_t serial(void)
{
	struct trial t;
	struct change_node *apex;
	struct rrset soa;
	struct rrset_record record;
	size_t pos = 0;

	trial_begin(&t);
	assert_int_equal(change_node(&t.change, zone->apex, &apex), 0);
	assert_true(edit_find(&apex->edit, KNOT_RRTYPE_SOA, &soa));
	assert_true(rrset_next(&soa, &pos, &record));
	uint32_t value = rdata_soa_serial(record.rdata);
	assert_int_equal(trial_end(&t, NULL), 0);
	return value;
}

static uint64_t snapshot(void)
{
	struct store_txn *txn;

	assert_int_equal(store_read_begin(store, &txn), 0);
	uint64_t value = store_snapshot(txn);
	store_read_end(txn);
	return value;
}

static void a_change_that_changes_nothing_writes_nothing(void **state)
{
	struct trial t;

	(void)state;
	zone_begin("1");
	uint64_t before = snapshot();
	trial_begin(&t);
	assert_int_equal(trial_end(&t, NULL), 0);

	trial_begin(&t);
	put(&t, "a.example.", KNOT_RRTYPE_A, 60, "192.0.2.1");
	put(&t, "b.example.", KNOT_RRTYPE_A, 60, NULL);
	assert_int_equal(trial_end(&t, NULL), 0);

	trial_begin(&t);
	put(&t, "b.example.", KNOT_RRTYPE_A, 60, "192.0.2.1");
	put(&t, "B.Example.", KNOT_RRTYPE_A, 60, NULL);
	assert_int_equal(trial_end(&t, NULL), 0);
	assert_int_equal(snapshot(), before);
	assert_int_equal(serial(), 1);
	zone_end();
}

static void the_serial_steps_by_one_and_over_zero(void **state)
{
	static const struct {
		const char *before;
		uint32_t after;
	} rows[] = { { "1", 2 },
		     { "0", 1 },
		     { "2147483647", 2147483648u },
		     { "4294967294", 4294967295u },
		     { "4294967295", 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trial t;

		zone_begin(rows[i].before);
		trial_begin(&t);
		put(&t, "b.example.", KNOT_RRTYPE_A, 60, "192.0.2.1");
		assert_int_equal(trial_end(&t, NULL), 1);
		assert_int_equal(serial(), rows[i].after);
		zone_end();
	}
}

static void a_serial_that_the_change_sets_itself_stays(void **state)
{
	struct trial t;

	(void)state;
	zone_begin("1");
	trial_begin(&t);
	put(&t, "example.", KNOT_RRTYPE_SOA, 60, "ns.example. h.example. 77 2 3 4 5");
	put(&t, "b.example.", KNOT_RRTYPE_A, 60, "192.0.2.1");
	assert_int_equal(trial_end(&t, NULL), 1);
	assert_int_equal(serial(), 77);
	zone_end();
}

/* Records of one side of an entry, a line each, in their order. */
static void side_show(struct text *ret, struct slice side)
{
	while (side.size > 0) {
		size_t owner = knot_dname_size(side.data);
		const uint8_t *at = side.data + owner;
		uint16_t size = (uint16_t)(at[8] << 8 | at[9]);
		struct record record = {
			.owner = side.data,
			.type = (uint16_t)(at[0] << 8 | at[1]),
			.rclass = KNOT_CLASS_IN,
			.ttl = (uint32_t)at[4] << 24 | (uint32_t)at[5] << 16 |
			       (uint32_t)at[6] << 8 | at[7],
			.rdata = slice_make(at + 10, size),
		};

		record_format(ret, &record);
		text_puts(ret, "\n");
		side = slice_make(at + 10 + size, side.size - owner - 10 - size);
	}
}

static void an_entry_of_the_log_tells_who_changed_what(void **state)
{
	struct change_origin by = { .key = (const knot_dname_t *)"\3ops",
				    .time = 1234567890123,
				    .mac = 0x1122334455667788,
				    .signed_at = 1234567890100 };
	struct sockaddr_in6 *peer = (struct sockaddr_in6 *)&by.peer;
	struct text removed = { 0 }, added = { 0 };
	struct store_zone record;
	struct history history;
	struct store_txn *txn;
	struct slice entry;
	struct trial t;

	(void)state;
	zone_begin("4294967295");
	peer->sin6_family = AF_INET6;
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &peer->sin6_addr), 1);
	trial_begin(&t);
	put(&t, "a.example.", KNOT_RRTYPE_A, 60, NULL);
	put(&t, "a.example.", KNOT_RRTYPE_A, 60, "192.0.2.2");
	put(&t, "b.example.", KNOT_RRTYPE_TXT, 7, "\"new\"");
	put(&t, "example.", KNOT_RRTYPE_NS, 90, "ns.example.");
	assert_int_equal(trial_end(&t, &by), 1);

	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone->apex, &record), 0);
	assert_int_equal(record.log_next, FIRST + 1);
	assert_int_equal(store_log_get(txn, &record, FIRST, &entry), 0);
	assert_int_equal(history_read(entry, &history), 0);
	assert_int_equal(history.serial_before, 4294967295u);
	assert_int_equal(history.serial_after, 1);
	assert_int_equal(history.kind, HISTORY_CHANGE);
	assert_int_equal(history.time, by.time);
	assert_true(slice_equal(history.key, slice_make("\3ops", 5)));
	assert_true(slice_equal(history.peer, slice_make(&peer->sin6_addr, 16)));
	side_show(&removed, history.removed);
	side_show(&added, history.added);
	assert_string_equal(text_get(&removed),
			    "example. 60 IN SOA ns.example. h.example. 4294967295 2 3 4 5\n"
			    "a.example. 60 IN A 192.0.2.1\n"
			    "example. 60 IN NS ns.example.\n");
	assert_string_equal(text_get(&added),
			    "example. 60 IN SOA ns.example. h.example. 1 2 3 4 5\n"
			    "b.example. 7 IN TXT \"new\"\n"
			    "example. 90 IN NS ns.example.\n");

	/* every cut of an entry is damage, or at least stays within it */
	for (size_t size = 0; size < entry.size - history.added.size; size++) {
		uint8_t *cut = malloc(size > 0 ? size : 1);

		memcpy(cut, entry.data, size);
		assert_int_equal(history_read(slice_make(cut, size), &history), -EBADMSG);
		free(cut);
	}
	store_read_end(txn);
	text_done(&removed);
	text_done(&added);
	zone_end();
}

static void the_server_itself_is_nobody(void **state)
{
	struct store_zone record;
	struct history history;
	struct store_txn *txn;
	struct slice entry;
	struct trial t;

	(void)state;
	zone_begin("1");
	trial_begin(&t);
	put(&t, "b.example.", KNOT_RRTYPE_A, 60, "192.0.2.1");
	assert_int_equal(trial_end(&t, NULL), 1);
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone->apex, &record), 0);
	assert_int_equal(store_log_get(txn, &record, FIRST, &entry), 0);
	assert_int_equal(history_read(entry, &history), 0);
	assert_int_equal(history.key.size, 0);
	assert_int_equal(history.peer.size, 0);
	assert_true(history.mac == 0);
	store_read_end(txn);
	zone_end();
}

static void many_names_in_one_change_are_all_written(void **state)
{
	enum { NAMES = 2000 };
	struct store_zone record;
	struct store_txn *txn;
	char name[32];
	struct trial t;

	(void)state;
	zone_begin("1");
	trial_begin(&t);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < NAMES; i++) {
			snprintf(name, sizeof(name), "%c%d.example.", round == 0 ? 'n' : 'N', i);
			put(&t, name, KNOT_RRTYPE_TXT, 60, round == 0 ? "\"a\"" : "\"b\"");
		}
	}
	assert_int_equal(t.change.count, NAMES);
	assert_int_equal(trial_end(&t, NULL), 1);
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone->apex, &record), 0);
	assert_int_equal(record.names, NAMES + 2);
	store_read_end(txn);
	zone_end();
}

/* A change at this time; how many entries the log then has. */
static uint64_t change_at(uint64_t time)
{
	static unsigned count;
	struct change_origin by = { .time = time };
	char address[32];
	struct trial t;

	count++;
	snprintf(address, sizeof(address), "192.0.%u.%u", count / 250, count % 250);
	trial_begin(&t);
	put(&t, "new.example.", KNOT_RRTYPE_A, 60, NULL);
	put(&t, "new.example.", KNOT_RRTYPE_A, 60, address);
	assert_int_equal(trial_end(&t, &by), 1);
	trial_begin(&t);
	uint64_t kept = t.change.open->record.log_next - t.change.open->record.log_first;
	assert_true(kept == 0 || t.change.open->record.log_size > 0);
	trial_end(&t, NULL);
	return kept;
}

static void the_log_gives_up_the_oldest_for_its_size(void **state)
{
	(void)state;
	zone_begin("1");
	zone->log_size = 1;
	assert_int_equal(change_at(5000), 0);
	zone->log_size = 1000;
	uint64_t most = 0;
	for (int i = 0; i < 20; i++) {
		uint64_t kept = change_at(5000);

		most = kept > most ? kept : most;
	}
	assert_in_range(most, 3, 9);
	assert_int_equal(change_at(5000), most);
	zone_end();
}

static void the_log_gives_up_what_is_too_old(void **state)
{
	(void)state;
	zone_begin("1");
	zone->log_age = 1;
	change_at(5000); /* the making of the zone is far ahead */
	zone->log_size = 1;
	change_at(5000);
	zone->log_size = 1 << 20;
	zone->log_age = 100;
	assert_int_equal(change_at(5000), 1);
	assert_int_equal(change_at(5100), 2);
	assert_int_equal(change_at(5101), 2);
	assert_int_equal(change_at(5300), 1);
	assert_int_equal(change_at(4000), 2); /* a clock that was put back */
	zone->log_age = 0;
	assert_int_equal(change_at(900000), 3);
	zone_end();
}

static void a_log_that_is_far_too_large_goes_bit_by_bit(void **state)
{
	enum { MANY = 300 };
	struct store_zone record;
	struct store_txn *txn;

	(void)state;
	zone_begin("1");
	zone->log_size = 1;
	change_at(5000); /* the making of the zone goes, which is far ahead */
	zone->log_size = 1 << 20;
	for (int i = 0; i < MANY; i++)
		change_at(5000);
	zone->log_age = 1;
	uint64_t kept = change_at(6000);
	assert_in_range(kept, MANY / 2, MANY - 1);

	zone->log_age = 0;
	zone->log_size = 1;
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone->apex, &record), 0);
	kept = record.log_next - record.log_first;
	assert_int_equal(history_trim(txn, zone, &record, 6000, 0), 1);
	assert_int_equal(record.log_next - record.log_first, kept);
	assert_int_equal(history_trim(txn, zone, &record, 6000, 10), 1);
	assert_int_equal(record.log_next - record.log_first, kept - 10);
	assert_int_equal(history_trim(txn, zone, &record, 6000, MANY), 0);
	assert_int_equal(record.log_next - record.log_first, 0);
	assert_int_equal(record.log_size, 0);
	store_write_abort(txn);
	zone_end();
}

static void the_log_tells_how_the_zone_was_made(void **state)
{
	struct store_zone record;
	struct history history;
	struct store_txn *txn;
	struct slice entry;

	(void)state;
	zone_begin("8");
	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone->apex, &record), 0);
	assert_int_equal(store_log_get(txn, &record, 0, &entry), 0);
	assert_int_equal(history_read(entry, &history), 0);
	assert_int_equal(history.kind, HISTORY_MADE);
	assert_int_equal(history.serial_before, 0);
	assert_int_equal(history.serial_after, 8);
	assert_int_equal(history.names, 2);
	assert_int_equal(history.removed.size, 0);
	assert_int_equal(history.added.size, 0);
	assert_int_equal(history.key.size, 0);
	store_read_end(txn);
	zone_end();
}

/* Entries that were written before there were kinds. */
static void entries_of_version_1_are_read(void **state)
{
	static const uint8_t entry[] = {
		1,    0, 0,   0,   7,   0,   0,   0,   8,       /* serials */
		0,    0, 0,   0,   0,   0,   0,   9,            /* time */
		0xaa, 0, 0,   0,   0,   0,   0,   1,            /* MAC */
		0,    0, 0,   0,   0,   0,   0,   5,            /* signed at */
		5,    3, 'o', 'p', 's', 0,   4,   127, 0, 0, 1, /* key, peer */
		0,    0, 0,   2,   'r', 'r', 'a',
	};
	static uint8_t other[sizeof(entry)];
	struct history history;

	(void)state;
	assert_int_equal(history_read(slice_make(entry, sizeof(entry)), &history), 0);
	assert_int_equal(history.version, HISTORY_WITH_MAC);
	assert_int_equal(history.kind, HISTORY_CHANGE);
	assert_int_equal(history.serial_before, 7);
	assert_int_equal(history.serial_after, 8);
	assert_int_equal(history.time, 9);
	assert_true(history.mac == 0xaa00000000000001u && history.signed_at == 5);
	assert_int_equal(history.key.size, 5);
	assert_int_equal(history.peer.size, 4);
	assert_true(slice_equal(history.removed, slice_make("rr", 2)));
	assert_true(slice_equal(history.added, slice_make("a", 1)));

	memcpy(other, entry, sizeof(entry));
	other[0] = 3;
	assert_int_equal(history_read(slice_make(other, sizeof(other)), &history), -EBADMSG);
	other[0] = 2;
	other[1] = HISTORY_NUMBERS + 1;
	assert_int_equal(history_read(slice_make(other, sizeof(other)), &history), -EBADMSG);
}

/* Adds an address to a name by a change of a group; or only looks at what would be changed. */
static void group_put(struct trial *t, const struct zone *of, const char *name, const char *address,
		      bool commit)
{
	static const struct change_origin nobody;

	assert_int_equal(change_begin(&t->change, &t->arena, &t->group, of), 0);
	put(t, name, KNOT_RRTYPE_A, 60, address);
	if (commit)
		assert_int_equal(change_commit(&t->change, &nobody), 1);
}

/* The serials of an entry of the log. */
static void entry_expect(const struct zone *of, uint64_t index, uint32_t before, uint32_t after)
{
	struct store_zone record;
	struct history history;
	struct store_txn *txn;
	struct slice entry;

	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, of->apex, &record), 0);
	assert_int_equal(store_log_get(txn, &record, FIRST + index, &entry), 0);
	assert_int_equal(history_read(entry, &history), 0);
	assert_int_equal(history.serial_before, before);
	assert_int_equal(history.serial_after, after);
	store_read_end(txn);
}

static uint64_t entries(const struct zone *of)
{
	struct store_zone record;
	struct store_txn *txn;

	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, of->apex, &record), 0);
	store_read_end(txn);
	return record.log_next - FIRST;
}

static size_t addresses(const char *name)
{
	struct arena arena = { 0 };
	struct store_zone record;
	struct store_txn *txn;
	struct node node;
	struct rrset set = { 0 };

	assert_int_equal(store_read_begin(store, &txn), 0);
	assert_int_equal(store_zone_get(txn, zone->apex, &record), 0);
	assert_int_equal(store_node_get(txn, &record, name_parse(&arena, NULL, name), &node), 0);
	node_find(&node, KNOT_RRTYPE_A, &set);
	store_read_end(txn);
	arena_done(&arena);
	return set.count;
}

static void changes_of_a_group_see_each_other(void **state)
{
	struct trial t;

	(void)state;
	zone_begin("1");
	trial_begin(&t);
	group_put(&t, zone, "g.example.", "192.0.2.1", true);
	group_put(&t, zone, "g.example.", "192.0.2.2", true);
	group_put(&t, zone, "example.", "192.0.2.3", true); /* the apex itself */
	group_put(&t, zone, "example.", "192.0.2.4", true);
	group_put(&t, zone, "h.example.", "192.0.2.1", true);
	store_write_abort(t.txn);
	arena_done(&t.arena);
	assert_int_equal(serial(), 1);
	assert_int_equal(entries(zone), 0);

	trial_begin(&t);
	group_put(&t, zone, "g.example.", "192.0.2.1", true);
	group_put(&t, zone, "g.example.", "192.0.2.2", true);
	group_put(&t, zone, "example.", "192.0.2.3", true);
	group_put(&t, zone, "example.", "192.0.2.4", true);
	group_put(&t, zone, "h.example.", "192.0.2.1", true);
	assert_int_equal(group_end(&t.group), 1);
	assert_int_equal(store_write_commit(t.txn), 0);
	arena_done(&t.arena);
	assert_int_equal(serial(), 6);
	for (uint32_t i = 0; i < 5; i++)
		entry_expect(zone, i, i + 1, i + 2);
	assert_int_equal(addresses("g.example."), 2);
	assert_int_equal(addresses("example."), 2);
	assert_int_equal(addresses("h.example."), 1);
	zone_end();
}

static void a_change_that_is_dropped_leaves_nothing_in_its_group(void **state)
{
	struct trial t;

	(void)state;
	zone_begin("1");
	trial_begin(&t);
	group_put(&t, zone, "g.example.", "192.0.2.1", true);
	group_put(&t, zone, "dropped.example.", "192.0.2.1", false);
	group_put(&t, zone, "example.", "192.0.2.9", false);
	group_put(&t, zone, "g.example.", "192.0.2.2", true);
	assert_int_equal(group_end(&t.group), 1);
	assert_int_equal(store_write_commit(t.txn), 0);
	arena_done(&t.arena);
	assert_int_equal(serial(), 3);
	assert_int_equal(entries(zone), 2);
	entry_expect(zone, 1, 2, 3);
	assert_int_equal(addresses("g.example."), 2);
	assert_int_equal(addresses("dropped.example."), 0);
	assert_int_equal(addresses("example."), 0);
	zone_end();
}

static void zones_of_a_group_step_each_for_itself(void **state)
{
	static const uint8_t apex[] = "\3two";
	struct zone two = { .apex_size = sizeof(apex), .apex_labels = 1, .log_size = 1 << 20 };
	struct zone reloaded;
	struct store_txn *txn;
	struct trial t;

	(void)state;
	zone_begin("7");
	memcpy(two.apex, apex, sizeof(apex));
	assert_int_equal(store_write_begin(store, &txn), 0);
	assert_int_equal(import_empty(txn, &two), 0);
	assert_int_equal(store_write_commit(txn), 0);

	reloaded = *zone; /* a reload makes another struct of the same zone */
	trial_begin(&t);
	group_put(&t, zone, "a1.example.", "192.0.2.1", true);
	group_put(&t, &two, "a1.two.", "192.0.2.1", true);
	group_put(&t, &reloaded, "a2.example.", "192.0.2.1", true);
	group_put(&t, &two, "a2.two.", "192.0.2.1", true);
	group_put(&t, zone, "a3.example.", "192.0.2.1", true);
	assert_int_equal(group_end(&t.group), 1);
	assert_int_equal(store_write_commit(t.txn), 0);
	arena_done(&t.arena);
	assert_int_equal(serial(), 10);
	for (uint32_t i = 0; i < 3; i++)
		entry_expect(zone, i, i + 7, i + 8);
	for (uint32_t i = 0; i < 2; i++)
		entry_expect(&two, i, i + 1, i + 2);
	assert_int_equal(entries(zone), 3);
	assert_int_equal(entries(&two), 2);
	zone_end();
}

static void a_zone_that_the_store_does_not_have_is_not_changed(void **state)
{
	struct arena arena = { 0 };
	struct change_group group;
	struct change change;
	struct store_txn *txn;
	struct zone other = { .apex = "\5other", .apex_size = 7, .apex_labels = 1 };

	(void)state;
	zone_begin("1");
	assert_int_equal(store_write_begin(store, &txn), 0);
	group_begin(&group, &arena, txn);
	assert_int_equal(change_begin(&change, &arena, &group, &other), -ENOENT);
	store_write_abort(txn);
	arena_done(&arena);
	zone_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_that_changes_nothing_writes_nothing),
		cmocka_unit_test(the_serial_steps_by_one_and_over_zero),
		cmocka_unit_test(a_serial_that_the_change_sets_itself_stays),
		cmocka_unit_test(an_entry_of_the_log_tells_who_changed_what),
		cmocka_unit_test(the_server_itself_is_nobody),
		cmocka_unit_test(many_names_in_one_change_are_all_written),
		cmocka_unit_test(changes_of_a_group_see_each_other),
		cmocka_unit_test(a_change_that_is_dropped_leaves_nothing_in_its_group),
		cmocka_unit_test(zones_of_a_group_step_each_for_itself),
		cmocka_unit_test(the_log_gives_up_the_oldest_for_its_size),
		cmocka_unit_test(the_log_gives_up_what_is_too_old),
		cmocka_unit_test(a_log_that_is_far_too_large_goes_bit_by_bit),
		cmocka_unit_test(the_log_tells_how_the_zone_was_made),
		cmocka_unit_test(entries_of_version_1_are_read),
		cmocka_unit_test(a_zone_that_the_store_does_not_have_is_not_changed),
	};

	return cmocka_run_group_tests_name("zone change", tests, NULL, NULL);
}
