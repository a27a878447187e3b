/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zone/update.h through server/request.h: the forms of RFC 2136 that no tool would send. What tools
 * do send is in tests/scenario.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"

static struct fixture fixture;
static struct message message;

static const char zone_text[] = "$TTL 3600\n"
				"@ SOA ns hostmaster 1 7200 900 1209600 300\n"
				"@ NS ns\n"
				"ns A 192.0.2.53\n"
				"alias CNAME one.example.\n"
				"two A 192.0.2.1\n"
				"two A 192.0.2.2\n";

static int server_begin(void **state)
{
	(void)state;
	return fixture_init(&fixture) != 0 || fixture_zone(&fixture, zone_text) != 0;
}

static int server_end(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

static struct slice response(void)
{
	return slice_make(fixture.response.wire, fixture.response.size);
}

/* A record, field by field. */
struct raw {
	const char *name;
	uint32_t ttl;
	uint16_t rclass, type;
	size_t size;
	const char *rdata;
};

enum { IN = KNOT_CLASS_IN, NONE = KNOT_CLASS_NONE, ANY_CLASS = KNOT_CLASS_ANY };
#define A KNOT_RRTYPE_A
#define ANY KNOT_RRTYPE_ANY

static const char *send_raw(int section, const struct raw *raw)
{
	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	message_raw(&message, section, raw->name, raw->ttl, raw->rclass, raw->type,
		    slice_make(raw->rdata, raw->size));
	fixture_ask(&fixture, message_get(&message));
	return show_rcode(response());
}

static void prerequisites_have_the_form_of_rfc_2136_3_2(void **state)
{
	static const struct {
		struct raw in;
		const char *out;
	} table[] = {
		{ { "two.example.", 0, ANY_CLASS, A, 0, "" }, "NOERROR" },
		{ { "two.example.", 1, ANY_CLASS, A, 0, "" }, "FORMERR" },
		{ { "two.example.", 0, ANY_CLASS, A, 4, "\xc0\0\2\1" }, "FORMERR" },
		{ { "two.example.", 0, ANY_CLASS, ANY, 0, "" }, "NOERROR" },
		{ { "two.example.", 0, ANY_CLASS, ANY, 1, "x" }, "FORMERR" },
		{ { "two.example.", 0, NONE, A, 0, "" }, "YXRRSET" },
		{ { "two.example.", 0, NONE, A, 4, "\xc0\0\2\1" }, "FORMERR" },
		{ { "two.example.", 9, NONE, ANY, 0, "" }, "FORMERR" },
		{ { "two.example.", 0, NONE, ANY, 0, "" }, "YXDOMAIN" },
		{ { "no.example.", 0, NONE, ANY, 0, "" }, "NOERROR" },
		{ { "no.example.", 0, ANY_CLASS, ANY, 0, "" }, "NXDOMAIN" },
		{ { "no.example.", 0, ANY_CLASS, A, 0, "" }, "NXRRSET" },
		{ { "two.example.", 0, IN, A, 4, "\xc0\0\2\1" },
		  "NXRRSET" }, /* two records there */
		{ { "two.example.", 1, IN, A, 4, "\xc0\0\2\1" }, "FORMERR" },
		{ { "ns.example.", 0, IN, A, 4, "\xc0\0\2\x35" }, "NOERROR" },
		{ { "ns.example.", 0, IN, ANY, 0, "" }, "FORMERR" },
		{ { "ns.example.", 0, KNOT_CLASS_CH, A, 0, "" }, "FORMERR" },
		{ { "ns.other.", 0, ANY_CLASS, A, 0, "" }, "NOTZONE" },
		{ { "ns.other.", 0, IN, A, 4, "\xc0\0\2\x35" }, "NOTZONE" },
		{ { "ns.other.", 1, IN, A, 4, "\xc0\0\2\x35" },
		  "FORMERR" }, /* TTL is looked at first */
		{ { "alias.example.", 0, IN, KNOT_RRTYPE_CNAME, 13, "\3one\7example" }, "NOERROR" },
		{ { "alias.example.", 0, IN, KNOT_RRTYPE_CNAME, 13, "\3ONE\7example" }, "NOERROR" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *rcode = send_raw(1, &table[i].in);

		if (strcmp(rcode, table[i].out) != 0)
			fail_msg("row %zu: %s", i, rcode);
	}
}

/* RFC 2136 3.2.3: the sets must be the same, so two where a name has one can't be. */
static void two_records_asked_for_are_not_one_that_is_there(void **state)
{
	static const char *const orders[][2] = {
		{ "alias.example. 0 IN CNAME one.example.",
		  "alias.example. 0 IN CNAME x.example." },
		{ "alias.example. 0 IN CNAME x.example.",
		  "alias.example. 0 IN CNAME one.example." },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
		message_record(&message, 1, orders[i][0]);
		message_record(&message, 1, orders[i][1]);
		fixture_ask(&fixture, message_get(&message));
		assert_string_equal(show_rcode(response()), "NXRRSET");
	}
}

enum { MANY = 2000 };

/* All records of "m." in an order of its own, but one, and perhaps another that is not there. */
static const char *ask_many(unsigned left_out, bool one_more, unsigned again)
{
	uint8_t rdata[4] = { 10, 0, 0, 0 };

	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	for (unsigned i = 0; i < MANY + again; i++) {
		unsigned number = i * 7 % MANY;

		if (number == left_out)
			continue;
		put_u16(rdata + 2, (uint16_t)number);
		/* names and sets take turns */
		message_raw(&message, 1, i % 2 == 0 ? "m.example." : "M.example.", 0, IN, A,
			    slice_make(rdata, sizeof(rdata)));
		if (i == MANY / 2)
			message_raw(&message, 1, "ns.example.", 0, IN, A,
				    slice_make("\xc0\0\2\65", 4));
	}
	rdata[1] = 1;
	if (one_more)
		message_raw(&message, 1, "m.example.", 0, IN, A, slice_make(rdata, sizeof(rdata)));
	fixture_ask(&fixture, message_get(&message));
	return show_rcode(response());
}

static void a_set_of_thousands_is_asked_for_record_by_record(void **state)
{
	static const struct {
		unsigned left_out;
		bool one_more;
		unsigned again;
		const char *out;
	} table[] = {
		{ MANY, false, 0, "NOERROR" },   { MANY, false, 40, "NOERROR" },
		{ 0, false, 0, "NXRRSET" },      { MANY - 1, false, 0, "NXRRSET" },
		{ MANY, true, 0, "NXRRSET" },    { 77, true, 0, "NXRRSET" },
		{ 1234, false, 100, "NXRRSET" }, { MANY, false, 1, "NOERROR" },
	};
	uint8_t rdata[4] = { 10, 0, 0, 0 };

	(void)state;
	fixture.tcp = true;
	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	for (uint16_t i = 0; i < MANY; i++) {
		put_u16(rdata + 2, i);
		message_raw(&message, 2, "m.example.", 60, IN, A, slice_make(rdata, sizeof(rdata)));
	}
	fixture_ask(&fixture, message_get(&message));
	assert_string_equal(show_rcode(response()), "NOERROR");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_string_equal(ask_many(table[i].left_out, table[i].one_more, table[i].again),
				    table[i].out);
	fixture.tcp = false;
}

static void updates_have_the_form_of_rfc_2136_3_4_1(void **state)
{
	static const struct {
		struct raw in;
		const char *out;
	} table[] = {
		{ { "x.example.", 1, IN, A, 4, "\xc0\0\2\1" }, "NOERROR" },
		{ { "x.example.", 1, IN, A, 3, "\xc0\0\2" }, "FORMERR" },
		{ { "x.example.", 1, IN, A, 0, "" }, "FORMERR" },
		{ { "x.example.", 1, IN, ANY, 0, "" }, "FORMERR" },
		{ { "x.example.", 1, IN, KNOT_RRTYPE_AXFR, 0, "" }, "FORMERR" },
		{ { "x.example.", 1, IN, KNOT_RRTYPE_IXFR, 0, "" }, "FORMERR" },
		{ { "x.example.", 1, IN, 253, 0, "" }, "FORMERR" },
		{ { "x.example.", 1, IN, 254, 0, "" }, "FORMERR" },
		{ { "x.example.", 1, IN, 0, 0, "" }, "FORMERR" },
		{ { "x.other.", 1, IN, A, 4, "\xc0\0\2\1" }, "NOTZONE" },
		{ { ".", 1, IN, A, 4, "\xc0\0\2\1" }, "NOTZONE" },
		{ { "x.example.", 1, KNOT_CLASS_CH, A, 4, "\xc0\0\2\1" }, "FORMERR" },
		{ { "x.example.", 0, ANY_CLASS, A, 0, "" }, "NOERROR" },
		{ { "x.example.", 1, ANY_CLASS, A, 0, "" }, "FORMERR" },
		{ { "x.example.", 0, ANY_CLASS, A, 4, "\xc0\0\2\1" }, "FORMERR" },
		{ { "x.example.", 0, ANY_CLASS, ANY, 0, "" }, "NOERROR" },
		{ { "x.example.", 0, ANY_CLASS, KNOT_RRTYPE_AXFR, 0, "" }, "FORMERR" },
		{ { "x.example.", 0, ANY_CLASS, 253, 0, "" }, "FORMERR" },
		{ { "x.example.", 0, NONE, A, 4, "\xc0\0\2\1" }, "NOERROR" },
		{ { "x.example.", 1, NONE, A, 4, "\xc0\0\2\1" }, "FORMERR" },
		{ { "x.example.", 0, NONE, ANY, 0, "" }, "FORMERR" },
		{ { "x.example.", 0, NONE, 253, 0, "" }, "FORMERR" },
		{ { "x.example.", 1, IN, KNOT_RRTYPE_NS, 2, "\1a" }, "FORMERR" },
		{ { "x.example.", 1, IN, KNOT_RRTYPE_TXT, 0, "" }, "FORMERR" },
		{ { "x.example.", 1, IN, KNOT_RRTYPE_NSEC3, 8,
		    "\1\0\0\0\0\xff"
		    "ab" },
		  "FORMERR" },
		{ { "x.example.", 1, IN, KNOT_RRTYPE_NSEC3PARAM, 6,
		    "\1\0\0\0\xff"
		    "a" },
		  "FORMERR" },
		{ { "x.example.", 1, IN, 65280, 0, "" }, "NOERROR" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *rcode = send_raw(2, &table[i].in);

		if (strcmp(rcode, table[i].out) != 0)
			fail_msg("row %zu: %s", i, rcode);
	}
}

static void the_zone_section_names_a_zone_of_ours(void **state)
{
	static const struct {
		const char *name;
		uint16_t type, rclass;
		const char *out;
	} table[] = {
		{ "example.", KNOT_RRTYPE_SOA, IN, "NOERROR" },
		{ "EXAMPLE.", KNOT_RRTYPE_SOA, IN, "NOERROR" },
		{ "example.", KNOT_RRTYPE_A, IN, "FORMERR" },
		{ "example.", KNOT_RRTYPE_ANY, IN, "FORMERR" },
		{ "example.", KNOT_RRTYPE_SOA, KNOT_CLASS_CH, "NOTAUTH" },
		{ "two.example.", KNOT_RRTYPE_SOA, IN, "NOTAUTH" },
		{ "other.", KNOT_RRTYPE_SOA, IN, "NOTAUTH" },
		{ ".", KNOT_RRTYPE_SOA, IN, "NOTAUTH" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		message_begin(&message, KNOT_OPCODE_UPDATE, table[i].name, table[i].type);
		put_u16(message.w.pos - 2, table[i].rclass);
		fixture_ask(&fixture, message_get(&message));
		assert_string_equal(show_rcode(response()), table[i].out);
	}
	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	put_u16(message.octets + 4, 0); /* octets of a zone, counted as none */
	fixture_ask(&fixture, message_get(&message));
	assert_string_equal(show_rcode(response()), "FORMERR");
}

static uint32_t serial(void)
{
	struct text text = { 0 };
	unsigned value = 0;

	fixture_ask(&fixture, message_question(&message, "example.", KNOT_RRTYPE_SOA));
	show_message(&text, response());
	const char *at = strstr(text_get(&text), "hostmaster.example. ");
	assert_non_null(at);
	value = (unsigned)strtoul(at + 20, NULL, 10);
	text_done(&text);
	return value;
}

static void a_signed_update_sent_again_changes_nothing_and_is_answered_as_before(void **state)
{
	static const char *const lines[] = { "again.example. 60 IN A 192.0.2.1", NULL };
	static struct message copy;

	(void)state;
	message_update(&copy, lines);
	message_sign(&copy, &(struct message_signature){ 0 });
	fixture_ask(&fixture, message_get(&copy));
	assert_string_equal(show_rcode(response()), "NOERROR");

	message_update(&message, (const char *const[]){ "again.example. 0 ANY ANY", NULL });
	fixture_ask(&fixture, message_get(&message));
	uint32_t before = serial();
	for (int i = 0; i < 3; i++) {
		fixture_ask(&fixture, message_get(&copy));
		assert_string_equal(show_rcode(response()), "NOERROR");
	}
	assert_int_equal(serial(), before);

	/* after a restart too: the change log remembers */
	fixture_stop(&fixture);
	assert_int_equal(fixture_zone(&fixture, zone_text), 0);
	fixture_ask(&fixture, message_get(&copy));
	assert_string_equal(show_rcode(response()), "NOERROR");
	assert_int_equal(serial(), before);
}

static void a_failed_update_sent_again_fails_as_before(void **state)
{
	static struct message copy;

	(void)state;
	message_begin(&copy, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	message_record(&copy, 1, "later.example. 0 ANY ANY");
	message_record(&copy, 2, "x.example. 60 IN A 192.0.2.1");
	message_sign(&copy, &(struct message_signature){ .key = "hmac-sha512" });
	fixture_ask(&fixture, message_get(&copy));
	assert_string_equal(show_rcode(response()), "NXDOMAIN");

	message_update(&message, (const char *const[]){ "later.example. 60 IN A 192.0.2.1", NULL });
	fixture_ask(&fixture, message_get(&message));
	fixture_ask(&fixture, message_get(&copy));
	assert_string_equal(show_rcode(response()), "NXDOMAIN");
}

static void an_unsigned_update_may_be_sent_as_often_as_one_likes(void **state)
{
	static const char *const add[] = { "more.example. 60 IN A 192.0.2.1", NULL };
	static const char *const take[] = { "more.example. 0 ANY ANY", NULL };
	uint32_t before = serial();

	(void)state;
	for (int i = 0; i < 3; i++) {
		fixture_ask(&fixture, message_update(&message, add));
		fixture_ask(&fixture, message_update(&message, take));
	}
	assert_int_equal(serial(), before + 6);
}

static void a_set_grows_until_it_would_not_fit_a_message(void **state)
{
	static uint8_t rdata[30000];

	(void)state;
	for (int i = 0; i < 4; i++) {
		rdata[0] = (uint8_t)i;
		message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
		message_raw(&message, 2, "large.example.", 60, IN, 65280,
			    slice_make(rdata, sizeof(rdata)));
		fixture.tcp = true;
		fixture_ask(&fixture, message_get(&message));
		assert_string_equal(show_rcode(response()), i < 2 ? "NOERROR" : "REFUSED");
		fixture_ask(&fixture, message_question(&message, "large.example.", 65280));
		assert_int_equal(get_u16(fixture.response.wire + 6), i < 2 ? i + 1 : 2);
		fixture.tcp = false;
	}
}

/* RFC 2181 8 */
static void a_ttl_above_the_highest_counts_as_none(void **state)
{
	static const struct {
		uint32_t in, out;
	} table[] = { { 0x7fffffff, 0x7fffffff }, { 0x80000000, 0 }, { 0xffffffff, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
		message_raw(&message, 2, "brief.example.", table[i].in, IN, A,
			    slice_make("\300\0\2\1", 4));
		fixture_ask(&fixture, message_get(&message));
		assert_string_equal(show_rcode(response()), "NOERROR");
		fixture_ask(&fixture, message_question(&message, "brief.example.", A));
		/* header, question (19 octets), owner, type, class */
		assert_int_equal(get_u32(fixture.response.wire + 12 + 19 + 6), table[i].out);
	}
}

/* RFC 6891 6.2.5: a client may say that it takes 65,535 octets; what is sent is bounded here all the same. */
static void a_primary_s_response_is_sent_where_a_datagram_of_ours_holds_it(void **state)
{
	static uint8_t octets[1233], wire[1233];
	static const struct {
		size_t size, out;
		bool tcp;
	} table[] = { { 1232, 1232, false }, { 1233, 0, false }, { 1233, 1233, true } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct job job = {
			.exchange = { .payload = 65535, .own_payload = 1232, .tcp = table[i].tcp },
			.response = { octets, table[i].size }
		};

		assert_int_equal(request_finish(&job, wire), table[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prerequisites_have_the_form_of_rfc_2136_3_2),
		cmocka_unit_test(two_records_asked_for_are_not_one_that_is_there),
		cmocka_unit_test(a_set_of_thousands_is_asked_for_record_by_record),
		cmocka_unit_test(updates_have_the_form_of_rfc_2136_3_4_1),
		cmocka_unit_test(the_zone_section_names_a_zone_of_ours),
		cmocka_unit_test(
			a_signed_update_sent_again_changes_nothing_and_is_answered_as_before),
		cmocka_unit_test(a_failed_update_sent_again_fails_as_before),
		cmocka_unit_test(an_unsigned_update_may_be_sent_as_often_as_one_likes),
		cmocka_unit_test(a_set_grows_until_it_would_not_fit_a_message),
		cmocka_unit_test(a_ttl_above_the_highest_counts_as_none),
		cmocka_unit_test(a_primary_s_response_is_sent_where_a_datagram_of_ours_holds_it),
	};

	return cmocka_run_group_tests_name("server update", tests, server_begin, server_end);
}
