/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/rate.h, limit.h, verify.h: what a sender may have, by a clock that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"
#include "server/rate.h"

static struct fixture fixture;
static struct message message;

static const char zone_text[] = "$TTL 3600\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\n"
				"ns A 192.0.2.53\n";

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

static const struct sockaddr *peer(const char *address)
{
	static struct sockaddr_storage storage;
	struct sockaddr_in *v4 = (void *)&storage;
	struct sockaddr_in6 *v6 = (void *)&storage;

	memset(&storage, 0, sizeof(storage));
	storage.ss_family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
	if (storage.ss_family == AF_INET)
		assert_int_equal(inet_pton(AF_INET, address, &v4->sin_addr), 1);
	else
		assert_int_equal(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
	return (struct sockaddr *)&storage;
}

static const struct rate_limit ten = { 10, 20, { 24, 56 } };

static void a_bucket_holds_a_burst_and_fills_with_time(void **state)
{
	struct rate *rate;
	const struct sockaddr *a = peer("192.0.2.1");
	int64_t now = 5000000000;

	(void)state;
	assert_int_equal(rate_new(&rate), 0);
	assert_true(rate_has(rate, &ten, a, now));
	for (int i = 0; i < 20; i++)
		assert_int_equal(rate_take(rate, &ten, a, now), 0);
	assert_false(rate_has(rate, &ten, a, now));
	for (unsigned i = 1; i < 5; i++)
		assert_int_equal(rate_take(rate, &ten, a, now), i);
	assert_int_equal(rate_take(rate, &ten, a, now + 99), 5);
	assert_int_equal(rate_take(rate, &ten, a, now + 100), 0);
	assert_int_equal(rate_take(rate, &ten, a, now + 100), 1);
	/* an hour brings no more than a burst */
	for (int i = 0; i < 20; i++)
		assert_int_equal(rate_take(rate, &ten, a, now + 3600000), 0);
	assert_int_equal(rate_take(rate, &ten, a, now + 3600000), 1);
	rate_free(rate);
}

static void prefixes_are_told_apart_and_no_more(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} table[] = {
		{ "192.0.2.1", "192.0.2.255", true },
		{ "192.0.2.1", "192.0.3.1", false },
		{ "2001:db8:1:aa00::1", "2001:db8:1:aaff:ffff::", true },
		{ "2001:db8:1:aa00::1", "2001:db8:1:ab00::1", false },
		{ "192.0.2.1", "::ffff:192.0.2.9", true },
		{ "192.0.2.1", "c000:201::", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct rate *rate;

		assert_int_equal(rate_new(&rate), 0);
		while (rate_take(rate, &ten, peer(table[i].a), 0) == 0)
			;
		if (rate_has(rate, &ten, peer(table[i].b), 0) == table[i].same)
			fail_msg("%s, %s", table[i].a, table[i].b);
		rate_free(rate);
	}
}

/* Half a million prefixes pass through a table for 65,000. */
/* Nobody whose address is proven is shut out by who only says that he is near. */
static void a_prefix_is_another_one_than_the_shorter_one_that_begins_alike(void **state)
{
	static const struct rate_limit wide = { 1, 1, { 24, 56 } }, narrow = { 1, 1, { 32, 64 } };
	static const char *const first[] = { "192.0.2.0", "2001:db8:0:100::1" };
	struct rate *rate;

	(void)state;
	assert_int_equal(rate_new(&rate), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(rate_take(rate, &wide, peer(first[i]), 0), 0);
		assert_int_equal(rate_take(rate, &wide, peer(first[i]), 0), 1);
		assert_true(rate_has(rate, &narrow, peer(first[i]), 0));
	}
	rate_free(rate);
}

static void whoever_is_limited_stays_so_while_others_come_and_go(void **state)
{
	struct rate *rate;
	struct sockaddr_in flood = { .sin_family = AF_INET };

	(void)state;
	assert_int_equal(rate_new(&rate), 0);
	while (rate_take(rate, &ten, peer("192.0.2.1"), 0) == 0)
		;
	for (uint32_t i = 0; i < 500000; i++) {
		flood.sin_addr.s_addr = htonl(i << 8);
		rate_take(rate, &ten, (const struct sockaddr *)&flood, 0);
	}
	assert_false(rate_has(rate, &ten, peer("192.0.2.1"), 0));
	rate_free(rate);
}

static const char *ask(void)
{
	if (fixture_ask(&fixture, message_question(&message, "ns.example.", KNOT_RRTYPE_A)) ==
	    RESPONSE_NONE)
		return "nothing";
	return (fixture.response.wire[2] & 2) != 0 ? "truncated" : "answered";
}

static unsigned ask_many(unsigned count, const char *wanted)
{
	unsigned found = 0;

	while (count-- > 0)
		found += strcmp(ask(), wanted) == 0;
	return found;
}

static void limit_begin(unsigned most, unsigned slip)
{
	fixture.state->conf->rate_limit = most;
	fixture.state->conf->rate_limit_slip = slip;
	fixture.now_ms += 1000000;
	assert_int_equal(limit_use(&fixture.responder.limit, fixture.state->conf), 0);
}

static void limit_end(void)
{
	fixture.state->conf->rate_limit = 0;
}

static void responses_over_the_limit_are_short_or_none(void **state)
{
	const struct counts *counts = &fixture.responder.counts;

	(void)state;
	limit_begin(10, 2);
	assert_int_equal(ask_many(10, "answered"), 10);
	assert_int_equal(ask_many(20, "truncated"), 10);
	assert_int_equal(count_get(counts, COUNT_LIMITED_SHORT), 10);
	assert_int_equal(count_get(counts, COUNT_LIMITED_DROPPED), 10);
	fixture.now_ms += 500;
	assert_int_equal(ask_many(10, "answered"), 5);

	limit_begin(10, 0);
	assert_int_equal(ask_many(20, "nothing"), 10);
	limit_begin(10, 1);
	assert_int_equal(ask_many(20, "truncated"), 10);
	limit_end();
	assert_int_equal(ask_many(50, "answered"), 50);
}

static void a_short_response_is_no_longer_than_its_request(void **state)
{
	(void)state;
	limit_begin(1, 1);
	ask();
	assert_string_equal(ask(), "truncated");
	assert_int_equal(fixture.response.size, message_get(&message).size);
	assert_int_equal(get_u16(fixture.response.wire + 6), 0);
	limit_end();
}

/* RFC 8945 5.2.1: the error in a TSIG record goes with NOTAUTH. */
static void a_short_response_keeps_the_error_of_a_signature(void **state)
{
	(void)state;
	limit_begin(1, 1);
	ask();
	message_begin(&message, KNOT_OPCODE_QUERY, "ns.example.", KNOT_RRTYPE_A);
	message_sign(&message,
		     &(struct message_signature){ .key = "nobody", .algorithm = "hmac-sha256" });
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_READY);
	assert_int_equal(fixture.response.wire[2] & 2, 2);
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "NOTAUTH");
	limit_end();
}

