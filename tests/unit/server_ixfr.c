/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server/transfer.h and zone/delta.h: what changed, in the form of RFC 1995. What a client that has some
 * version makes of a difference must be what a whole transfer gives, record for record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/option.h"
#include "fixture/import.h"
#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"
#include "zone/condense.h"
#include "zone/delta.h"
#include "zone/history.h"

static struct fixture fixture;
static struct message message;

#define HEAD \
	"$TTL 60\n@ SOA ns h %u 2 3 4 5\n@ NS ns\nns A 192.0.2.53\na A 192.0.2.1\nb A 192.0.2.2\n"

/* As many names more as make the zone larger than what is told of its changes. */
static void zone_begin_with(uint32_t serial, int names)
{
	struct text text = { 0 };

	text_printf(&text, HEAD, serial);
	for (int i = 0; i < names; i++)
		text_printf(&text, "n%d TXT \"filler\"\n", i);
	assert_int_equal(fixture_init(&fixture), 0);
	if (fixture_zone(&fixture, text_get(&text)) != 0)
		fail_msg("%s", text_get(&fixture.fault));
	fixture.tcp = true;
	text_done(&text);
}

static void zone_begin(uint32_t serial)
{
	zone_begin_with(serial, 100);
}

static struct slice response(void)
{
	return slice_make(fixture.response.wire, fixture.response.size);
}

static void update(const char *line)
{
	const char *const lines[] = { line, NULL };

	fixture_ask(&fixture, message_update(&message, lines));
	assert_string_equal(show_rcode(response()), "NOERROR");
}

/* Adds the records of the response, a line each. */
static void take_records(struct text *ret)
{
	struct text text = { 0 };
	char *rest, *line;

	show_message(&text, response());
	rest = text.data;
	assert_string_equal(strsep(&rest, "\n"), "NOERROR aa");
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
		if (strncmp(line, "answer ", 7) == 0)
			text_printf(ret, "%s\n", line + 7);
	text_done(&text);
}

enum { STORED = 1, SIGNED = 2 };

static enum response ask_transfer(uint16_t type, uint32_t serial, int how)
{
	static const uint8_t option[] = { OPTION_RANGES >> 8, OPTION_RANGES & 0xff, 0, 0 };
	char soa[64];

	message_begin(&message, KNOT_OPCODE_QUERY, "example.", type);
	snprintf(soa, sizeof(soa), "example. 0 IN SOA . . %u 0 0 0 0", serial);
	if (type == KNOT_RRTYPE_IXFR)
		message_record(&message, 2, soa);
	if ((how & STORED) != 0)
		message_opt(&message, 1232, 0, slice_make(option, sizeof(option)));
	if ((how & SIGNED) != 0)
		message_sign(&message, &(struct message_signature){ 0 });
	return fixture_ask(&fixture, message_get(&message));
}

static void transfer(struct text *ret, uint16_t type, uint32_t serial, int how)
{
	enum response response = ask_transfer(type, serial, how);

	text_reset(ret);
	if (response == RESPONSE_READY)
		take_records(ret);
	while (response == RESPONSE_STREAM && fixture_stream(&fixture))
		take_records(ret);
}

static void expect_ixfr(uint32_t serial, const char *wanted)
{
	struct text text = { 0 };

	transfer(&text, KNOT_RRTYPE_IXFR, serial, 0);
	assert_string_equal(text_get(&text), wanted);
	text_done(&text);
}

#define SOA(serial) "example. 60 IN SOA ns.example. h.example. " serial " 2 3 4 5\n"

static void one_change_is_one_sequence(void **state)
{
	(void)state;
	zone_begin(1);
	update("c.example. 60 IN A 192.0.2.3");
	expect_ixfr(1, SOA("2") SOA("1") SOA("2") "c.example. 60 IN A 192.0.2.3\n" SOA("2"));
	update("c.example. 0 ANY ANY");
	expect_ixfr(2, SOA("3") SOA("2") "c.example. 60 IN A 192.0.2.3\n" SOA("3") SOA("3"));
	expect_ixfr(3, SOA("3"));
	expect_ixfr(4, SOA("3"));
	fixture_done(&fixture);
}

