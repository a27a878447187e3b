/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/cookie.h: the examples of RFC 9018, what is good and for how long; and what a server says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"
#include "server/cookie.h"

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

static size_t hex_read(uint8_t *ret, const char *hex)
{
	size_t size = 0;

	for (; hex[2 * size] != '\0'; size++) {
		const char digits[] = "0123456789abcdef";
		const char *high = strchr(digits, hex[2 * size]);
		const char *low = strchr(digits, hex[2 * size + 1]);

		ret[size] = (uint8_t)((high - digits) << 4 | (low - digits));
	}
	return size;
}

static void peer_make(struct sockaddr_storage *ret, const char *address)
{
	struct sockaddr_in *v4 = (void *)ret;
	struct sockaddr_in6 *v6 = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	ret->ss_family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
	if (ret->ss_family == AF_INET)
		assert_int_equal(inet_pton(AF_INET, address, &v4->sin_addr), 1);
	else
		assert_int_equal(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
}

static struct cookie_secrets secrets_make(const char *first, const char *second)
{
	struct cookie_secrets secrets = { .count = second != NULL ? 2 : 1 };

	hex_read(secrets.secret[0], first);
	if (second != NULL)
		hex_read(secrets.secret[1], second);
	return secrets;
}

#define SECRET "e5e973e5a6b2a43f48e7dc849e37bfcf"

static void the_examples_of_rfc_9018(void **state)
{
	static const struct {
		const char *name, *peer, *secret, *second, *in;
		uint32_t now;
		enum cookie_status status;
		const char *out;
	} table[] = {
		{ "A.1: learning a new cookie", "198.51.100.100", SECRET, NULL, "2464c4abcf10c957",
		  1559731985, COOKIE_NEW, "2464c4abcf10c957010000005cf79f111f8130c3eee29480" },
		{ "A.2: learning a renewed one", "198.51.100.100", SECRET, NULL,
		  "2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559734385, COOKIE_GOOD,
		  "2464c4abcf10c957010000005cf7a871d4a564a1442aca77" },
		{ "A.3: reserved octets that are set, and too old here", "203.0.113.203", SECRET,
		  NULL, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559734700, COOKIE_BAD,
		  "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e" },
		{ "A.3 half an hour after it was made", "203.0.113.203", SECRET, NULL,
		  "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559727985 + 1800,
		  COOKIE_GOOD, "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5" },
		{ "A.4: IPv6, and the secret of before", "2001:db8:220:1:59de:d0f4:8769:82b8",
		  "445536bcd2513298075a5d379663c962", "dd3bdf9344b678b185a6f5cb60fca715",
		  "22681ab97d52c298010000005cf7c57926556bd0934c72f8", 1559741961, COOKIE_GOOD,
		  "22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct cookie_secrets secrets = secrets_make(table[i].secret, table[i].second);
		struct sockaddr_storage peer;
		uint8_t in[64], out[64];
		size_t size = hex_read(in, table[i].in);
		struct cookie cookie;

		peer_make(&peer, table[i].peer);
		cookie_read(&cookie, &secrets, slice_make(in, size), (struct sockaddr *)&peer,
			    table[i].now);
		hex_read(out, table[i].out);
		if (cookie.status != table[i].status)
			fail_msg("%s: status %d", table[i].name, (int)cookie.status);
		if (memcmp(cookie.octets, out, COOKIE_SIZE) != 0)
			fail_msg("%s: another cookie", table[i].name);
	}
}

static void a_cookie_is_good_for_an_hour_at_one_address(void **state)
{
	static const struct {
		const char *name, *peer;
		int age;
		size_t cut, spoil; /* octets that are missing; an octet that is another, 0: none */
		enum cookie_status status;
	} table[] = {
		{ "new", "198.51.100.100", 0, 0, 0, COOKIE_GOOD },
		{ "an hour old", "198.51.100.100", 3600, 0, 0, COOKIE_GOOD },
		{ "older", "198.51.100.100", 3601, 0, 0, COOKIE_BAD },
		{ "from a clock ahead", "198.51.100.100", -300, 0, 0, COOKIE_GOOD },
		{ "from the future", "198.51.100.100", -301, 0, 0, COOKIE_BAD },
		{ "another address", "198.51.100.101", 0, 0, 0, COOKIE_BAD },
		{ "the address mapped into IPv6", "::ffff:198.51.100.100", 0, 0, 0, COOKIE_GOOD },
		{ "another client's", "198.51.100.100", 0, 0, 1, COOKIE_BAD },
		{ "another version", "198.51.100.100", 0, 0, 8, COOKIE_BAD },
		{ "another time", "198.51.100.100", 0, 0, 15, COOKIE_BAD },
		{ "another hash", "198.51.100.100", 0, 0, 23, COOKIE_BAD },
		{ "shorter", "198.51.100.100", 0, 8, 0, COOKIE_BAD },
		{ "of no length", "198.51.100.100", 0, 9, 0, COOKIE_MALFORMED },
		{ "of the client alone", "198.51.100.100", 0, 16, 0, COOKIE_NEW },
		{ "half of the client's", "198.51.100.100", 0, 20, 0, COOKIE_MALFORMED },
		{ "nothing", "198.51.100.100", 0, 24, 0, COOKIE_MALFORMED },
	};
	struct cookie_secrets secrets = secrets_make(SECRET, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sockaddr_storage peer;
		uint8_t octets[64];
		struct cookie cookie;

		hex_read(octets, "2464c4abcf10c957010000005cf79f111f8130c3eee29480");
		if (table[i].spoil > 0)
			octets[table[i].spoil] ^= 1;
		peer_make(&peer, table[i].peer);
		cookie_read(&cookie, &secrets, slice_make(octets, COOKIE_SIZE - table[i].cut),
			    (struct sockaddr *)&peer, (uint32_t)(1559731985 + table[i].age));
		if (cookie.status != table[i].status)
			fail_msg("%s: status %d", table[i].name, (int)cookie.status);
	}
	uint8_t large[64] = { 0 };
	struct sockaddr_storage peer;
	struct cookie cookie;

	peer_make(&peer, "::1");
	cookie_read(&cookie, &secrets, slice_make(large, 40), (struct sockaddr *)&peer, 0);
	assert_int_equal(cookie.status, COOKIE_BAD);
	cookie_read(&cookie, &secrets, slice_make(large, 41), (struct sockaddr *)&peer, 0);
	assert_int_equal(cookie.status, COOKIE_MALFORMED);
}

/* The options of the response's OPT record, which stands last; its size. */
static size_t response_options(uint8_t *ret)
{
	uint8_t *wire = fixture.response.wire;
	knot_pkt_t *packet = knot_pkt_new(wire, (uint16_t)fixture.response.size, NULL);
	size_t size = 0;

	assert_int_equal(knot_pkt_parse(packet, 0), KNOT_EOK);
	if (packet->opt_rr != NULL) {
		size = packet->opt_rr->rrs.rdata->len;
		memcpy(ret, packet->opt_rr->rrs.rdata->data, size);
	}
	knot_pkt_free(packet);
	return size;
}

static const char *ask(const void *options, size_t size, bool signed_too)
{
	message_begin(&message, KNOT_OPCODE_QUERY, "ns.example.", KNOT_RRTYPE_A);
	message_opt(&message, 1232, 0, slice_make(options, size));
	if (signed_too)
		message_sign(&message, &(struct message_signature){ 0 });
	fixture_ask(&fixture, message_get(&message));
	return show_rcode(slice_make(fixture.response.wire, fixture.response.size));
}

static void a_client_gets_a_cookie_and_keeps_it(void **state)
{
	uint8_t options[64], again[64];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_string_equal(ask("\0\12\0\10clientco", 12, i == 1), "NOERROR");
		assert_int_equal(response_options(options), 4 + COOKIE_SIZE);
		assert_memory_equal(options, "\0\12\0\30clientco\1\0\0\0", 16);
		assert_string_equal(ask(options, 4 + COOKIE_SIZE, i == 1), "NOERROR");
		assert_int_equal(response_options(again), 4 + COOKIE_SIZE);
		assert_memory_equal(again, options, 4 + COOKIE_SIZE);
	}
	assert_string_equal(ask("", 0, false), "NOERROR");
	assert_int_equal(response_options(options), 0);
}

static void a_cookie_of_no_length_is_formerr(void **state)
{
	(void)state;
	assert_string_equal(ask("\0\12\0\7clientc", 11, false), "FORMERR");
	assert_string_equal(ask("\0\12\0\7clientc", 11, true), "FORMERR");
	/* RFC 7873 5.2: the first one counts */
	assert_string_equal(ask("\0\12\0\10clientco\0\12\0\1c", 17, false), "NOERROR");
	assert_string_equal(ask("\0\12\0\1c\0\12\0\10clientco", 17, false), "FORMERR");
}

/* RFC 7873 5.4 */
static void a_query_without_a_question_is_about_the_cookie(void **state)
{
	static const char head[] =
		"ab\0\0\0\0\0\0\0\0\0\1\0\0\x29\4\xd0\0\0\0\0\0\x0c\0\12\0\10clientco";
	uint8_t request[128], options[64];

	(void)state;
	memcpy(request, head, sizeof(head) - 1);
	fixture_ask(&fixture, slice_make(request, sizeof(head) - 1));
	assert_int_equal(fixture.response.size, 12 + 11 + 4 + COOKIE_SIZE);
	assert_int_equal(fixture.response.wire[3] & 15, KNOT_RCODE_NOERROR);
	assert_int_equal(response_options(options), 4 + COOKIE_SIZE);

	request[22] = 4 + COOKIE_SIZE;
	memcpy(request + 23, options, 4 + COOKIE_SIZE);
	fixture_ask(&fixture, slice_make(request, 23 + 4 + COOKIE_SIZE));
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "NOERROR");
	request[23 + 27] ^= 1;
	fixture_ask(&fixture, slice_make(request, 23 + 4 + COOKIE_SIZE));
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "BADCOOKIE");
	fixture_ask(&fixture, slice_make(request, 12)); /* one record is counted, none is there */
	assert_int_equal(fixture.response.wire[3] & 15, KNOT_RCODE_FORMERR);
}

