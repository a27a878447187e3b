/* SPDX-License-Identifier: GPL-3.0-or-later */
/* publish/rows.h: lines as nodes; the short way makes what the long way makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/key.h"
#include "publish/rows.h"

static const uint8_t apex[] = "\4e164\7example";

static const struct rows_place place = {
	.apex = apex, .e164 = "e164.example", .isn = "e164.example", .ttl = 60
};

/* "KEY TTL RDATA" of a line, or "- why", or nothing. */
static void show(struct text *ret, struct rows *rows, const char *line, bool heading)
{
	char copy[512];
	struct row row = { .what = "" };
	knot_dname_storage_t name;
	struct rrset_record record;
	struct rrset set;
	size_t pos = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	int there = rows_read(rows, copy, strlen(copy), heading, &row);
	text_reset(ret);
	if (there == -EINVAL)
		text_printf(ret, "- %s", row.why);
	if (there != 1)
		return;
	assert_true(key_name(name, row.key.data, row.key.size, apex) > 0);
	assert_true(node_at(&row.node, 0, &set));
	assert_int_equal(set.count, 1);
	assert_true(rrset_next(&set, &pos, &record));

	const struct record r = { name, set.type, KNOT_CLASS_IN, record.ttl, record.rdata };
	assert_int_equal(record_format(ret, &r), 0);
	assert_false(node_at(&row.node, 1, &set));
	assert_true(node_valid(&row.node));
}

#define HEAD(name, ttl) name ".e164.example. " ttl " IN NAPTR "
#define PLAIN(name, order, uri) HEAD(name, "60") order " \"u\" \"E2U+sip\" \"!^.*$!" uri "!\" ."

static void a_line_becomes_a_record(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "+12025550123,sip:a@b", PLAIN("3.2.1.0.5.5.5.2.0.2.1", "100 10", "sip:a@b") },
		{ "12025550123,sip:a@b", PLAIN("3.2.1.0.5.5.5.2.0.2.1", "100 20", "sip:a@b") },
		{ "+1 (202) 555-0123,sip:a@b",
		  PLAIN("3.2.1.0.5.5.5.2.0.2.1", "100 30", "sip:a@b") },
		{ "+1, sip:+1@b ,,,7,", PLAIN("1", "7 10", "sip:+1@b") },
		{ "+12,sip:12@b,5",
		  HEAD("2.1", "5") "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:12@b!\" ." },
		{ "12*543,sip:a@b", PLAIN("2.1.543", "100 10", "sip:a@b") },
		{ "+12,sip:{number}@b",
		  HEAD("2.1", "60") "100 10 \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@b!\" ." },
		{ "+12,h323:12@b,,,,7",
		  HEAD("2.1", "60") "100 7 \"u\" \"E2U+h323\" \"!^.*$!h323:12@b!\" ." },
		{ "", "" },
		{ "   ", "" },
		{ "\r", "" },
		{ "+12", "- a line has a number and a URI with a comma between them" },
		{ "+12,sip:a b", "- a URI has neither blanks nor control characters nor letters "
				 "beyond ASCII: write them as %20 and the like" },
		{ "+12,a@b", "- the URI has no scheme; write it as sip:name@host" },
		{ "\"+12,sip:a@b", "- a quote is not closed" },
		{ "012,sip:a@b",
		  "- it starts with 0 as inside one country: write + and the country code first" },
	};
	struct text out = { 0 };
	struct rows *r;

	(void)state;
	assert_int_equal(rows_new(&r, &place), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		show(&out, r, rows[i].in, false);
		if (strcmp(text_get(&out), rows[i].out) != 0)
			fail_msg("row %zu: %s", i, text_get(&out));
	}
	show(&out, r, "\xef\xbb\xbfnumber,uri", true);
	assert_string_equal(text_get(&out), "");
	show(&out, r, "number,uri", false);
	assert_string_equal(text_get(&out), "- letters are no digits: write the digits that are "
					    "dialled");
	rows_free(r);
	text_done(&out);
}