static void a_ttl_that_changes_is_a_record_that_goes_and_one_that_comes(void **state)
{
	(void)state;
	zone_begin(1);
	update("a.example. 60 IN A 192.0.2.9");
	update("a.example. 90 IN A 192.0.2.9"); /* RFC 2136 3.4.2.2, RFC 2181 5.2 */
	expect_ixfr(2, SOA("3") SOA("2") "a.example. 60 IN A 192.0.2.1\n"
					 "a.example. 60 IN A 192.0.2.9\n" SOA(
						 "3") "a.example. 90 IN A 192.0.2.1\n"
						      "a.example. 90 IN A 192.0.2.9\n" SOA("3"));
	fixture_done(&fixture);
}

static void changes_of_the_apex_come_with_their_soa(void **state)
{
	(void)state;
	zone_begin(1);
	update("example. 60 IN SOA ns.example. other.example. 7 2 3 4 5");
	update("example. 60 IN MX 1 a.example.");
	expect_ixfr(1, "example. 60 IN SOA ns.example. other.example. 8 2 3 4 5\n" SOA(
			       "1") "example. 60 IN SOA ns.example. other.example. 8 2 3 4 5\n"
				    "example. 60 IN MX 1 a.example.\n"
				    "example. 60 IN SOA ns.example. other.example. 8 2 3 4 5\n");
	fixture_done(&fixture);
}

static void many_changes_come_down_to_what_they_are_in_the_end(void **state)
{
	(void)state;
	zone_begin(1);
	update("c.example. 60 IN A 192.0.2.3");
	update("b.example. 0 ANY ANY");
	update("c.example. 0 ANY ANY");
	update("b.example. 60 IN A 192.0.2.2");
	update("a.example. 0 NONE A 192.0.2.1");
	update("a.example. 60 IN A 192.0.2.4");
	expect_ixfr(1, SOA("7") SOA("1") "a.example. 60 IN A 192.0.2.1\n" SOA(
			       "7") "a.example. 60 IN A 192.0.2.4\n" SOA("7"));
	expect_ixfr(2, SOA("7") SOA("2") "c.example. 60 IN A 192.0.2.3\n"
					 "a.example. 60 IN A 192.0.2.1\n" SOA(
						 "7") "a.example. 60 IN A 192.0.2.4\n" SOA("7"));
	fixture_done(&fixture);
}

static void nothing_in_the_end_is_a_difference_too(void **state)
{
	(void)state;
	zone_begin(1);
	update("c.example. 60 IN A 192.0.2.3");
	update("c.example. 0 ANY ANY");
	expect_ixfr(1, SOA("3") SOA("1") SOA("3") SOA("3"));
	fixture_done(&fixture);
}

/* RFC 1982, and a serial of 0 is stepped over. */
static void serials_go_around(void **state)
{
	(void)state;
	zone_begin(4294967294);
	update("c.example. 60 IN A 192.0.2.3");
	update("d.example. 60 IN A 192.0.2.4");
	update("e.example. 60 IN A 192.0.2.5");
	expect_ixfr(4294967294,
		    SOA("2") SOA("4294967294") SOA("2") "c.example. 60 IN A 192.0.2.3\n"
							"d.example. 60 IN A 192.0.2.4\n"
							"e.example. 60 IN A 192.0.2.5\n" SOA("2"));
	expect_ixfr(4294967295, SOA("2") SOA("4294967295") SOA("2") "d.example. 60 IN A 192.0.2.4\n"
								    "e.example. 60 IN A "
								    "192.0.2.5\n" SOA("2"));
	expect_ixfr(2, SOA("2"));
	fixture_done(&fixture);
}

static bool is_soa(const char *line)
{
	return strstr(line, " IN SOA ") != NULL;
}

