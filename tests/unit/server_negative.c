/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone/negative.h through server/request.h: the SOA record of negative answers, whatever names are in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libknot/libknot.h>
#include <string.h>

#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"

static struct fixture fixture;
static struct message message;

#define NUMBERS " 1 7200 900 1209600 300"
#define REST "$TTL 60\n@ NS ns.example.\n"

static const struct {
	const char *domain, *soa;
	const char *out; /* the authority section of an answer */
	size_t size;     /* octets of the record */
} zones[] = {
	{ "in.example", "3600 SOA ns hostmaster" NUMBERS,
	  "in.example. 300 IN SOA ns.in.example. hostmaster.in.example." NUMBERS,
	  12 + 5 + 13 + 20 },
	{ "same.example", "3600 SOA @ @" NUMBERS,
	  "same.example. 300 IN SOA same.example. same.example." NUMBERS, 12 + 2 + 2 + 20 },
	{ "out.example", "60 SOA ns.other.org. hostmaster.other.org." NUMBERS,
	  "out.example. 60 IN SOA ns.other.org. hostmaster.other.org." NUMBERS, 12 + 14 + 13 + 20 },
	{ "twice.example", "300 SOA a.b.other.org. a.b.other.org." NUMBERS,
	  "twice.example. 300 IN SOA a.b.other.org. a.b.other.org." NUMBERS, 12 + 15 + 2 + 20 },
	{ "part.example", "3600 SOA ns.part.example. a.ns.part.example." NUMBERS,
	  "part.example. 300 IN SOA ns.part.example. a.ns.part.example." NUMBERS, 12 + 5 + 4 + 20 },
	{ "apart.example", "3600 SOA ns.org. x.example." NUMBERS,
	  "apart.example. 300 IN SOA ns.org. x.example." NUMBERS, 12 + 8 + 11 + 20 },
	{ "root.example", "3600 SOA . ." NUMBERS, "root.example. 300 IN SOA . ." NUMBERS,
	  12 + 1 + 1 + 20 },
};

enum { ZONES = sizeof(zones) / sizeof(zones[0]) };

static int server_begin(void **state)
{
	struct text yaml = { 0 };
	int err = fixture_init(&fixture);

	(void)state;
	text_puts(&yaml, fixture_keys);
	text_puts(&yaml, "zone:\n");
	for (size_t i = 0; err == 0 && i < ZONES; i++) {
		struct text zone = { 0 };

		text_printf(&zone, "@ %s\n%salias CNAME nothing.in.example.\n", zones[i].soa, REST);
		err = fixture_write(&fixture, zones[i].domain, text_get(&zone));
		text_printf(&yaml, "  - {domain: %s, file: %s, update: 127.0.0.1}\n",
			    zones[i].domain, zones[i].domain);
		text_done(&zone);
	}
	if (err == 0)
		err = fixture_start(&fixture, text_get(&yaml));
	text_done(&yaml);
	return err;
}

static int server_end(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

static void ask(const char *name, const char *domain)
{
	struct text full = { 0 };

	text_printf(&full, "%s%s.", name, domain);
	message_begin(&message, KNOT_OPCODE_QUERY, text_get(&full), KNOT_RRTYPE_NAPTR);
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_READY);
	text_done(&full);
}

static void the_record_is_whole_and_its_names_are_compressed(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ZONES; i++) {
			struct text out = { 0 }, want = { 0 };
			size_t question;

			ask("3.2.1.", zones[i].domain);
			question = message_get(&message).size;
			text_printf(&want, "NXDOMAIN aa\nauthority %s\n", zones[i].out);
			show_message(&out,
				     slice_make(fixture.response.wire, fixture.response.size));
			assert_string_equal(text_get(&out), text_get(&want));
			assert_int_equal(fixture.response.size - question, zones[i].size);
			text_done(&out);
			text_done(&want);
		}
	}
}

static void the_zone_itself_may_be_what_has_nothing(void **state)
{
	struct text out = { 0 };

	(void)state;
	ask("", "in.example");
	show_message(&out, slice_make(fixture.response.wire, fixture.response.size));
	assert_string_equal(text_get(&out), "NOERROR aa\nauthority in.example. 300 IN SOA "
					    "ns.in.example. hostmaster.in.example." NUMBERS "\n");
	text_done(&out);
}

static void behind_an_alias_it_is_the_last_zone_s(void **state)
{
	struct text out = { 0 };

	(void)state;
	ask("alias.", "out.example");
	show_message(&out, slice_make(fixture.response.wire, fixture.response.size));
	assert_string_equal(
		text_get(&out),
		"NXDOMAIN aa\nanswer alias.out.example. 60 IN CNAME nothing.in.example.\n"
		"authority in.example. 300 IN SOA ns.in.example. "
		"hostmaster.in.example." NUMBERS "\n");
	text_done(&out);
}

static void a_change_shows_at_once(void **state)
{
	(void)state;
	for (uint8_t serial = 2; serial < 6; serial++) {
		struct text line = { 0 };
		const uint8_t *at;

		message_begin(&message, KNOT_OPCODE_UPDATE, "in.example.", KNOT_RRTYPE_SOA);
		text_printf(&line, "new.in.example. 60 IN TXT \"%d\"", serial);
		message_record(&message, 2, text_get(&line));
		text_done(&line);
		assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_LATER);
		ask("3.2.1.", "in.example");
		at = fixture.response.wire + fixture.response.size - 17;
		assert_int_equal(*at, serial);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_is_whole_and_its_names_are_compressed),
		cmocka_unit_test(the_zone_itself_may_be_what_has_nothing),
		cmocka_unit_test(behind_an_alias_it_is_the_last_zone_s),
		cmocka_unit_test(a_change_shows_at_once),
	};

	return cmocka_run_group_tests_name("negative", tests, server_begin, server_end);
}
