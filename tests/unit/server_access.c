/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/access.h: who may change what, from the rules of an onnet.yaml. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"

static struct fixture fixture;
static struct message message;

#define NAPTR " 60 IN NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@example.net!\" ."
#define NUMBER "3.2.1.0.5.5.5.2.0.2.1.example."

/* A zone with one update rule, and what comes of one update. */
struct access_case {
	const char *rule;
	const char *key;  /* NULL: not signed */
	const char *peer; /* NULL: 127.0.0.1 */
	const char *line; /* of the update */
	const char *out;  /* the RCODE, and with " " behind it the reason */
};

static const struct access_case by_asker[] = {
	{ "[]", "hmac-sha256", NULL, "a.example. 60 IN A 192.0.2.1",
	  "REFUSED key 'hmac-sha256' may not change this zone" },
	{ "[]", NULL, NULL, "a.example. 60 IN A 192.0.2.1",
	  "REFUSED a request without signature may not change this zone" },
	{ "hmac-sha256", "hmac-sha256", NULL, "a.example. 60 IN A 192.0.2.1", "NOERROR" },
	{ "hmac-sha256", "hmac-sha512", NULL, "a.example. 60 IN A 192.0.2.1",
	  "REFUSED key 'hmac-sha512' may not change this zone" },
	{ "hmac-sha256", NULL, NULL, "a.example. 60 IN A 192.0.2.1",
	  "REFUSED a request without signature may not change this zone" },
	{ "127.0.0.1", NULL, NULL, "a.example. 60 IN A 192.0.2.1", "NOERROR" },
	{ "127.0.0.1", "hmac-sha256", NULL, "a.example. 60 IN A 192.0.2.1", "NOERROR" },
	{ "127.0.0.1", NULL, "127.0.0.2", "a.example. 60 IN A 192.0.2.1",
	  "REFUSED a request without signature may not change this zone" },
	{ "192.0.2.0/24", NULL, "192.0.2.255", "a.example. 60 IN A 192.0.2.1", "NOERROR" },
	{ "192.0.2.0/24", NULL, "192.0.3.0", "a.example. 60 IN A 192.0.2.1",
	  "REFUSED a request without signature may not change this zone" },
	{ "\"::1\"", NULL, NULL, "a.example. 60 IN A 192.0.2.1",
	  "REFUSED a request without signature may not change this zone" },
	{ "{key: hmac-sha256, address: 192.0.2.0/24}", "hmac-sha256", "192.0.2.7",
	  "a.example. 60 IN A 192.0.2.1", "NOERROR" },
	{ "{key: hmac-sha256, address: 192.0.2.0/24}", "hmac-sha256", "198.51.100.7",
	  "a.example. 60 IN A 192.0.2.1", "REFUSED key 'hmac-sha256' may not change this zone" },
	{ "{key: hmac-sha256, address: 192.0.2.0/24}", NULL, "192.0.2.7",
	  "a.example. 60 IN A 192.0.2.1",
	  "REFUSED a request without signature may not change this zone" },
	{ "{key: hmac-sha256, address: [192.0.2.0/24, 127.0.0.1]}", "hmac-sha256", NULL,
	  "a.example. 60 IN A 192.0.2.1", "NOERROR" },
};