/* Whether the answer to this serial is the zone, as a whole transfer would be. */
static bool is_whole(uint32_t serial, int how)
{
	struct text ixfr = { 0 }, axfr = { 0 };

	transfer(&ixfr, KNOT_RRTYPE_IXFR, serial, how);
	transfer(&axfr, KNOT_RRTYPE_AXFR, 0, how);
	bool whole = strcmp(text_get(&ixfr), text_get(&axfr)) == 0;
	text_done(&ixfr);
	text_done(&axfr);
	return whole;
}

static void a_version_that_the_log_does_not_have_gets_the_zone(void **state)
{
	(void)state;
	zone_begin(10);
	update("c.example. 60 IN A 192.0.2.3");
	update("example. 60 IN SOA ns.example. h.example. 20 2 3 4 5");
	assert_false(is_whole(10, 0));
	assert_true(is_whole(9, 0));
	assert_true(is_whole(0, 0));  /* it was made out of nothing */
	assert_true(is_whole(12, 0)); /* between two versions */
	assert_true(is_whole(19, 0));
	assert_true(is_whole(2147483668u, 0)); /* neither older nor newer */
	fixture_done(&fixture);
}

static void trim_log(size_t entries)
{
	struct store_zone record;
	struct store_txn *txn;

	assert_int_equal(store_write_begin(fixture.store, &txn), 0);
	assert_int_equal(store_zone_get(txn, (const uint8_t *)"\7example", &record), 0);
	while (entries-- > 0)
		assert_int_equal(store_log_drop(txn, &record), 0);
	assert_int_equal(store_zone_put(txn, (const uint8_t *)"\7example", &record), 0);
	assert_int_equal(store_write_commit(txn), 0);
}

static void what_was_trimmed_is_gone(void **state)
{
	(void)state;
	zone_begin(1);
	update("c.example. 60 IN A 192.0.2.3");
	update("d.example. 60 IN A 192.0.2.4");
	trim_log(2); /* that the zone was made, and the first change */
	assert_true(is_whole(1, 0));
	assert_false(is_whole(2, 0));
	trim_log(1);
	assert_true(is_whole(1, 0));
	assert_true(is_whole(2, 0));
	fixture_done(&fixture);
}

/* The zone anew from its file, whose serial is not newer. */
static void import_again(void)
{
	struct text fault = { 0 };
	char path[FOLDER_PATH_ROOM];
	struct store_txn *txn;

	folder_path(path, fixture.folder, "example.zone");
	assert_int_equal(store_write_begin(fixture.store, &txn), 0);
	assert_int_equal(import_file(txn, zone_table_at(fixture.state->zones, 0), path, &fault), 0);
	assert_int_equal(store_write_commit(txn), 0);
	text_done(&fault);
}

static void no_difference_leads_over_an_import(void **state)
{
	(void)state;
	zone_begin(1);
	update("c.example. 60 IN A 192.0.2.3");
	import_again();
	assert_true(is_whole(1, 0));
	assert_true(is_whole(2, 0));
	update("d.example. 60 IN A 192.0.2.3");
	update("e.example. 60 IN A 192.0.2.3");
	assert_true(is_whole(1, 0));
	assert_true(is_whole(2, 0)); /* the entry that begins there ends before the import */
	assert_false(is_whole(3, 0));
	assert_false(is_whole(4, 0));
	fixture_done(&fixture);
}

static void a_difference_that_is_larger_than_the_zone_is_the_zone(void **state)
{
	char line[64];

	(void)state;
	zone_begin(1);
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "n%d.example. 0 ANY ANY", i);
		update(line);
	}
	assert_true(is_whole(1, 0));
	assert_true(is_whole(2, 0));
	assert_false(is_whole(100, 0));
	fixture_done(&fixture);
}