static void where_they_are_required_udp_takes_a_cookie(void **state)
{
	uint8_t options[64];

	(void)state;
	fixture.state->cookies.required = true;
	assert_string_equal(ask("\0\12\0\10clientco", 12, false), "BADCOOKIE");
	assert_int_equal(response_options(options), 4 + COOKIE_SIZE);
	assert_string_equal(ask(options, 4 + COOKIE_SIZE, false), "NOERROR");
	options[20] ^= 1;
	assert_string_equal(ask(options, 4 + COOKIE_SIZE, false), "BADCOOKIE");
	assert_string_equal(ask("\0\12\0\10clientco", 12, true), "NOERROR");
	assert_string_equal(ask("", 0, false), "NOERROR");
	fixture.tcp = true;
	assert_string_equal(ask("\0\12\0\10clientco", 12, false), "NOERROR");
	fixture.tcp = false;
	fixture.state->cookies.required = false;
}

static void where_they_are_off_nothing_is_looked_at(void **state)
{
	size_t count = fixture.state->cookies.count;
	uint8_t options[64];

	(void)state;
	fixture.state->cookies.count = 0;
	assert_string_equal(ask("\0\12\0\7clientc", 11, false), "NOERROR");
	assert_int_equal(response_options(options), 0);
	fixture.state->cookies.count = count;
}