static void tcp_cookies_and_exempt_prefixes_are_not_limited(void **state)
{
	struct conf_prefix exempt = { .family = AF_INET, .octets = { 127 }, .length = 8 };
	uint8_t option[4 + COOKIE_SIZE];

	(void)state;
	limit_begin(1, 0);
	ask();
	assert_string_equal(ask(), "nothing");
	fixture.tcp = true;
	assert_int_equal(ask_many(10, "answered"), 10);
	fixture.tcp = false;

	fixture.state->conf->rate_limit_exempt = &exempt;
	fixture.state->conf->rate_limit_exempt_count = 1;
	assert_int_equal(ask_many(10, "answered"), 10);
	fixture.state->conf->rate_limit_exempt_count = 0;
	assert_string_equal(ask(), "nothing");

	fixture.now_ms += 1000;
	message_begin(&message, KNOT_OPCODE_QUERY, "ns.example.", KNOT_RRTYPE_A);
	message_opt(&message, 1232, 0, slice_make("\0\12\0\10clientco", 12));
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_READY);
	memcpy(option, fixture.response.wire + fixture.response.size - sizeof(option),
	       sizeof(option));
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_NONE);
	message_begin(&message, KNOT_OPCODE_QUERY, "ns.example.", KNOT_RRTYPE_A);
	message_opt(&message, 1232, 0, slice_make(option, sizeof(option)));
	for (int i = 0; i < 10; i++)
		assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_READY);
	limit_end();
}

static void the_log_is_told_of_few_prefixes_and_of_their_end(void **state)
{
	struct limit *limit = &fixture.responder.limit;
	size_t noticed = 0;

	(void)state;
	limit_begin(1, 0);
	limit_expire(limit, fixture.now_ms);
	assert_int_equal(limit_expire(limit, fixture.now_ms), -1);
	for (uint32_t i = 0; i < 100; i++) {
		fixture.peer.sin_addr.s_addr = htonl(0x0a000001 + (i << 8));
		ask_many(3, "nothing");
	}
	for (size_t i = 0; i < LIMIT_NOTICES; i++)
		noticed += limit->notice[i].peer.ss_family == AF_INET &&
			   limit->notice[i].limited == 2;
	assert_int_equal(noticed, LIMIT_NOTICES);
	assert_int_equal(limit_expire(limit, fixture.now_ms + 9000), 1000);
	assert_int_equal(limit_expire(limit, fixture.now_ms + 10000), -1);
	assert_int_equal(limit->notice[0].peer.ss_family, 0);
	fixture.peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	limit_end();
}

