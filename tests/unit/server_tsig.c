/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/tsig.h: RFC 8945, with MACs made by others than the code that judges them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"

static struct fixture fixture;
static struct message message;

static const char zone_text[] = "$TTL 3600\n"
				"@ SOA ns hostmaster 1 7200 900 1209600 300\n"
				"@ NS ns\n";

static const char *const algorithms[] = { "hmac-md5",    "hmac-sha1",   "hmac-sha224",
					  "hmac-sha256", "hmac-sha384", "hmac-sha512" };
enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]), NOW = 1750000000 };

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

/* Judges a message at this time: the RCODE, and the TSIG error in *error; a memory's own packet. */
static uint8_t judge(struct slice request, uint64_t now, uint16_t *error)
{
	uint8_t *copy = malloc(request.size);
	struct tsig tsig;

	memcpy(copy, request.data, request.size);
	knot_pkt_t *packet = knot_pkt_new(copy, (uint16_t)request.size, NULL);
	assert_int_equal(knot_pkt_parse(packet, KNOT_PF_NOCANON), KNOT_EOK);
	uint8_t rcode = tsig_verify(&tsig, fixture.state, packet, now);
	*error = tsig.error;
	knot_pkt_free(packet);
	free(copy);
	return rcode;
}

static void message_make(const struct message_signature *how)
{
	message_begin(&message, KNOT_OPCODE_QUERY, "example.", KNOT_RRTYPE_SOA);
	message_sign(&message, how);
}

/*
 * Made with Python's hmac: a question for "example. SOA", id 0x1234, signed by hmac-sha256 at
 * 1750000000 with fudge 300.
 */
static void a_signature_made_elsewhere_is_good(void **state)
{
	static const uint8_t mac[] = { 0xbb, 0x03, 0x36, 0x9a, 0xe3, 0xea, 0xa7, 0x66,
				       0x91, 0xa2, 0xb6, 0x6f, 0xc6, 0xc6, 0x29, 0x14,
				       0xb5, 0x85, 0xef, 0xfd, 0xb7, 0x7f, 0xe8, 0xf7,
				       0xe9, 0x1d, 0x28, 0xa6, 0x2a, 0xbd, 0xf8, 0xb7 };
	uint16_t error;

	(void)state;
	message_make(&(struct message_signature){ .time = NOW });
	assert_int_equal(message.mac_size, sizeof(mac));
	assert_memory_equal(message.mac, mac, sizeof(mac));
	assert_int_equal(judge(message_get(&message), NOW, &error), KNOT_RCODE_NOERROR);
	assert_int_equal(error, 0);
}

static void each_algorithm_is_verified_and_signs_its_response(void **state)
{
	(void)state;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		knot_tsig_key_t key;
		uint16_t error;

		message_make(&(struct message_signature){ .key = algorithms[i], .time = NOW });
		assert_int_equal(judge(message_get(&message), NOW, &error), KNOT_RCODE_NOERROR);

		message_make(&(struct message_signature){ .key = algorithms[i] });
		fixture_ask(&fixture, message_get(&message));
		assert_string_equal(
			show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			"NOERROR");

		knot_pkt_t *packet =
			knot_pkt_new(fixture.response.wire, (uint16_t)fixture.response.size, NULL);
		assert_int_equal(knot_pkt_parse(packet, 0), KNOT_EOK);
		assert_non_null(packet->tsig_rr);
		assert_int_equal(
			knot_tsig_key_init(&key, algorithms[i], algorithms[i], FIXTURE_SECRET),
			KNOT_EOK);
		assert_int_equal(knot_tsig_client_check(packet->tsig_rr, packet->wire, packet->size,
							message.mac, message.mac_size, &key, 0),
				 KNOT_EOK);
		knot_tsig_key_deinit(&key);
		knot_pkt_free(packet);
	}
}

