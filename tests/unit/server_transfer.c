/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/transfer.h: a zone in messages, each record once, wherever the borders fall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"

static struct fixture fixture;
static struct message message;

static const char head[] = "$TTL 3600\n"
			   "@ SOA ns hostmaster 1 7200 900 1209600 300\n"
			   "@ NS ns\n";
static const char soa_line[] = "example. 3600 IN SOA ns.example. hostmaster.example. "
			       "1 7200 900 1209600 300";

static void zone_begin(const char *text)
{
	assert_int_equal(fixture_init(&fixture), 0);
	if (fixture_zone(&fixture, text) != 0)
		fail_msg("%s", text_get(&fixture.fault));
	fixture.tcp = true;
}

/* All records of a transfer, a line each; the number of messages. */
static size_t transfer_read(struct text *ret, uint16_t *largest)
{
	size_t messages = 0;

	*largest = 0;
	for (; fixture_stream(&fixture); messages++) {
		struct text text = { 0 };
		char *rest, *line;

		show_message(&text, slice_make(fixture.response.wire, fixture.response.size));
		rest = text.data;
		line = strsep(&rest, "\n");
		assert_string_equal(line, "NOERROR aa");
		while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
			if (strncmp(line, "tsig ", 5) == 0 || strncmp(line, "opt ", 4) == 0)
				continue;
			assert_memory_equal(line, "answer ", 7);
			text_printf(ret, "%s\n", line + 7);
		}
		if (fixture.response.size > *largest)
			*largest = (uint16_t)fixture.response.size;
		text_done(&text);
	}
	assert_false(fixture_stream(&fixture));
	return messages;
}

static struct slice axfr(void)
{
	return message_question(&message, "example.", KNOT_RRTYPE_AXFR);
}

static int line_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines between the first and the last one, which must be the SOA, sorted. */
static size_t lines_sort(struct text *text, char ***ret)
{
	size_t count = 0, room = 0;
	char **line = NULL, *rest = text->data;

	for (char *next; (next = strsep(&rest, "\n")) != NULL && *next != '\0';) {
		if (count == room) {
			room = room * 2 + 64;
			line = realloc(line, room * sizeof(*line));
			assert_non_null(line);
		}
		line[count++] = next;
	}
	assert_true(count >= 2);
	assert_string_equal(line[0], soa_line);
	assert_string_equal(line[count - 1], soa_line);
	memmove(line, line + 1, (count - 2) * sizeof(*line));
	qsort(line, count - 2, sizeof(*line), line_compare);
	*ret = line;
	return count - 2;
}

static void the_smallest_zone_is_one_message(void **state)
{
	struct text text = { 0 };
	uint16_t largest;

	(void)state;
	zone_begin(head);
	assert_int_equal(fixture_ask(&fixture, axfr()), RESPONSE_STREAM);
	assert_int_equal(transfer_read(&text, &largest), 1);
	struct text wanted = { 0 };
	text_printf(&wanted, "%s\nexample. 3600 IN NS ns.example.\n%s\n", soa_line, soa_line);
	assert_string_equal(text_get(&text), text_get(&wanted));
	text_done(&wanted);
	text_done(&text);
	fixture_done(&fixture);
}

/* A zone of sets of every size, some larger than a message ought to be. */
static void zone_write(struct text *zone, struct text *wanted)
{
	text_puts(zone, head);
	text_puts(wanted, "example. 3600 IN NS ns.example.\n");
	for (int i = 0; i < 700; i++) {
		int records = i % 100 == 99 ? 300 : i % 4 + 1;

		for (int k = 0; k < records; k++) {
			text_printf(zone, "n%d TXT \"%0*d\"\n", i, 1 + (i * 7 + k) % 200, k);
			text_printf(wanted, "n%d.example. 3600 IN TXT \"%0*d\"\n", i,
				    1 + (i * 7 + k) % 200, k);
		}
		if (i % 10 == 0) {
			text_printf(zone, "n%d A 192.0.2.1\nx.n%d NS n%d\n", i, i, i);
			text_printf(wanted,
				    "n%d.example. 3600 IN A 192.0.2.1\n"
				    "x.n%d.example. 3600 IN NS n%d.example.\n",
				    i, i, i);
		}
	}
}

static void compare_zone(struct text *is, struct text *wanted)
{
	char **a = NULL, **b = NULL;
	struct text framed = { 0 };

	text_printf(&framed, "%s\n%s%s\n", soa_line, text_get(wanted), soa_line);
	size_t a_count = lines_sort(is, &a), b_count = lines_sort(&framed, &b);
	for (size_t i = 0; i < a_count && i < b_count; i++)
		assert_string_equal(a[i], b[i]);
	assert_int_equal(a_count, b_count);
	free(a);
	free(b);
	text_done(&framed);
}