static const char *send_update(const char *key, bool spoiled, const void *option, size_t size)
{
	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	message_record(&message, 2, "x.example. 60 IN A 192.0.2.1");
	message_opt(&message, 1232, 0, slice_make(option, size));
	message_sign(&message, &(struct message_signature){
				       .key = key, .algorithm = "hmac-sha256", .spoil = spoiled });
	fixture_ask(&fixture, message_get(&message));
	if (fixture.response.size == 0)
		return "nothing";
	if ((fixture.response.wire[2] & 2) != 0)
		return "truncated";
	return show_rcode(slice_make(fixture.response.wire, fixture.response.size));
}

/* Sends bad signatures until they are not looked at; how many were. */
static unsigned spend(const void *option, size_t size)
{
	unsigned count = 0;

	while (count < 1000 &&
	       strcmp(send_update("hmac-sha256", true, option, size), "NOTAUTH") == 0)
		count++;
	return count;
}

static void bad_signatures_are_looked_at_up_to_a_bound(void **state)
{
	const struct counts *counts = &fixture.responder.counts;

	(void)state;
	fixture.now_ms += 1000000;
	assert_string_equal(send_update("hmac-sha256", false, "", 0), "NOERROR");
	assert_int_equal(spend("", 0), 100);
	assert_int_equal(count_get(counts, COUNT_SIGNATURE_BAD), 100);
	assert_int_equal(count_get(counts, COUNT_SIGNATURE_UNREAD), 1);

	/* over UDP good ones from there can't be told from them: those come by TCP, or with a cookie */
	assert_string_equal(send_update("hmac-sha256", false, "", 0), "truncated");
	assert_int_equal(fixture.response.wire[3] & 15, KNOT_RCODE_REFUSED);
	assert_true(fixture.response.size < message_get(&message).size);
	fixture.tcp = true;
	assert_string_equal(send_update("hmac-sha256", false, "", 0), "NOERROR");
	fixture.tcp = false;

	uint8_t option[4 + COOKIE_SIZE];
	message_begin(&message, KNOT_OPCODE_QUERY, "ns.example.", KNOT_RRTYPE_A);
	message_opt(&message, 1232, 0, slice_make("\0\12\0\10clientco", 12));
	fixture_ask(&fixture, message_get(&message));
	memcpy(option, fixture.response.wire + fixture.response.size - sizeof(option),
	       sizeof(option));
	assert_string_equal(send_update("hmac-sha256", false, option, sizeof(option)), "NOERROR");

	/* a sender that proved where it is has nobody to blame but itself */
	assert_int_equal(spend(option, sizeof(option)), 100);
	assert_string_equal(send_update("hmac-sha256", false, option, sizeof(option)), "REFUSED");
	fixture.now_ms += 1000;
	assert_string_equal(send_update("hmac-sha256", false, option, sizeof(option)), "NOERROR");
	assert_string_equal(send_update("hmac-sha256", false, "", 0), "NOERROR");
	fixture.peer.sin_addr.s_addr = htonl(0x7f010001);
	assert_string_equal(send_update("hmac-sha256", true, "", 0), "NOTAUTH");
	fixture.peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

/* RFC 8945 5.2.1, 5.2.3: these cost little or come from those who have the key. */
static void unknown_keys_and_wrong_clocks_are_not_counted(void **state)
{
	(void)state;
	fixture.now_ms += 1000000;
	for (int i = 0; i < 300; i++)
		assert_string_equal(send_update("nobody", false, "", 0), "NOTAUTH");
	assert_string_equal(send_update("hmac-sha256", false, "", 0), "NOERROR");
}

static void refused_updates_are_limited_like_all_responses(void **state)
{
	(void)state;
	limit_begin(5, 0);
	for (int i = 0; i < 5; i++)
		assert_string_equal(send_update("nobody", false, "", 0), "NOTAUTH");
	assert_string_equal(send_update("nobody", false, "", 0), "nothing");
	for (int i = 0; i < 20; i++)
		assert_string_equal(send_update("hmac-sha256", false, "", 0), "NOERROR");
	limit_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_holds_a_burst_and_fills_with_time),
		cmocka_unit_test(prefixes_are_told_apart_and_no_more),
		cmocka_unit_test(a_prefix_is_another_one_than_the_shorter_one_that_begins_alike),
		cmocka_unit_test(whoever_is_limited_stays_so_while_others_come_and_go),
		cmocka_unit_test(responses_over_the_limit_are_short_or_none),
		cmocka_unit_test(a_short_response_is_no_longer_than_its_request),
		cmocka_unit_test(a_short_response_keeps_the_error_of_a_signature),
		cmocka_unit_test(tcp_cookies_and_exempt_prefixes_are_not_limited),
		cmocka_unit_test(the_log_is_told_of_few_prefixes_and_of_their_end),
		cmocka_unit_test(bad_signatures_are_looked_at_up_to_a_bound),
		cmocka_unit_test(unknown_keys_and_wrong_clocks_are_not_counted),
		cmocka_unit_test(refused_updates_are_limited_like_all_responses),
	};

	return cmocka_run_group_tests(tests, server_begin, server_end);
}
