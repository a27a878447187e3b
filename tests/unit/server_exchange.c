/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/exchange.h through server/request.h: headers, questions and OPT records as octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
				"a A 192.0.2.1\n";

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

static int hex_digit(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* Octets from digits, spaces passed over. */
static size_t hex_read(uint8_t *ret, const char *hex)
{
	size_t size = 0;

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		ret[size++] = (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
		hex++;
	}
	return size;
}

#define A_EXAMPLE "01 61 07 6578616d706c65 00"
#define QUESTION A_EXAMPLE " 0001 0001"
#define ONE "0001 0000 0000 0000 "

static void headers_and_questions_get_their_response_code(void **state)
{
	static const struct {
		const char *name, *in;
		const char *flags; /* octets 2 and 3 of the response; NULL: silence */
		const char *counts;
	} table[] = {
		{ "a question", "abcd 0000 " ONE QUESTION, "8400", "0001 0001 0000 0000" },
		{ "RD and CD come back", "abcd 0110 " ONE QUESTION, "8510", "0001 0001 0000 0000" },
		{ "AA, TC, RA, Z and AD do not", "abcd 06e0 " ONE QUESTION, "8400",
		  "0001 0001 0000 0000" },
		{ "an RCODE in a request is not looked at", "abcd 000f " ONE QUESTION, "8400",
		  "0001 0001 0000 0000" },
		{ "nothing", "", NULL, NULL },
		{ "half of a header", "abcd 0000 0001 0000 0000 00", NULL, NULL },
		{ "a response", "abcd 8000 " ONE QUESTION, NULL, NULL },
		{ "a response of an unknown opcode", "abcd f800 " ONE QUESTION, NULL, NULL },
		{ "a response to an update", "abcd a800 " ONE QUESTION, NULL, NULL },
		{ "no question", "abcd 0000 0000 0000 0000 0000", "8001", "0000 0000 0000 0000" },
		{ "two questions", "abcd 0000 0002 0000 0000 0000 " QUESTION " " QUESTION, "8001",
		  "0000 0000 0000 0000" },
		{ "a count and no question", "abcd 0000 " ONE, "8001", "0000 0000 0000 0000" },
		{ "half of a name", "abcd 0000 " ONE "01 61 07 65", "8001", "0000 0000 0000 0000" },
		{ "a name without class", "abcd 0000 " ONE A_EXAMPLE " 0001", "8001",
		  "0000 0000 0000 0000" },
		{ "a pointer", "abcd 0000 " ONE "c00c 0001 0001", "8001", "0000 0000 0000 0000" },
		{ "a label of kind 01", "abcd 0000 " ONE "41 61 00 0001 0001", "8001",
		  "0000 0000 0000 0000" },
		{ "an octet too many", "abcd 0000 " ONE QUESTION " 00", "8001",
		  "0001 0000 0000 0000" },
		{ "a record that is counted but not there",
		  "abcd 0000 0001 0001 0000 0000 " QUESTION, "8001", "0001 0000 0000 0000" },
		{ "inverse query", "abcd 0800 " ONE QUESTION, "8804", "0001 0000 0000 0000" },
		{ "status", "abcd 1000 " ONE QUESTION, "9004", "0001 0000 0000 0000" },
		{ "notify", "abcd 2000 " ONE QUESTION, "a004", "0001 0000 0000 0000" },
		{ "opcode 15", "abcd 7900 " ONE QUESTION, "f904", "0001 0000 0000 0000" },
		{ "opcode 15 with rubbish", "abcd 7800 0001 0002 0003 0004 ffff", "f804",
		  "0000 0000 0000 0000" },
		{ "class CH", "abcd 0000 " ONE A_EXAMPLE " 0010 0003", "8005",
		  "0001 0000 0000 0000" },
		{ "class ANY", "abcd 0000 " ONE A_EXAMPLE " 0001 00ff", "8005",
		  "0001 0000 0000 0000" },
		{ "class 0", "abcd 0000 " ONE A_EXAMPLE " 0001 0000", "8005",
		  "0001 0000 0000 0000" },
		{ "type OPT", "abcd 0000 " ONE A_EXAMPLE " 0029 0001", "8004",
		  "0001 0000 0000 0000" },
		{ "type TSIG", "abcd 0000 " ONE A_EXAMPLE " 00fa 0001", "8004",
		  "0001 0000 0000 0000" },
		{ "type MAILB", "abcd 0000 " ONE A_EXAMPLE " 00fd 0001", "8004",
		  "0001 0000 0000 0000" },
		{ "type 0", "abcd 0000 " ONE A_EXAMPLE " 0000 0001", "8400",
		  "0001 0000 0001 0000" },
		{ "type 65535", "abcd 0000 " ONE A_EXAMPLE " ffff 0001", "8400",
		  "0001 0000 0001 0000" },
		{ "the root", "abcd 0000 " ONE "00 0001 0001", "8005", "0001 0000 0000 0000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint8_t in[512], out[16], *wire = fixture.response.wire;
		size_t size = hex_read(in, table[i].in);

		for (int tcp = 0; tcp < 2; tcp++) {
			fixture.tcp = tcp != 0;
			enum response response = fixture_ask(&fixture, slice_make(in, size));
			if (table[i].flags == NULL) {
				if (response != RESPONSE_NONE)
					fail_msg("%s: is answered", table[i].name);
				continue;
			}
			if (response != RESPONSE_READY)
				fail_msg("%s: is not answered", table[i].name);
			hex_read(out, "abcd");
			hex_read(out + 2, table[i].flags);
			hex_read(out + 4, table[i].counts);
			if (memcmp(wire, out, 12) != 0)
				fail_msg("%s: %02x%02x, counts %u %u %u %u", table[i].name, wire[2],
					 wire[3], get_u16(wire + 4), get_u16(wire + 6),
					 get_u16(wire + 8), get_u16(wire + 10));
			if (wire[5] == 1) /* the question comes back as it was */
				assert_memory_equal(wire + 12, in + 12, 4);
		}
	}
	fixture.tcp = false;
}

static void a_question_comes_back_in_the_case_in_which_it_was_asked(void **state)
{
	struct slice request = message_question(&message, "A.eXamPle.", KNOT_RRTYPE_A);
	struct text text = { 0 };

	(void)state;
	assert_int_equal(fixture_ask(&fixture, request), RESPONSE_READY);
	assert_memory_equal(fixture.response.wire + 12, request.data + 12, request.size - 12);
	show_message(&text, slice_make(fixture.response.wire, fixture.response.size));
	assert_string_equal(text_get(&text), "NOERROR aa\nanswer A.eXamPle. 3600 IN A 192.0.2.1\n");
	text_done(&text);
}

#define ANSWER "NOERROR aa\nanswer a.example. 3600 IN A 192.0.2.1\n"

static void opt_records_are_read_by_rfc_6891(void **state)
{
	static const struct {
		const char *name;
		uint16_t payload;
		uint32_t ttl;
		size_t size;
		const char *options, *out;
	} table[] = {
		{ "plain", 4096, 0, 0, "", ANSWER "opt 1232\n" },
		{ "a payload of 0 is 512", 0, 0, 0, "", ANSWER "opt 1232\n" },
		{ "DO comes back", 1232, 0x8000, 0, "", ANSWER "opt 1232 do\n" },
		{ "other flags do not", 1232, 0x7fff, 0, "", ANSWER "opt 1232\n" },
		{ "unknown options are passed over", 1232, 0, 12, "\xff\xf0\0\2ab\xff\xf1\0\2cd",
		  ANSWER "opt 1232\n" },
		{ "an empty option", 1232, 0, 4, "\xff\xf0\0\0", ANSWER "opt 1232\n" },
		{ "half of an option", 1232, 0, 3, "\xff\xf0\0", "FORMERR\nopt 1232\n" },
		{ "an option past its end", 1232, 0, 5, "\xff\xf0\0\2a", "FORMERR\nopt 1232\n" },
		{ "version 1", 1232, 1 << 16, 0, "", "BADVERS\nopt 1232\n" },
		{ "version 255 with DO", 1232, 0xff8000, 0, "", "BADVERS\nopt 1232 do\n" },
		{ "an extended RCODE in a request is not looked at", 1232, 0x17000000, 0, "",
		  ANSWER "opt 1232\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text text = { 0 };

		message_begin(&message, KNOT_OPCODE_QUERY, "a.example.", KNOT_RRTYPE_A);
		message_opt(&message, table[i].payload, table[i].ttl,
			    slice_make(table[i].options, table[i].size));
		fixture_ask(&fixture, message_get(&message));
		show_message(&text, slice_make(fixture.response.wire, fixture.response.size));
		/* An OPT record that can't be read may be answered without one. */
		if (strncmp(table[i].out, "FORMERR", 7) == 0)
			assert_memory_equal(text_get(&text), "FORMERR\n", 8);
		else if (strcmp(text_get(&text), table[i].out) != 0)
			fail_msg("%s: %s", table[i].name, text_get(&text));
		text_done(&text);
	}
}

static void an_opt_record_stands_once_at_the_root_in_the_additional_section(void **state)
{
	struct slice none = { 0 };

	(void)state;
	message_begin(&message, KNOT_OPCODE_QUERY, "a.example.", KNOT_RRTYPE_A);
	message_opt(&message, 1232, 0, none);
	message_opt(&message, 1232, 0, none);
	fixture_ask(&fixture, message_get(&message));
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "FORMERR");

	message_begin(&message, KNOT_OPCODE_QUERY, "a.example.", KNOT_RRTYPE_A);
	message_raw(&message, 3, "x.", 0, 1232, KNOT_RRTYPE_OPT, none);
	fixture_ask(&fixture, message_get(&message));
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "FORMERR");
}

static void other_additional_records_do_not_matter(void **state)
{
	struct text text = { 0 };

	(void)state;
	message_begin(&message, KNOT_OPCODE_QUERY, "a.example.", KNOT_RRTYPE_A);
	message_record(&message, 3, "x. 0 IN A 192.0.2.9");
	message_opt(&message, 1232, 0, (struct slice){ 0 });
	fixture_ask(&fixture, message_get(&message));
	show_message(&text, slice_make(fixture.response.wire, fixture.response.size));
	assert_string_equal(text_get(&text), ANSWER "opt 1232\n");
	text_done(&text);
}

static void options_count_in_an_opt_record_alone(void **state)
{
	struct slice option = slice_make("\xff\x04\0\0", 4); /* OPTION_RANGES of dns/option.h */
	struct exchange x = { .peer = NULL };

	(void)state;
	for (int is_opt = 0; is_opt < 2; is_opt++) {
		struct arena arena = { 0 };

		message_begin(&message, KNOT_OPCODE_QUERY, "a.example.", KNOT_RRTYPE_A);
		if (is_opt)
			message_opt(&message, 1232, 0, option);
		else
			message_raw(&message, 3, ".", 0, KNOT_CLASS_IN, 65280, option);
		x.wire = message_get(&message).data;
		x.size = message_get(&message).size;

		enum exchange_read read = exchange_read(&x);
		if (read == EXCHANGE_PARTLY)
			read = exchange_parse(&x, &arena);
		assert_int_equal(read, EXCHANGE_WHOLE);
		assert_int_equal(x.ranges, is_opt ? RANGES_ASKED : RANGES_NOT_ASKED);
		arena_done(&arena);
	}
}

/* Every cut of a request is answered or not, and never read past its end. */
static void a_request_may_end_anywhere(void **state)
{
	(void)state;
	message_begin(&message, KNOT_OPCODE_QUERY, "a.example.", KNOT_RRTYPE_A);
	message_opt(&message, 1232, 0, slice_make("\xff\xf0\0\2ab", 6));
	message_sign(&message, &(struct message_signature){ 0 });

	struct slice whole = message_get(&message);
	for (size_t size = 0; size < whole.size; size++) {
		uint8_t *cut = malloc(size > 0 ? size : 1);

		memcpy(cut, whole.data, size);
		enum response response = fixture_ask(&fixture, slice_make(cut, size));
		if (size < 12)
			assert_int_equal(response, RESPONSE_NONE);
		else
			assert_string_equal(show_rcode(slice_make(fixture.response.wire,
								  fixture.response.size)),
					    "FORMERR");
		free(cut);
	}
	fixture_ask(&fixture, whole);
	assert_string_equal(show_rcode(slice_make(fixture.response.wire, fixture.response.size)),
			    "NOERROR");
}

/* RFC 8914 3: the text may go; what the client takes over UDP may not be passed. */
static void a_reason_that_does_not_fit_is_left_out(void **state)
{
#define FIFTY "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx."
	static const char *const keys[] = { "nobody.", FIFTY FIFTY };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct text text = { 0 };

		message_begin(&message, KNOT_OPCODE_UPDATE,
			      FIFTY FIFTY FIFTY FIFTY "abcdefghijklmnopqrstuvwxyz.",
			      KNOT_RRTYPE_SOA);
		message_opt(&message, 512, 0, (struct slice){ 0 });
		message_sign(&message, &(struct message_signature){ .key = keys[i],
								    .algorithm = "hmac-sha512" });
		assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_READY);
		assert_true(fixture.response.size <= 512);
		show_message(&text, slice_make(fixture.response.wire, fixture.response.size));
		assert_memory_equal(text_get(&text), "NOTAUTH\n", 8);
		assert_true((strstr(text_get(&text), " ede ") != NULL) == (i == 0));
		assert_non_null(strstr(text_get(&text), "tsig BADKEY\n"));
		text_done(&text);
	}
#undef FIFTY
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_and_questions_get_their_response_code),
		cmocka_unit_test(a_question_comes_back_in_the_case_in_which_it_was_asked),
		cmocka_unit_test(opt_records_are_read_by_rfc_6891),
		cmocka_unit_test(an_opt_record_stands_once_at_the_root_in_the_additional_section),
		cmocka_unit_test(other_additional_records_do_not_matter),
		cmocka_unit_test(options_count_in_an_opt_record_alone),
		cmocka_unit_test(a_request_may_end_anywhere),
		cmocka_unit_test(a_reason_that_does_not_fit_is_left_out),
	};

	return cmocka_run_group_tests_name("server exchange", tests, server_begin, server_end);
}