/* RFC 8945 5.2.2.1, and our policy of 128 bits at the least (5.2.4). */
static void macs_of_every_length_are_judged_by_the_rules(void **state)
{
	static const struct {
		const char *algorithm;
		size_t full;
		size_t least;  /* below: FORMERR */
		size_t policy; /* below: BADTRUNC */
	} table[] = {
		{ "hmac-md5", 16, 10, 16 },    { "hmac-sha1", 20, 10, 16 },
		{ "hmac-sha224", 28, 14, 16 }, { "hmac-sha256", 32, 16, 16 },
		{ "hmac-sha384", 48, 24, 24 }, { "hmac-sha512", 64, 32, 32 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		for (size_t size = 1; size < 70; size++) {
			uint8_t wanted = KNOT_RCODE_NOERROR;
			uint16_t wanted_error = 0, error;

			message_make(&(struct message_signature){
				.key = table[i].algorithm, .time = NOW, .mac_size = size });
			uint8_t rcode = judge(message_get(&message), NOW, &error);
			if (size > table[i].full || size < table[i].least) {
				wanted = KNOT_RCODE_FORMERR;
			} else if (size < table[i].policy) {
				wanted = KNOT_RCODE_NOTAUTH;
				wanted_error = KNOT_RCODE_BADTRUNC;
			}
			if (rcode != wanted || error != wanted_error)
				fail_msg("%s, %zu octets: rcode %u, error %u", table[i].algorithm,
					 size, rcode, error);
		}
	}
}

static void what_is_wrong_is_said_in_the_order_of_rfc_8945_5_2(void **state)
{
	static const struct {
		const char *name;
		struct message_signature how;
		int64_t late; /* seconds that the server's clock is ahead of the signature */
		uint8_t rcode;
		uint16_t error;
	} table[] = {
		{ "good", { 0 }, 0, KNOT_RCODE_NOERROR, 0 },
		{ "at the end of the fudge", { 0 }, 300, KNOT_RCODE_NOERROR, 0 },
		{ "past it", { 0 }, 301, KNOT_RCODE_NOTAUTH, KNOT_RCODE_BADTIME },
		{ "from the future", { 0 }, -300, KNOT_RCODE_NOERROR, 0 },
		{ "too far from it", { 0 }, -301, KNOT_RCODE_NOTAUTH, KNOT_RCODE_BADTIME },
		{ "a narrow fudge", { .fudge = 5 }, 5, KNOT_RCODE_NOERROR, 0 },
		{ "past a narrow fudge",
		  { .fudge = 5 },
		  6,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADTIME },
		{ "a wide fudge is ours", { .fudge = 65535 }, 300, KNOT_RCODE_NOERROR, 0 },
		{ "and no wider", { .fudge = 65535 }, 301, KNOT_RCODE_NOTAUTH, KNOT_RCODE_BADTIME },
		{ "unknown key",
		  { .key = "nobody", .algorithm = "hmac-sha256" },
		  0,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADKEY },
		{ "known key, other algorithm",
		  { .algorithm = "hmac-sha512" },
		  0,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADKEY },
		{ "the key's name in upper case",
		  { .key = "HMAC-SHA256", .algorithm = "hmac-sha256" },
		  0,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADSIG },
		{ "a wrong bit", { .spoil = true }, 0, KNOT_RCODE_NOTAUTH, KNOT_RCODE_BADSIG },
		{ "another secret",
		  { .secret = "YW5vdGhlcg==" },
		  0,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADSIG },
		{ "key before MAC and time",
		  { .key = "nobody", .algorithm = "hmac-sha256", .spoil = true },
		  999,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADKEY },
		{ "MAC before time",
		  { .spoil = true },
		  999,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADSIG },
		{ "time before truncation",
		  { .key = "hmac-sha1", .mac_size = 10 },
		  999,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADTIME },
		{ "MAC before truncation",
		  { .key = "hmac-sha1", .mac_size = 10, .spoil = true },
		  0,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADSIG },
		{ "long before there were computers",
		  { .time = 1 },
		  0,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADTIME },
		{ "48 bits of time",
		  { .time = 0xffffffffffff },
		  0,
		  KNOT_RCODE_NOTAUTH,
		  KNOT_RCODE_BADTIME },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct message_signature how = table[i].how;
		uint16_t error;

		how.time = how.time != 0 ? how.time : NOW;
		message_make(&how);
		uint8_t rcode =
			judge(message_get(&message), (uint64_t)(NOW + table[i].late), &error);
		if (rcode != table[i].rcode || error != table[i].error)
			fail_msg("%s: rcode %u, error %u", table[i].name, rcode, error);
	}
}

static void the_message_is_covered_but_for_its_id(void **state)
{
	uint16_t error;

	(void)state;
	message_make(&(struct message_signature){ .time = NOW });
	message.octets[0] ^= 0xff; /* a forwarder's own id; the original stands in the record */
	assert_int_equal(judge(message_get(&message), NOW, &error), KNOT_RCODE_NOERROR);
	for (size_t i = 12; i < 21; i++) {
		message_make(&(struct message_signature){ .time = NOW });
		message.octets[i] ^= i == 12 || i == 20 ? 0 : 0x20;
		message.octets[2] ^= i == 12 ? 1 : 0;
		message.octets[24] ^= i == 20 ? 2 : 0;
		assert_int_equal(judge(message_get(&message), NOW, &error), KNOT_RCODE_NOTAUTH);
		assert_int_equal(error, KNOT_RCODE_BADSIG);
	}
}

/* RFC 8945 5.3.2: what can be signed is. */
static void errors_are_signed_where_key_and_mac_are_good(void **state)
{
	static const struct {
		struct message_signature how;
		const char *out;
	} table[] = {
		{ { .key = "nobody", .algorithm = "hmac-sha256" }, "NOTAUTH\ntsig BADKEY\n" },
		{ { .spoil = true }, "NOTAUTH\ntsig BADSIG\n" },
		{ { .time = NOW }, "NOTAUTH\ntsig BADTIME signed\n" },
		{ { .key = "hmac-sha1", .mac_size = 12 }, "NOTAUTH\ntsig BADTRUNC signed\n" },
		{ { .key = "hmac-sha1", .mac_size = 9 }, "FORMERR\n" },
		{ { .mac_size = 33 }, "FORMERR\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text text = { 0 };

		message_make(&table[i].how);
		fixture_ask(&fixture, message_get(&message));
		show_message(&text, slice_make(fixture.response.wire, fixture.response.size));
		assert_string_equal(text_get(&text), table[i].out);
		text_done(&text);
	}
}

/* RFC 8945 5.2.3: the time of the request, and the server's own as other data. */
static void a_clock_that_is_off_is_told_the_time(void **state)
{
	uint64_t now = clock_wall_s();

	(void)state;
	message_make(&(struct message_signature){ .time = NOW });
	fixture_ask(&fixture, message_get(&message));

	knot_pkt_t *packet =
		knot_pkt_new(fixture.response.wire, (uint16_t)fixture.response.size, NULL);
	assert_int_equal(knot_pkt_parse(packet, 0), KNOT_EOK);
	assert_true(knot_tsig_rdata_time_signed(packet->tsig_rr) == NOW);
	assert_int_equal(knot_tsig_rdata_other_data_length(packet->tsig_rr), 6);
	const uint8_t *other = knot_tsig_rdata_other_data(packet->tsig_rr);
	uint64_t told = (uint64_t)get_u16(other) << 32 | get_u32(other + 2);
	assert_true(told >= now && told <= clock_wall_s());
	knot_pkt_free(packet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_made_elsewhere_is_good),
		cmocka_unit_test(each_algorithm_is_verified_and_signs_its_response),
		cmocka_unit_test(macs_of_every_length_are_judged_by_the_rules),
		cmocka_unit_test(what_is_wrong_is_said_in_the_order_of_rfc_8945_5_2),
		cmocka_unit_test(the_message_is_covered_but_for_its_id),
		cmocka_unit_test(errors_are_signed_where_key_and_mac_are_good),
		cmocka_unit_test(a_clock_that_is_off_is_told_the_time),
	};

	return cmocka_run_group_tests_name("server tsig", tests, server_begin, server_end);
}
