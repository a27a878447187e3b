/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/notify_in.h, and what else is asked of a copy: octets in, octets out, no secondary behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "base/log.h"
#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"

static const char zone_text[] = "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\na A 192.0.2.1\n";

static struct fixture fixture;
static struct message message;

static int begin(void **state)
{
	struct text yaml = { 0 };

	(void)state;
	if (fixture_init(&fixture) != 0 || fixture_write(&fixture, "example.zone", zone_text) != 0)
		return -1;
	log_limit(0);
	text_puts(&yaml, fixture_keys);
	text_puts(&yaml, "zone:\n  - {domain: own}\n"
			 "  - {domain: plain, file: example.zone, transfer: 127.0.0.0/8,\n"
			 "     primary: [127.0.0.1, 127.0.0.3]}\n"
			 "  - {domain: signed, file: example.zone,\n"
			 "     primary: [{address: 127.0.0.1, key: hmac-sha256}]}\n"
			 "  - {domain: none, primary: 127.0.0.1}\n");
	int err = fixture_start(&fixture, text_get(&yaml));
	text_done(&yaml);
	return err;
}

static int end(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

static const char *answer(void)
{
	return show_rcode(slice_make(fixture.response.wire, fixture.response.size));
}

static struct copy_gate *gate_of(const char *name)
{
	knot_dname_storage_t apex;

	assert_non_null(knot_dname_from_str(apex, name, sizeof(apex)));
	return &fixture.state->gate[zone_table_find(fixture.state->zones, apex)->index];
}

static const char *notify(const char *zone, const char *from, const char *key)
{
	assert_int_equal(inet_pton(AF_INET, from, &fixture.peer.sin_addr), 1);
	message_begin(&message, KNOT_OPCODE_NOTIFY, zone, KNOT_RRTYPE_SOA);
	if (key != NULL)
		message_sign(&message, &(struct message_signature){ .time = 0, .key = key });
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_READY);
	inet_pton(AF_INET, "127.0.0.1", &fixture.peer.sin_addr);
	return answer();
}

static void a_primary_is_known_by_address_and_key(void **state)
{
	static const struct {
		const char *zone, *from, *key, *rcode;
	} table[] = {
		{ "plain.", "127.0.0.1", NULL, "NOERROR" },
		{ "plain.", "127.0.0.1", "hmac-sha1", "NOERROR" },
		{ "plain.", "127.0.0.2", NULL, "REFUSED" },
		{ "signed.", "127.0.0.1", "hmac-sha256", "NOERROR" },
		{ "signed.", "127.0.0.1", "hmac-sha1", "REFUSED" },
		{ "signed.", "127.0.0.1", NULL, "REFUSED" },
		{ "signed.", "127.0.0.2", "hmac-sha256", "REFUSED" },
		{ "none.", "127.0.0.1", NULL, "NOERROR" },
		{ "own.", "127.0.0.1", NULL, "NOTAUTH" },
		{ "a.plain.", "127.0.0.1", NULL, "NOTAUTH" },
		{ "elsewhere.", "127.0.0.1", NULL, "NOTAUTH" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(notify(table[i].zone, table[i].from, table[i].key), table[i].rcode) != 0)
			fail_msg("%s from %s: %s", table[i].zone, table[i].from, answer());
}

static void the_gate_says_which_primary_it_was(void **state)
{
	(void)state;
	atomic_store(&gate_of("plain.")->notified, 0);
	notify("plain.", "127.0.0.3", NULL);
	assert_int_equal(atomic_load(&gate_of("plain.")->notified), 2);
	notify("plain.", "127.0.0.9", NULL);
	assert_int_equal(atomic_load(&gate_of("plain.")->notified), 2);
}

static void what_tells_of_no_soa_record_is_not_understood(void **state)
{
	(void)state;
	message_begin(&message, KNOT_OPCODE_NOTIFY, "plain.", KNOT_RRTYPE_NAPTR);
	fixture_ask(&fixture, message_get(&message));
	assert_string_equal(answer(), "NOTIMPL");
}

static const char *ask(const char *name, uint16_t type)
{
	fixture_ask(&fixture, message_question(&message, name, type));
	return answer();
}

static void an_expired_copy_is_answered_and_given_out_by_nobody(void **state)
{
	(void)state;
	assert_string_equal(ask("a.plain.", KNOT_RRTYPE_A), "NOERROR");
	atomic_store(&gate_of("plain.")->closed, true);
	assert_string_equal(ask("a.plain.", KNOT_RRTYPE_A), "SERVFAIL");
	assert_string_equal(ask("plain.", KNOT_RRTYPE_SOA), "SERVFAIL");
	fixture.tcp = true;
	assert_string_equal(ask("plain.", KNOT_RRTYPE_AXFR), "SERVFAIL");
	fixture.tcp = false;
	atomic_store(&gate_of("plain.")->closed, false);
	assert_string_equal(ask("a.plain.", KNOT_RRTYPE_A), "NOERROR");
}

static void a_copy_is_not_made_up_and_not_updated(void **state)
{
	(void)state;
	assert_string_equal(ask("none.", KNOT_RRTYPE_SOA), "SERVFAIL");
	message_begin(&message, KNOT_OPCODE_UPDATE, "plain.", KNOT_RRTYPE_SOA);
	message_record(&message, 2, "b.plain. 60 IN A 192.0.2.9");
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_READY);
	assert_string_equal(answer(), "REFUSED");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_primary_is_known_by_address_and_key),
		cmocka_unit_test(the_gate_says_which_primary_it_was),
		cmocka_unit_test(what_tells_of_no_soa_record_is_not_understood),
		cmocka_unit_test(an_expired_copy_is_answered_and_given_out_by_nobody),
		cmocka_unit_test(a_copy_is_not_made_up_and_not_updated),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