static void a_large_zone_comes_whole_in_messages_of_bounded_size(void **state)
{
	struct text zone = { 0 }, wanted = { 0 }, text = { 0 };
	uint16_t largest;

	(void)state;
	zone_write(&zone, &wanted);
	zone_begin(text_get(&zone));
	assert_int_equal(fixture_ask(&fixture, axfr()), RESPONSE_STREAM);
	size_t messages = transfer_read(&text, &largest);
	assert_true(messages > 10);
	assert_true(largest <= 16384 && largest > 16000);
	compare_zone(&text, &wanted);
	text_done(&zone);
	text_done(&wanted);
	text_done(&text);
	fixture_done(&fixture);
}

/* The last SOA, and the last record, fall on each side of a border once. */
static void no_record_is_lost_or_doubled_where_a_message_ends(void **state)
{
	size_t messages_seen[4] = { 0 };

	(void)state;
	for (int pad = 1; pad <= 120; pad++) {
		struct text zone = { 0 }, wanted = { 0 }, text = { 0 };
		uint16_t largest;

		text_puts(&zone, head);
		text_puts(&wanted, "example. 3600 IN NS ns.example.\n");
		for (int i = 0; i < 76; i++) {
			int size = i == 0 ? pad : 198;

			text_printf(&zone, "n%02d TXT \"%0*d\"\n", i, size, i);
			text_printf(&wanted, "n%02d.example. 3600 IN TXT \"%0*d\"\n", i, size, i);
		}
		zone_begin(text_get(&zone));
		assert_int_equal(fixture_ask(&fixture, axfr()), RESPONSE_STREAM);
		size_t messages = transfer_read(&text, &largest);
		assert_true(messages < 4 && largest <= 16384);
		messages_seen[messages]++;
		compare_zone(&text, &wanted);
		text_done(&zone);
		text_done(&wanted);
		text_done(&text);
		fixture_done(&fixture);
	}
	assert_true(messages_seen[1] > 0 && messages_seen[2] > 0); /* the border was crossed */
}

static void a_record_larger_than_a_message_ought_to_be_goes_alone(void **state)
{
	struct text text = { 0 };
	static uint8_t rdata[60000];
	uint16_t largest;

	(void)state;
	zone_begin(head);
	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	message_raw(&message, 2, "large.example.", 60, KNOT_CLASS_IN, 65280,
		    slice_make(rdata, sizeof(rdata)));
	fixture_ask(&fixture, message_get(&message));
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "NOERROR");
	message_begin(&message, KNOT_OPCODE_QUERY, "example.", KNOT_RRTYPE_AXFR);
	message_sign(&message, &(struct message_signature){ 0 });
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_STREAM);
	assert_int_equal(transfer_read(&text, &largest), 3);
	assert_true(largest > 60000);
	text_done(&text);
	fixture_done(&fixture);
}

/* RFC 8945 5.3.1, judged by libknot: each MAC covers the one before. */
static void messages_are_signed_in_a_chain(void **state)
{
	struct text zone = { 0 }, wanted = { 0 };
	knot_tsig_key_t key;
	uint8_t mac[64];
	size_t mac_size, messages = 0;

	(void)state;
	zone_write(&zone, &wanted);
	zone_begin(text_get(&zone));
	assert_int_equal(knot_tsig_key_init(&key, "hmac-sha256", "hmac-sha256", FIXTURE_SECRET), 0);
	message_begin(&message, KNOT_OPCODE_QUERY, "example.", KNOT_RRTYPE_AXFR);
	message_opt(&message, 1232, 0, (struct slice){ 0 });
	message_sign(&message, &(struct message_signature){ 0 });
	memcpy(mac, message.mac, message.mac_size);
	mac_size = message.mac_size;
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_STREAM);
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
		knot_pkt_free(packet);
	}
	assert_true(messages > 10);
	knot_tsig_key_deinit(&key);
	text_done(&zone);
	text_done(&wanted);
	fixture_done(&fixture);
}

static void a_transfer_shows_the_zone_as_it_was_when_it_began(void **state)
{
	static const char *const lines[] = { "new.example. 60 IN A 192.0.2.1",
					     "n1.example. 0 ANY ANY", NULL };
	struct text zone = { 0 }, wanted = { 0 }, text = { 0 };
	uint16_t largest;

	(void)state;
	zone_write(&zone, &wanted);
	zone_begin(text_get(&zone));
	assert_int_equal(fixture_ask(&fixture, axfr()), RESPONSE_STREAM);
	fixture_ask(&fixture, message_update(&message, lines));
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "NOERROR");
	transfer_read(&text, &largest);
	compare_zone(&text, &wanted);
	text_done(&zone);
	text_done(&wanted);
	text_done(&text);
	fixture_done(&fixture);
}