static const struct access_case by_what[] = {
	{ "{key: hmac-sha256, types: [NAPTR]}", "hmac-sha256", NULL, "1.example." NAPTR,
	  "NOERROR" },
	{ "{key: hmac-sha256, types: [NAPTR]}", "hmac-sha256", NULL, "a.example. 60 IN A 192.0.2.1",
	  "REFUSED key 'hmac-sha256' may not change a.example. A" },
	{ "{key: hmac-sha256, types: [NAPTR]}", "hmac-sha256", NULL, "1.example. 0 ANY NAPTR",
	  "NOERROR" },
	{ "{key: hmac-sha256, types: [NAPTR]}", "hmac-sha256", NULL, "1.example. 0 ANY ANY",
	  "REFUSED key 'hmac-sha256' may not change +1 all types at once" },
	{ "{key: hmac-sha256, types: [NAPTR, A]}", "hmac-sha256", NULL,
	  "a.example. 0 NONE A 192.0.2.1", "NOERROR" },
	{ "{key: hmac-sha256, names: [a.example]}", "hmac-sha256", NULL,
	  "A.Example. 60 IN A 192.0.2.1", "NOERROR" },
	{ "{key: hmac-sha256, names: [A.EXAMPLE]}", "hmac-sha256", NULL, "a.example. 0 ANY ANY",
	  "NOERROR" },
	{ "{key: hmac-sha256, names: [a.example]}", "hmac-sha256", NULL,
	  "b.a.example. 60 IN A 192.0.2.1",
	  "REFUSED key 'hmac-sha256' may not change b.a.example. A" },
	{ "{key: hmac-sha256, names: ['*.a.example']}", "hmac-sha256", NULL,
	  "c.B.A.example. 60 IN A 192.0.2.1", "NOERROR" },
	{ "{key: hmac-sha256, names: ['*.a.example']}", "hmac-sha256", NULL,
	  "*.a.example. 60 IN A 192.0.2.1", "NOERROR" },
	{ "{key: hmac-sha256, names: ['*.a.example']}", "hmac-sha256", NULL,
	  "a.example. 60 IN A 192.0.2.1", "REFUSED key 'hmac-sha256' may not change a.example. A" },
	{ "{key: hmac-sha256, names: ['*.a.example']}", "hmac-sha256", NULL,
	  "xa.example. 60 IN A 192.0.2.1",
	  "REFUSED key 'hmac-sha256' may not change xa.example. A" },
	{ "{key: hmac-sha256, numbers: ['+120255501']}", "hmac-sha256", NULL, NUMBER NAPTR,
	  "NOERROR" },
	{ "{key: hmac-sha256, numbers: ['+12025550']}", "hmac-sha256", NULL, NUMBER NAPTR,
	  "NOERROR" },
	{ "{key: hmac-sha256, numbers: ['+12025550123']}", "hmac-sha256", NULL, NUMBER NAPTR,
	  "NOERROR" },
	{ "{key: hmac-sha256, numbers: ['+1202555012']}", "hmac-sha256", NULL,
	  "*.2.1.0.5.5.5.2.0.2.1.example." NAPTR, "NOERROR" },
	{ "{key: hmac-sha256, numbers: ['+1202555013']}", "hmac-sha256", NULL, NUMBER NAPTR,
	  "REFUSED key 'hmac-sha256' may not change +12025550123 NAPTR" },
	{ "{key: hmac-sha256, numbers: ['+1202']}", "hmac-sha256", NULL, "2.0.2.1.example." NAPTR,
	  "NOERROR" },
	{ "{key: hmac-sha256, numbers: ['+1202']}", "hmac-sha256", NULL,
	  "1.example. 60 IN A 192.0.2.1", "REFUSED key 'hmac-sha256' may not change +1 A" },
	{ "{key: hmac-sha256, numbers: ['+1202'], types: [NAPTR]}", "hmac-sha256", NULL,
	  NUMBER " 60 IN A 192.0.2.1", "REFUSED key 'hmac-sha256' may not change +12025550123 A" },
	{ "[{key: hmac-sha512}, {key: hmac-sha256, types: [A]}, {key: hmac-sha256, names: "
	  "[b.example]}]",
	  "hmac-sha256", NULL, "b.example. 60 IN TXT \"x\"", "NOERROR" },
};

static void yaml_write(struct text *yaml, const char *rule)
{
	text_puts(yaml, fixture_keys);
	text_printf(yaml, "zone: {domain: example, file: example.zone, update: %s, transfer: %s}\n",
		    rule, "[]");
	text_puts(yaml, "number: {e164: [example]}\n");
}

/* "RCODE REASON" of a response. */
static void outcome_show(struct text *ret, struct slice response)
{
	struct text text = { 0 };

	text_puts(ret, show_rcode(response));
	show_message(&text, response);
	const char *ede = strstr(text_get(&text), " ede 18 ");
	if (ede != NULL)
		text_add(ret, ede + 7, strcspn(ede + 7, "\n"));
	text_done(&text);
}