/* A zone of one name whose change log is a hundred times as large. */
static void a_log_that_is_far_larger_than_the_zone_is_not_read(void **state)
{
	char line[128];

	(void)state;
	assert_int_equal(fixture_init(&fixture), 0);
	assert_int_equal(fixture_zone(&fixture, "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n"), 0);
	fixture.tcp = true;
	for (int i = 0; i < 400; i++) {
		snprintf(line, sizeof(line), "a.example. 60 IN TXT \"%d\"", i);
		update(line);
		update("a.example. 0 ANY TXT");
	}
	assert_true(is_whole(1, 0));
	fixture_done(&fixture);
}

static void over_udp_a_difference_comes_where_it_fits(void **state)
{
	struct text text = { 0 };
	char line[512];

	(void)state;
	zone_begin(1);
	update("c.example. 60 IN A 192.0.2.3");
	fixture.tcp = false;
	expect_ixfr(1, SOA("2") SOA("1") SOA("2") "c.example. 60 IN A 192.0.2.3\n" SOA("2"));
	expect_ixfr(0, SOA("2")); /* the zone would fit as well, and yet */
	expect_ixfr(2, SOA("2"));

	snprintf(line, sizeof(line), "d.example. 60 IN TXT \"%0200d\" \"%0150d\"", 0, 0);
	update(line);
	expect_ixfr(1, SOA("3"));
	transfer(&text, KNOT_RRTYPE_IXFR, 1, STORED); /* with 1232 octets it fits */
	assert_non_null(strstr(text_get(&text), "c.example. 60 IN A"));
	assert_true(fixture.response.size > 512 && fixture.response.size <= 1232);
	transfer(&text, KNOT_RRTYPE_IXFR, 1, STORED | SIGNED);
	assert_non_null(strstr(text_get(&text), "c.example. 60 IN A"));
	assert_true(fixture.response.size <= 1232);
	text_done(&text);
	fixture_done(&fixture);
}

/* One datagram holds a difference of any size up to its own, and nothing is lost at the border. */
static void over_udp_no_difference_is_cut(void **state)
{
	char line[512];
	unsigned whole = 0, alone = 0;

	(void)state;
	zone_begin(1);
	for (uint32_t serial = 1, pad = 100; pad < 255; pad++, serial += 2) {
		struct text text = { 0 };

		snprintf(line, sizeof(line), "d.example. 60 IN TXT \"%0*d\"", (int)pad, 0);
		fixture.tcp = false;
		update(line);
		transfer(&text, KNOT_RRTYPE_IXFR, serial, SIGNED);
		assert_true(fixture.response.size <= 512);
		if (strstr(text_get(&text), "TXT") != NULL)
			whole++;
		else
			alone++;
		update("d.example. 0 ANY ANY");
		text_done(&text);
	}
	assert_true(whole > 0 && alone > 0);
	fixture_done(&fixture);
}

/* --- what a client makes of it --- */

/* The records of a zone, a line each. */
struct content {
	char **line;
	size_t count, room;
};

static void content_add(struct content *content, const char *line)
{
	if (content->count == content->room) {
		content->room = content->room * 2 + 64;
		content->line = realloc(content->line, content->room * sizeof(*content->line));
	}
	content->line[content->count] = strdup(line);
	assert_non_null(content->line[content->count++]);
}

static void content_remove(struct content *content, const char *line)
{
	for (size_t i = 0; i < content->count; i++)
		if (strcmp(content->line[i], line) == 0) {
			free(content->line[i]);
			content->line[i] = content->line[--content->count];
			return;
		}
	fail_msg("not there: %s", line);
}