/* What a question for a transfer gets when it does not get the zone. */
static void other_questions_get_their_answers(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		bool tcp;
		const char *authority; /* the client's SOA, for IXFR */
		const char *out;       /* NULL: a stream */
	} table[] = {
		{ "example.", KNOT_RRTYPE_AXFR, true, NULL, NULL },
		{ "EXAMPLE.", KNOT_RRTYPE_AXFR, true, NULL, NULL },
		{ "example.", KNOT_RRTYPE_AXFR, false, NULL, "FORMERR\n" },
		{ "ns.example.", KNOT_RRTYPE_AXFR, true, NULL, "NOTAUTH\n" },
		{ "other.", KNOT_RRTYPE_AXFR, true, NULL, "NOTAUTH\n" },
		{ "example.", KNOT_RRTYPE_IXFR, true, "example. 0 IN SOA . . 0 0 0 0 0", NULL },
		{ "example.", KNOT_RRTYPE_IXFR, true, "example. 0 IN SOA . . 1 0 0 0 0",
		  "NOERROR aa\nanswer example. 3600 IN SOA ns.example. hostmaster.example. "
		  "1 7200 900 1209600 300\n" },
		{ "example.", KNOT_RRTYPE_IXFR, true, "example. 0 IN SOA . . 2 0 0 0 0",
		  "NOERROR aa\nanswer example. 3600 IN SOA ns.example. hostmaster.example. "
		  "1 7200 900 1209600 300\n" },
		{ "example.", KNOT_RRTYPE_IXFR, false, "example. 0 IN SOA . . 0 0 0 0 0",
		  "NOERROR aa\nanswer example. 3600 IN SOA ns.example. hostmaster.example. "
		  "1 7200 900 1209600 300\n" },
	};

	(void)state;
	zone_begin(head);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text text = { 0 };

		message_begin(&message, KNOT_OPCODE_QUERY, table[i].name, table[i].type);
		if (table[i].authority != NULL)
			message_record(&message, 2, table[i].authority);
		fixture.tcp = table[i].tcp;
		enum response response = fixture_ask(&fixture, message_get(&message));
		if ((response == RESPONSE_STREAM) != (table[i].out == NULL))
			fail_msg("row %zu", i);
		show_message(&text, slice_make(fixture.response.wire, fixture.response.size));
		if (table[i].out != NULL)
			assert_string_equal(text_get(&text), table[i].out);
		text_done(&text);
	}
	fixture_done(&fixture);
}

static void a_reload_needs_no_other_place_among_the_readers(void **state)
{
	struct store_txn *reader[2048];
	size_t count = 0;

	(void)state;
	zone_begin(head);
	while (count < 2048 && store_read_begin(fixture.store, &reader[count]) == 0)
		count++;
	assert_in_range(count, 1, 2047);
	assert_int_equal(responder_use(&fixture.responder, fixture.state), 0);
	while (count > 0)
		store_read_end(reader[--count]);
	fixture_done(&fixture);
}

static void a_transfer_that_is_taken_too_slowly_ends(void **state)
{
	static const struct {
		int64_t lasted_ms;
		uint64_t sent;
		bool slow;
	} table[] = {
		{ 0, 0, false },
		{ STREAM_GRACE_MS, 0, false },
		{ STREAM_GRACE_MS + 1, 0, true },
		{ 100000, (uint64_t)100 * STREAM_RATE_MIN - 1, true },
		{ 100000, (uint64_t)100 * STREAM_RATE_MIN, false },
		{ (int64_t)86400 * 1000, (uint64_t)1 << 40, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_true(stream_is_slow(table[i].lasted_ms, table[i].sent) == table[i].slow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transfer_that_is_taken_too_slowly_ends),
		cmocka_unit_test(the_smallest_zone_is_one_message),
		cmocka_unit_test(a_large_zone_comes_whole_in_messages_of_bounded_size),
		cmocka_unit_test(no_record_is_lost_or_doubled_where_a_message_ends),
		cmocka_unit_test(a_record_larger_than_a_message_ought_to_be_goes_alone),
		cmocka_unit_test(messages_are_signed_in_a_chain),
		cmocka_unit_test(a_transfer_shows_the_zone_as_it_was_when_it_began),
		cmocka_unit_test(other_questions_get_their_answers),
		cmocka_unit_test(a_reload_needs_no_other_place_among_the_readers),
	};

	return cmocka_run_group_tests_name("server transfer", tests, NULL, NULL);
}
