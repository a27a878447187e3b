/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zone/answer.h and zone/reply.h through server/request.h: what goes into a response, and what does
 * not when room is short. The RFCs' own examples are in tests/scenario.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"

static struct fixture fixture;
static struct message message;

/* Sets that are larger than their question's datagram, with much to add. */
static void zone_write(struct text *text)
{
	text_puts(text, "$TTL 3600\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\n"
			"ns A 192.0.2.53\n"
			"loop CNAME loop2\nloop2 CNAME loop\nself CNAME self\n"
			"alias CNAME text\nout CNAME www.example.com.\n"
			"\\000\\001.dots\\.in A 192.0.2.7\n"
			"cut NS ns.cut\nns.cut A 192.0.2.9\n"
			"mx MX 10 ns\nmx MX 20 NS\n"
			"@ NAPTR 10 10 \"s\" \"SIP+D2U\" \"\" _sip._udp\n");
	for (int i = 0; i < 20; i++)
		text_printf(text,
			    "_sip._udp SRV 10 10 5060 host%02d\nhost%02d A 192.0.2.%d\n"
			    "host%02d AAAA 2001:db8::%x\n",
			    i, i, i, i, i);
	for (int i = 0; i < 10; i++)
		text_printf(text, "text TXT \"%0100d\"\n", i);
	for (int i = 0; i < 20; i++)
		text_printf(text, "chain%d CNAME chain%d\n", i, i + 1);
	text_puts(text, "chain20 A 192.0.2.1\n");
	for (int i = 0; i < 540; i++)
		text_printf(text, "large TXT \"%0100d\"\n", i);
}

static int server_begin(void **state)
{
	struct text text = { 0 };

	(void)state;
	zone_write(&text);

	int err = fixture_init(&fixture);
	if (err == 0)
		err = fixture_zone(&fixture, text_get(&text));
	text_done(&text);
	return err;
}

static int server_end(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

/* The response to a question with an OPT record of this payload; 0: without. */
static struct slice ask(const char *name, uint16_t type, uint16_t payload)
{
	message_begin(&message, KNOT_OPCODE_QUERY, name, type);
	if (payload > 0)
		message_opt(&message, payload, 0, (struct slice){ 0 });
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_READY);
	return slice_make(fixture.response.wire, fixture.response.size);
}

static bool is_truncated(struct slice response)
{
	return (response.data[2] & 2) != 0;
}

static uint16_t count(struct slice response, int section)
{
	return get_u16(response.data + 4 + 2 * section);
}

static void answers_in_full(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		const char *out;
	} table[] = {
		{ "self.example.", KNOT_RRTYPE_A,
		  "NOERROR aa\nanswer self.example. 3600 IN CNAME self.example.\n" },
		{ "loop.example.", KNOT_RRTYPE_A,
		  "NOERROR aa\nanswer loop.example. 3600 IN CNAME loop2.example.\n"
		  "answer loop2.example. 3600 IN CNAME loop.example.\n" },
		{ "out.example.", KNOT_RRTYPE_A,
		  "NOERROR aa\nanswer out.example. 3600 IN CNAME www.example.com.\n" },
		{ "\\000\\001.dots\\.in.example.", KNOT_RRTYPE_A,
		  "NOERROR aa\nanswer \\000\\001.dots\\.in.example. 3600 IN A 192.0.2.7\n" },
		{ "in.example.", KNOT_RRTYPE_A,
		  "NXDOMAIN aa\nauthority example. 300 IN SOA ns.example. hostmaster.example. "
		  "1 7200 900 1209600 300\n" },
		{ "dots\\.in.example.", KNOT_RRTYPE_A,
		  "NOERROR aa\nauthority example. 300 IN SOA ns.example. hostmaster.example. "
		  "1 7200 900 1209600 300\n" },
		{ "x.cut.example.", KNOT_RRTYPE_A,
		  "NOERROR\nauthority cut.example. 3600 IN NS ns.cut.example.\n"
		  "additional ns.cut.example. 3600 IN A 192.0.2.9\n" },
		{ "example.", KNOT_RRTYPE_NS,
		  "NOERROR aa\nanswer example. 3600 IN NS ns.example.\n"
		  "additional ns.example. 3600 IN A 192.0.2.53\n" },
		{ "mx.example.", KNOT_RRTYPE_MX, /* what two records lead to is added once */
		  "NOERROR aa\nanswer mx.example. 3600 IN MX 10 ns.example.\n"
		  "answer mx.example. 3600 IN MX 20 NS.example.\n"
		  "additional ns.example. 3600 IN A 192.0.2.53\n" },
		{ "com.", KNOT_RRTYPE_A, "REFUSED\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text text = { 0 };

		show_message(&text, ask(table[i].name, table[i].type, 0));
		assert_string_equal(text_get(&text), table[i].out);
		text_done(&text);
	}
}