static void content_done(struct content *content)
{
	for (size_t i = 0; i < content->count; i++)
		free(content->line[i]);
	free(content->line);
	*content = (struct content){ 0 };
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void content_compare(struct content *a, struct content *b)
{
	qsort(a->line, a->count, sizeof(*a->line), compare_lines);
	qsort(b->line, b->count, sizeof(*b->line), compare_lines);
	for (size_t i = 0; i < a->count && i < b->count; i++)
		assert_string_equal(a->line[i], b->line[i]);
	assert_int_equal(a->count, b->count);
}

/* Takes lines in as RFC 1995 4 has it; whether they were a difference. */
static bool content_apply(struct content *content, struct text *lines)
{
	struct content in = { 0 };
	char *rest = lines->data;

	for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';)
		content_add(&in, line);
	assert_true(in.count > 0 && is_soa(in.line[0]));

	bool difference = in.count > 1 && is_soa(in.line[1]);
	if (in.count > 1 && !difference) {
		content_done(content);
		for (size_t i = 0; i + 1 < in.count; i++)
			content_add(content, in.line[i]);
	}
	bool came = true;
	for (size_t i = 1; difference && i + 1 < in.count; i++) {
		if (is_soa(in.line[i]))
			came = !came;
		if (came)
			content_add(content, in.line[i]);
		else
			content_remove(content, in.line[i]);
	}
	if (in.count > 1)
		assert_string_equal(in.line[0], in.line[in.count - 1]);
	content_done(&in);
	return difference;
}

static void content_now(struct content *ret, int how)
{
	struct text text = { 0 };

	transfer(&text, KNOT_RRTYPE_AXFR, 0, how);
	content_apply(ret, &text);
	text_done(&text);
}

enum { VERSIONS = 120 };

/* Each version up to now leads to what is now; how many did so by a difference. */
static size_t check_versions(struct content version[], uint32_t count, int how)
{
	size_t differences = 0;

	for (uint32_t serial = 1; serial <= count; serial++) {
		struct text text = { 0 };
		struct content now = { 0 };

		transfer(&text, KNOT_RRTYPE_IXFR, serial, how);
		differences += content_apply(&version[serial], &text);
		content_now(&now, how);
		content_compare(&version[serial], &now);
		content_done(&now);
		content_done(&version[serial]);
		text_done(&text);
	}
	return differences;
}

static void make_versions(struct content plain[], struct content stored[],
			  void (*change)(unsigned n))
{
	content_now(&plain[1], 0);
	content_now(&stored[1], STORED);
	for (unsigned n = 2; n <= VERSIONS; n++) {
		change(n);
		content_now(&plain[n], 0);
		content_now(&stored[n], STORED);
	}
}

static unsigned chance(unsigned below)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % below);
}

/* Always a change: a text that was never there, or one that goes with it. */
static void change_anything(unsigned n)
{
	static const char *const names[] = { "a", "b", "c.b", "n1", "n2.n1", "2.1", "3.2.1" };
	const char *name = names[chance(7)];
	char line[128];
	char mark[64];
	const char *both[] = { line, mark, NULL };

	snprintf(mark, sizeof(mark), "mark%u.example. 60 IN TXT \"%u\"", n % 5, n);
	switch (chance(4)) {
	case 0:
		snprintf(line, sizeof(line), "%s.example. 0 ANY ANY", name);
		break;
	case 1:
		snprintf(line, sizeof(line), "%s.example. %u IN TXT \"%u\"", name,
			 60 + 30 * chance(2), chance(3));
		break;
	default:
		snprintf(line, sizeof(line), "%s.example. %u IN A 192.0.2.%u", name,
			 60 + 30 * chance(2), chance(3));
	}
	fixture_ask(&fixture, message_update(&message, both));
	assert_string_equal(show_rcode(response()), "NOERROR");
}

static void each_version_leads_to_the_zone(void **state)
{
	static struct content plain[VERSIONS + 1], stored[VERSIONS + 1];

	(void)state;
	zone_begin(1);
	make_versions(plain, stored, change_anything);
	assert_true(check_versions(plain, VERSIONS, 0) > VERSIONS / 2);
	assert_true(check_versions(stored, VERSIONS, STORED | SIGNED) > VERSIONS / 2);
	fixture_done(&fixture);
}

/* --- number ranges --- */