static void a_zone_below_the_suffix_takes_its_own_numbers_alone(void **state)
{
	static const uint8_t part[] = "\1"
				      "4\1"
				      "4\4e164\7example";
	const struct rows_place below = { .apex = part, .e164 = "e164.example", .ttl = 60 };
	struct row row;
	struct rows *r;

	(void)state;
	assert_int_equal(rows_new(&r, &below), 0);
	for (int i = 0; i < 4; i++) { /* the long way, then the short way */
		char line[] = "+44123,sip:+44123@b", other[] = "+45123,sip:+45123@b";

		assert_int_equal(rows_read(r, line, strlen(line), false, &row), 1);
		assert_int_equal(row.key.size, 6);
		assert_memory_equal(row.key.data,
				    "1\0"
				    "2\0"
				    "3",
				    6);
		assert_int_equal(rows_read(r, other, strlen(other), false, &row), -EINVAL);
		assert_string_equal(row.why, "the number is not in the zone");
	}
	rows_free(r);
}

static const char *random_line(char ret[256])
{
	static const char *const uris[] = { "sip:%s@gw%d.example.net",
					    "sip:+%s@gw%d.example.net",
					    "sip:%s%d%s@b",
					    "h323:%s@b%d",
					    "tel:+%s",
					    "sip:x!%s@b",
					    "sip:x\\%s@b",
					    "sip:{digits}%s@b",
					    "sip:{%s}@b",
					    "sip:{number}@b",
					    "%s:a@b",
					    "sip:0%s@b;%d",
					    "mailto:a%%20%s" };
	static const char *const more[] = {
		"", "", "", ",%s", ",60,sip,%s", ",,,%d,%s", ",x", "\r"
	};
	static char number[32];
	char uri[128], rest[64];

	/* often the number of before */
	if (rand() % 3 != 0)
		snprintf(number, sizeof(number), "%d",
			 1 + rand() % (rand() % 2 != 0 ? 99 : 99999999));

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
	snprintf(uri, sizeof(uri), uris[(size_t)rand() % (sizeof(uris) / sizeof(uris[0]))], number,
		 rand() % 3, number);
	const char *form = more[(size_t)rand() % (sizeof(more) / sizeof(more[0]))];
	if (strncmp(form, ",,,", 3) == 0)
		snprintf(rest, sizeof(rest), form, rand() % 3, number);
	else
		snprintf(rest, sizeof(rest), form, number);
#pragma GCC diagnostic pop
	snprintf(ret, 256, "%s%s,%s%s", rand() % 2 != 0 ? "+" : "", number, uri, rest);
	return ret;
}

/*
 * A blank before the number is all it takes for the long way; otherwise the lines are the same.
 */
static void the_short_way_leads_where_the_long_way_does(void **state)
{
	struct text quick = { 0 }, slow = { 0 };
	struct rows *a, *b;
	size_t good = 0;

	(void)state;
	srand(1);
	assert_int_equal(rows_new(&a, &place), 0);
	assert_int_equal(rows_new(&b, &place), 0);
	for (int i = 0; i < 100000; i++) {
		char line[256], other[260];

		random_line(line);
		snprintf(other, sizeof(other), " %s", line);
		show(&quick, a, line, false);
		show(&slow, b, other, false);
		if (strcmp(text_get(&quick), text_get(&slow)) != 0)
			fail_msg("%s: %s, not %s", line, text_get(&quick), text_get(&slow));
		good += text_get(&quick)[0] != '-';
	}
	assert_true(good > 30000);
	rows_free(a);
	rows_free(b);
	text_done(&quick);
	text_done(&slow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_becomes_a_record),
		cmocka_unit_test(a_zone_below_the_suffix_takes_its_own_numbers_alone),
		cmocka_unit_test(the_short_way_leads_where_the_long_way_does),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