static void row_try(const struct access_case *row)
{
	struct text yaml = { 0 }, text = { 0 };

	yaml_write(&yaml, row->rule);
	assert_int_equal(fixture_init(&fixture), 0);
	fixture_write(&fixture, "example.zone", "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\n");
	if (fixture_start(&fixture, text_get(&yaml)) != 0)
		fail_msg("%s: %s", row->rule, text_get(&fixture.fault));
	if (row->peer != NULL)
		assert_int_equal(inet_pton(AF_INET, row->peer, &fixture.peer.sin_addr), 1);

	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	message_record(&message, 2, row->line);
	message_opt(&message, 1232, 0, (struct slice){ 0 });
	if (row->key != NULL)
		message_sign(&message, &(struct message_signature){ .key = row->key });
	fixture_ask(&fixture, message_get(&message));
	outcome_show(&text, slice_make(fixture.response.wire, fixture.response.size));
	if (strcmp(text_get(&text), row->out) != 0)
		fail_msg("%s, %s: %s", row->rule, row->line, text_get(&text));
	fixture_done(&fixture);
	text_done(&yaml);
	text_done(&text);
}

static void rules_say_who_may_change_a_zone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(by_asker) / sizeof(by_asker[0]); i++)
		row_try(&by_asker[i]);
}

static void rules_say_what_may_be_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(by_what) / sizeof(by_what[0]); i++)
		row_try(&by_what[i]);
}

/* Asks for a transfer, and says how it went: "stream", or an RCODE. */
static const char *transfer_try(const char *key)
{
	message_begin(&message, KNOT_OPCODE_QUERY, "example.", KNOT_RRTYPE_AXFR);
	if (key != NULL)
		message_sign(&message, &(struct message_signature){ .key = key });
	fixture.tcp = true;
	if (fixture_ask(&fixture, message_get(&message)) == RESPONSE_STREAM)
		return "stream";
	return show_rcode(slice_make(fixture.response.wire, fixture.response.size));
}

static void rules_say_who_may_have_a_transfer(void **state)
{
	static const struct {
		const char *rule, *key, *out;
	} table[] = {
		{ "[]", NULL, "REFUSED" },
		{ "[]", "hmac-sha256", "REFUSED" },
		{ "127.0.0.1", NULL, "stream" },
		{ "127.0.0.2", NULL, "REFUSED" },
		{ "hmac-sha256", "hmac-sha256", "stream" },
		{ "hmac-sha256", "hmac-sha1", "REFUSED" },
		{ "hmac-sha256", NULL, "REFUSED" },
		{ "{key: hmac-sha256, address: 127.0.0.2}", "hmac-sha256", "REFUSED" },
		{ "[hmac-sha1, hmac-sha256]", "hmac-sha256", "stream" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text yaml = { 0 };

		text_puts(&yaml, fixture_keys);
		text_printf(&yaml, "zone: {domain: example, transfer: %s}\n", table[i].rule);
		assert_int_equal(fixture_init(&fixture), 0);
		assert_int_equal(fixture_start(&fixture, text_get(&yaml)), 0);
		assert_string_equal(transfer_try(table[i].key), table[i].out);
		fixture_done(&fixture);
		text_done(&yaml);
	}
}

static void one_record_that_is_not_allowed_refuses_the_whole_update(void **state)
{
	struct text yaml = { 0 };

	(void)state;
	yaml_write(&yaml, "{key: hmac-sha256, types: [A]}");
	assert_int_equal(fixture_init(&fixture), 0);
	fixture_write(&fixture, "example.zone", "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\n");
	assert_int_equal(fixture_start(&fixture, text_get(&yaml)), 0);
	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	message_record(&message, 2, "a.example. 60 IN A 192.0.2.1");
	message_record(&message, 2, "a.example. 60 IN TXT \"x\"");
	message_sign(&message, &(struct message_signature){ 0 });
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_READY);
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "REFUSED");
	fixture_ask(&fixture, message_question(&message, "a.example.", KNOT_RRTYPE_A));
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "NXDOMAIN");
	fixture_done(&fixture);
	text_done(&yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_say_who_may_change_a_zone),
		cmocka_unit_test(rules_say_what_may_be_changed),
		cmocka_unit_test(rules_say_who_may_have_a_transfer),
		cmocka_unit_test(one_record_that_is_not_allowed_refuses_the_whole_update),
	};

	return cmocka_run_group_tests_name("server access", tests, NULL, NULL);
}