static void ranges_begin(void)
{
	struct text text = { 0 };

	text_printf(&text, HEAD, 1);
	text_puts(&text, "*.1 TXT \"range\"\n*.5.1 TXT \"range in a range\"\n9.9 TXT \"x\"\n");
	for (int i = 0; i < 100; i++)
		text_printf(&text, "%d.%d.7 TXT \"filler\"\n", i % 10, i / 10);
	assert_int_equal(fixture_init(&fixture), 0);
	assert_int_equal(fixture_write(&fixture, "example.zone", text_get(&text)), 0);
	text_reset(&text);
	text_puts(&text, fixture_keys);
	text_puts(&text, "zone: {domain: example, file: example.zone, number-ranges: on, "
			 "update: 127.0.0.1, transfer: [hmac-sha256, 127.0.0.1]}\n");
	assert_int_equal(fixture_start(&fixture, text_get(&text)), 0);
	fixture.tcp = true;
	text_done(&text);
}

static void change_outside_of_ranges(unsigned n)
{
	char line[128];

	snprintf(line, sizeof(line), "%u.%u.3.example. 60 IN TXT \"%u\"", n % 10, n / 10, n);
	update(line);
}

/* At the end nothing of ranges, so that not all versions are the same. */
static void change_ranges(unsigned n)
{
	if (n > VERSIONS - 10) {
		change_outside_of_ranges(n);
		return;
	}

	static const char *const names[] = { "2.1",   "3.2.1", "4.3.2.1", "9.5.1", "*.6.1",
					     "*.5.1", "9.9",   "1",       "*.8",   "7.8" };
	const char *name = names[chance(10)];
	char line[128];

	if (chance(3) == 0 && n % 2 == 0)
		snprintf(line, sizeof(line), "%s.example. 0 ANY TXT", name);
	else
		snprintf(line, sizeof(line), "%s.example. 60 IN TXT \"%u\"", name, n);

	char mark[64];
	const char *both[] = { line, mark, NULL };
	snprintf(mark, sizeof(mark), "9.9.example. 60 IN TXT \"%u\"", n + 1000);
	fixture_ask(&fixture, message_update(&message, both));
	assert_string_equal(show_rcode(response()), "NOERROR");
}

static void outside_of_ranges_differences_go_to_any_client(void **state)
{
	static struct content plain[VERSIONS + 1], stored[VERSIONS + 1];

	(void)state;
	ranges_begin();
	make_versions(plain, stored, change_outside_of_ranges);
	assert_true(check_versions(plain, VERSIONS, 0) > VERSIONS / 2);
	assert_true(check_versions(stored, VERSIONS, STORED) > VERSIONS / 2);
	fixture_done(&fixture);
}

static void where_ranges_change_plain_clients_get_the_zone(void **state)
{
	static struct content plain[VERSIONS + 1], stored[VERSIONS + 1];

	(void)state;
	ranges_begin();
	make_versions(plain, stored, change_ranges);
	size_t differences = check_versions(plain, VERSIONS, 0);
	assert_true(differences > 0 && differences < VERSIONS / 2);
	assert_true(check_versions(stored, VERSIONS, STORED) > VERSIONS / 2);
	fixture_done(&fixture);
}