static void a_chain_of_aliases_is_followed_some_way(void **state)
{
	struct slice response;

	(void)state;
	fixture.tcp = true;
	response = ask("chain8.example.", KNOT_RRTYPE_A, 0);
	assert_int_equal(count(response, 1), 13);
	response = ask("chain0.example.", KNOT_RRTYPE_A, 0);
	assert_string_equal(show_rcode(response), "NOERROR");
	assert_int_equal(count(response, 1), 16);
	assert_int_equal(count(response, 2), 0);
	fixture.tcp = false;
}

static void the_answer_is_whole_or_truncated_and_never_larger_than_asked_for(void **state)
{
	(void)state;
	fixture.tcp = true;
	size_t whole = ask("text.example.", KNOT_RRTYPE_TXT, 1232).size;
	fixture.tcp = false;
	assert_true(whole > 1000 && whole <= 1232);
	for (uint16_t payload = 1; payload < 1400; payload++) {
		struct slice response = ask("text.example.", KNOT_RRTYPE_TXT, payload);
		size_t room = payload < 512 ? 512 : payload;

		assert_true(response.size <= room);
		assert_true(is_truncated(response) == (room < whole));
		assert_int_equal(count(response, 1), room < whole ? 0 : 10);
		assert_int_equal(count(response, 3), 1);
	}
	assert_true(is_truncated(ask("text.example.", KNOT_RRTYPE_TXT, 0)));
	assert_int_equal(count(ask("text.example.", KNOT_RRTYPE_TXT, 0), 3), 0);
}

static void an_alias_stays_where_its_target_does_not_fit(void **state)
{
	struct slice response = ask("alias.example.", KNOT_RRTYPE_TXT, 512);

	(void)state;
	assert_true(is_truncated(response));
	assert_int_equal(count(response, 1), 1);
}

static void additional_records_never_truncate(void **state)
{
	uint16_t least = UINT16_MAX, most = 0;

	(void)state;
	for (uint16_t payload = 512; payload <= 1300; payload++) {
		struct slice response = ask("example.", KNOT_RRTYPE_NAPTR, payload);
		uint16_t more = count(response, 3);

		assert_false(is_truncated(response));
		assert_true(response.size <= payload && response.size <= 1232);
		assert_int_equal(count(response, 1), 1);
		least = more < least ? more : least;
		most = more > most ? more : most;
	}
	assert_true(least == 1); /* the OPT alone: the SRV set goes whole or not at all */
	assert_true(most > 21);
}

static void one_question_locates_a_domain(void **state)
{
	(void)state;
	fixture.tcp = true;
	struct slice response = ask("example.", KNOT_RRTYPE_NAPTR, 0);
	fixture.tcp = false;
	assert_int_equal(count(response, 3), 20 + 20 + 20);
}

static void over_tcp_a_message_is_as_large_as_it_has_to_be(void **state)
{
	static const char *const names[] = { "large.example.", "LARGE.example." };

	(void)state;
	fixture.tcp = true;
	for (size_t i = 0; i < 2; i++) {
		struct slice response = ask(names[i], KNOT_RRTYPE_TXT, 0);

		assert_false(is_truncated(response));
		assert_int_equal(count(response, 1), 540);
		assert_true(response.size > 60000);
	}
	fixture.tcp = false;
	assert_true(is_truncated(ask("large.example.", KNOT_RRTYPE_TXT, 65535)));
}

static void a_signature_has_its_room_in_a_full_message(void **state)
{
	(void)state;
	for (uint16_t payload = 512; payload < 1300; payload += 3) {
		struct text text = { 0 };

		message_begin(&message, KNOT_OPCODE_QUERY, "text.example.", KNOT_RRTYPE_TXT);
		message_opt(&message, payload, 0, (struct slice){ 0 });
		message_sign(&message, &(struct message_signature){ .key = "hmac-sha512" });
		fixture_ask(&fixture, message_get(&message));
		assert_true(fixture.response.size > 0 && fixture.response.size <= payload);
		show_message(&text, slice_make(fixture.response.wire, fixture.response.size));
		assert_non_null(strstr(text_get(&text), "tsig NOERROR signed\n"));
		text_done(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_in_full),
		cmocka_unit_test(a_chain_of_aliases_is_followed_some_way),
		cmocka_unit_test(the_answer_is_whole_or_truncated_and_never_larger_than_asked_for),
		cmocka_unit_test(an_alias_stays_where_its_target_does_not_fit),
		cmocka_unit_test(additional_records_never_truncate),
		cmocka_unit_test(one_question_locates_a_domain),
		cmocka_unit_test(over_tcp_a_message_is_as_large_as_it_has_to_be),
		cmocka_unit_test(a_signature_has_its_room_in_a_full_message),
	};

	return cmocka_run_group_tests_name("server answer", tests, server_begin, server_end);
}