static const char *ask_chaos(const char *name, uint16_t type)
{
	message_begin(&message, KNOT_OPCODE_QUERY, name, type);
	message.octets[write_size(&message.w) - 1] = KNOT_CLASS_CH;
	fixture_ask(&fixture, message_get(&message));
	return show_rcode(slice_make(fixture.response.wire, fixture.response.size));
}

static void nothing_is_said_of_the_server_that_is_not_configured(void **state)
{
	static const char *const names[] = { "version.bind.", "VERSION.SERVER.", "hostname.bind.",
					     "id.server." };
	uint8_t options[64];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(ask_chaos(names[i], KNOT_RRTYPE_TXT), "REFUSED");
	ask("\0\3\0\0", 4, false);
	assert_int_equal(response_options(options), 0);

	fixture.state->conf->version = "telephony";
	fixture.state->conf->identity = "ns1";
	for (size_t i = 0; i < 4; i++) {
		const char *said = i < 2 ? "\11telephony" : "\3ns1";

		assert_string_equal(ask_chaos(names[i], KNOT_RRTYPE_TXT), "NOERROR");
		assert_memory_equal(fixture.response.wire + fixture.response.size - strlen(said),
				    said, strlen(said));
		assert_string_equal(ask_chaos(names[i], KNOT_RRTYPE_A), "REFUSED");
	}
	assert_string_equal(ask_chaos("authors.bind.", KNOT_RRTYPE_TXT), "REFUSED");
	for (int i = 0; i < 2; i++) {
		assert_string_equal(ask("\0\3\0\0", 4, i == 1), "NOERROR");
		assert_int_equal(response_options(options), 7);
		assert_memory_equal(options, "\0\3\0\3ns1", 7);
	}
	fixture.state->conf->version = NULL;
	fixture.state->conf->identity = NULL;
}

static void secrets_that_were_made_here_outlive_a_reload(void **state)
{
	struct conf conf = { .cookies = CONF_COOKIES_ON };
	struct cookie_secrets before, after;

	(void)state;
	assert_int_equal(cookie_secrets_make(&before, &conf), 0);
	assert_int_equal(cookie_secrets_make(&after, &conf), 0);
	assert_memory_not_equal(before.secret[0], after.secret[0], SIPHASH_KEY);
	cookie_secrets_keep(&after, &before);
	assert_memory_equal(before.secret[0], after.secret[0], SIPHASH_KEY);
	conf.cookies = CONF_COOKIES_OFF;
	assert_int_equal(cookie_secrets_make(&after, &conf), 0);
	assert_int_equal(after.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_rfc_9018),
		cmocka_unit_test(a_cookie_is_good_for_an_hour_at_one_address),
		cmocka_unit_test(a_client_gets_a_cookie_and_keeps_it),
		cmocka_unit_test(a_cookie_of_no_length_is_formerr),
		cmocka_unit_test(a_query_without_a_question_is_about_the_cookie),
		cmocka_unit_test(where_they_are_required_udp_takes_a_cookie),
		cmocka_unit_test(where_they_are_off_nothing_is_looked_at),
		cmocka_unit_test(nothing_is_said_of_the_server_that_is_not_configured),
		cmocka_unit_test(secrets_that_were_made_here_outlive_a_reload),
	};

	return cmocka_run_group_tests(tests, server_begin, server_end);
}