static void what_changes_below_or_at_a_range_is_not_told_to_plain_clients(void **state)
{
	static const struct {
		const char *line;
		bool whole;
	} table[] = {
		{ "3.3.example. 60 IN TXT \"x\"", false },
		{ "example. 60 IN TXT \"x\"", false },
		{ "1.example. 60 IN TXT \"x\"", false },
		{ "2.1.example. 60 IN TXT \"x\"", true },
		{ "4.3.2.1.example. 60 IN TXT \"x\"", true },
		{ "*.1.example. 60 IN TXT \"y\"", true },
		{ "*.4.example. 60 IN TXT \"y\"", true },
		{ "x.*.4.example. 60 IN TXT \"y\"", true },
		{ "1.example. 60 IN NS ns.example.", true },
		{ "d.example. 60 IN DNAME x.", true },
		{ "example. 60 IN NS ns2.example.", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		ranges_begin();
		update(table[i].line);
		if (is_whole(1, 0) != table[i].whole)
			fail_msg("%s", table[i].line);
		assert_false(is_whole(1, STORED));
		fixture_done(&fixture);
	}
}

/* --- many messages, little memory --- */

enum { MANY = 3000 };

static void change_much(void)
{
	for (int i = 0; i < MANY;) {
		message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
		for (int k = 0; k < 100; k++, i++) {
			char line[128];

			snprintf(line, sizeof(line), "m%d.example. 60 IN TXT \"%050d\"", i, i);
			message_record(&message, 2, line);
		}
		fixture_ask(&fixture, message_get(&message));
		assert_string_equal(show_rcode(response()), "NOERROR");
	}
}

/* RFC 8945 5.3.1, judged by libknot. */
static void messages_are_signed_in_a_chain(void **state)
{
	knot_tsig_key_t key;
	uint8_t mac[64];
	size_t mac_size, messages = 0, records = 0;

	(void)state;
	zone_begin(1);
	change_much(); /* the zone is mostly this, so that a little before the end is enough */
	update("m0.example. 0 ANY ANY");
	assert_int_equal(knot_tsig_key_init(&key, "hmac-sha256", "hmac-sha256", FIXTURE_SECRET), 0);
	assert_int_equal(ask_transfer(KNOT_RRTYPE_IXFR, 5, SIGNED), RESPONSE_STREAM);
	memcpy(mac, message.mac, message.mac_size);
	mac_size = message.mac_size;
	for (; fixture_stream(&fixture); messages++) {
		knot_pkt_t *packet =
			knot_pkt_new(fixture.response.wire, (uint16_t)fixture.response.size, NULL);

		assert_true(fixture.response.size <= 16384);
		assert_int_equal(knot_pkt_parse(packet, 0), KNOT_EOK);
		assert_non_null(packet->tsig_rr);
		int err = messages == 0 ?
				  knot_tsig_client_check(packet->tsig_rr, packet->wire,
							 packet->size, mac, mac_size, &key, 0) :
				  knot_tsig_client_check_next(packet->tsig_rr, packet->wire,
							      packet->size, mac, mac_size, &key, 0);
		if (err != KNOT_EOK)
			fail_msg("message %zu: %s", messages, knot_strerror(err));
		mac_size = knot_tsig_rdata_mac_length(packet->tsig_rr);
		memcpy(mac, knot_tsig_rdata_mac(packet->tsig_rr), mac_size);
		records += knot_pkt_section(packet, KNOT_ANSWER)->count;
		knot_pkt_free(packet);
	}
	assert_true(messages > 10);
	assert_int_equal(records, 4 + MANY - 400 + 1);
	knot_tsig_key_deinit(&key);
	fixture_done(&fixture);
}

/* Where memory is short, changes go one by one; what they lead to is the same. */
static void without_memory_changes_go_one_by_one(void **state)
{
	static const size_t memory[] = { 0, 100, 2000, 1 << 20 };

	(void)state;
	zone_begin_with(1, 400);
	for (int i = 0; i < 20; i++) {
		char line[128];

		snprintf(line, sizeof(line), "m%d.example. 60 IN A 192.0.2.1", i);
		update(line);
		snprintf(line, sizeof(line), "m%d.example. 0 ANY ANY", i / 2);
		if (i % 2 == 1)
			update(line);
	}
	for (size_t i = 0; i < 4; i++) {
		struct store_zone zone;
		struct store_txn *txn;
		struct delta *difference;
		struct slice record;
		size_t records = 0;
		const struct delta_from from = { .apex = (const uint8_t *)"\7example",
						 .serial = 1,
						 .memory = memory[i] };

		assert_int_equal(store_read_begin(fixture.store, &txn), 0);
		assert_int_equal(store_zone_get(txn, from.apex, &zone), 0);
		assert_int_equal(delta_begin(&difference, txn, &zone, &from), 0);
		assert_int_equal(delta_prepare(difference), 0);
		assert_true(delta_is_condensed(difference) == (i >= 2));
		while (delta_next(difference, &record) > 0)
			records++;
		assert_int_equal(records, i < 2 ? 30 * 3 : 2 + 10);
		delta_end(difference);
		store_read_end(txn);
	}
	fixture_done(&fixture);
}

/* What vanished makes room: a counter that is counted up takes no more memory than one. */
static void records_that_vanished_make_room(void **state)
{
	static char text[10000][8];
	struct condense condense;
	struct slice record;
	size_t at = 0;

	(void)state;
	condense_init(&condense, 4096);
	for (int i = 0; i < 10000; i++) {
		struct slice now = slice_make(text[i], (size_t)sprintf(text[i], "%d", i));

		if (i > 0)
			assert_int_equal(condense_put(&condense,
						      slice_make(text[i - 1], strlen(text[i - 1])),
						      false),
					 0);
		assert_int_equal(condense_put(&condense, now, true), 0);
	}
	assert_true(condense_next(&condense, &at, true, &record));
	assert_memory_equal(record.data, "9999", 4);
	assert_false(condense_next(&condense, &at, true, &record));
	assert_int_equal(condense.size, 4);
	at = 0;
	assert_false(condense_next(&condense, &at, false, &record));
	condense_done(&condense);
}

/* Records that lie together in any table, as somebody may make them up who wants this to take long. */
static void records_that_are_made_up_to_be_slow_are_given_up(void **state)
{
	enum { LETTERS = 12 };
	static char text[1 << LETTERS][LETTERS];
	struct condense condense;
	size_t i = 0;
	int err = 0;

	(void)state;
	condense_init(&condense, 1 << 20);
	for (; err == 0 && i < 1 << LETTERS; i++) {
		for (int k = 0; k < LETTERS; k++)
			text[i][k] = (i >> k & 1) != 0 ? 'a' : 'A';
		err = condense_put(&condense, slice_make(text[i], LETTERS), true);
	}
	assert_int_equal(err, -E2BIG);
	assert_true(i > 1000);
	condense_done(&condense);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_change_is_one_sequence),
		cmocka_unit_test(a_ttl_that_changes_is_a_record_that_goes_and_one_that_comes),
		cmocka_unit_test(changes_of_the_apex_come_with_their_soa),
		cmocka_unit_test(many_changes_come_down_to_what_they_are_in_the_end),
		cmocka_unit_test(nothing_in_the_end_is_a_difference_too),
		cmocka_unit_test(serials_go_around),
		cmocka_unit_test(a_version_that_the_log_does_not_have_gets_the_zone),
		cmocka_unit_test(what_was_trimmed_is_gone),
		cmocka_unit_test(no_difference_leads_over_an_import),
		cmocka_unit_test(a_difference_that_is_larger_than_the_zone_is_the_zone),
		cmocka_unit_test(a_log_that_is_far_larger_than_the_zone_is_not_read),
		cmocka_unit_test(over_udp_a_difference_comes_where_it_fits),
		cmocka_unit_test(over_udp_no_difference_is_cut),
		cmocka_unit_test(each_version_leads_to_the_zone),
		cmocka_unit_test(outside_of_ranges_differences_go_to_any_client),
		cmocka_unit_test(where_ranges_change_plain_clients_get_the_zone),
		cmocka_unit_test(what_changes_below_or_at_a_range_is_not_told_to_plain_clients),
		cmocka_unit_test(messages_are_signed_in_a_chain),
		cmocka_unit_test(without_memory_changes_go_one_by_one),
		cmocka_unit_test(records_that_vanished_make_room),
		cmocka_unit_test(records_that_are_made_up_to_be_slow_are_given_up),
	};

	return cmocka_run_group_tests_name("server ixfr", tests, NULL, NULL);
}
