/* SPDX-License-Identifier: MIT */
/* Responses read: chains of aliases, compression, TTLs, and messages that are broken somewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "resolve/message.h"

/* Pieces of messages; names point to offset 12, where the question's name "a." stands. */
#define HEAD(rcode, answers, authorities) \
	"\x12\x34\x81" rcode "\x00\x01\x00" answers "\x00" authorities "\x00\x00"
#define QUESTION(type) \
	"\x01"         \
	"a\x00\x00" type "\x00\x01"
#define OWNER "\xc0\x0c"
#define FIXED(type, ttl, size) "\x00" type "\x00\x01\x00\x00\x00" ttl "\x00" size
#define A "\x01"
#define CNAME "\x05"
#define SOA "\x06"
#define SRV "\x21"
#define NAPTR "\x23"
#define SOA_TAIL "\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x1e"

#define MESSAGE(text)                  \
	{                              \
		text, sizeof(text) - 1 \
	}

struct octets {
	const char *data;
	size_t size;
};

static const struct row {
	const char *name;
	struct octets in;
	struct octets first; /* RDATA of the first record */
	size_t count;
	uint32_t ttl;
	uint8_t rcode;
	bool alias;
	int err;
} rows[] = {
	{ "an address",
	  MESSAGE(HEAD("\x80", "\x01", "\x00") QUESTION(A)
			  OWNER FIXED(A, "\x3c", "\x04") "\xc0\x00\x02\x01"),
	  MESSAGE("\xc0\x00\x02\x01"), 1, 60, 0, false, 0 },
	{ "two addresses, the lesser TTL",
	  MESSAGE(HEAD("\x80", "\x02", "\x00") QUESTION(A)
			  OWNER FIXED(A, "\x3c", "\x04") "\xc0\x00\x02\x01" OWNER FIXED(
				  A, "\x05", "\x04") "\xc0\x00\x02\x02"),
	  MESSAGE("\xc0\x00\x02\x01"), 2, 5, 0, false, 0 },
	{ "an address of a wrong size is left out",
	  MESSAGE(HEAD("\x80", "\x02", "\x00") QUESTION(A)
			  OWNER FIXED(A, "\x3c", "\x03") "\xc0\x00\x02" OWNER FIXED(
				  A, "\x3c", "\x04") "\xc0\x00\x02\x02"),
	  MESSAGE("\xc0\x00\x02\x02"), 1, 60, 0, false, 0 },
	{ "somebody else's address",
	  MESSAGE(HEAD("\x80", "\x01", "\x00")
			  QUESTION(A) "\x01"
				      "b\x00" FIXED(A, "\x3c", "\x04") "\xc0\x00\x02\x01"),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  0 },
	{ "letter case means nothing",
	  MESSAGE(HEAD("\x80", "\x01", "\x00")
			  QUESTION(A) "\x01"
				      "A\x00" FIXED(A, "\x3c", "\x04") "\xc0\x00\x02\x01"),
	  MESSAGE("\xc0\x00\x02\x01"), 1, 60, 0, false, 0 },
	{ "an alias counts with its TTL, in any order",
	  MESSAGE(HEAD("\x80", "\x02", "\x00") QUESTION(
		  A) "\x01"
		     "b\x00" FIXED(A, "\x3c", "\x04") "\xc0\x00\x02\x01" OWNER FIXED(
			     CNAME, "\x07", "\x03") "\x01"
						    "b\x00"),
	  MESSAGE("\xc0\x00\x02\x01"), 1, 7, 0, true, 0 },
	{ "an alias of itself ends",
	  MESSAGE(HEAD("\x80", "\x01", "\x00") QUESTION(A) OWNER FIXED(CNAME, "\x07", "\x02")
			  OWNER),
	  { 0 },
	  0,
	  0,
	  0,
	  true,
	  0 },
	{ "a server's name is expanded",
	  MESSAGE(HEAD("\x80", "\x01", "\x00") QUESTION(SRV)
			  OWNER FIXED(SRV, "\x3c", "\x0a") "\x00\x01\x00\x02\x13\xc4\x01"
							   "s" OWNER),
	  MESSAGE("\x00\x01\x00\x02\x13\xc4\x01"
		  "s\x01"
		  "a\x00"),
	  1, 60, 0, false, 0 },
	{ "a rule's replacement is expanded",
	  MESSAGE(HEAD("\x80", "\x01", "\x00") QUESTION(NAPTR)
			  OWNER FIXED(NAPTR, "\x3c", "\x0a") "\x00\x01\x00\x02\x01"
							     "s\x00\x00" OWNER),
	  MESSAGE("\x00\x01\x00\x02\x01"
		  "s\x00\x00\x01"
		  "a\x00"),
	  1, 60, 0, false, 0 },
	{ "a rule whose strings run over is left out",
	  MESSAGE(HEAD("\x80", "\x01", "\x00") QUESTION(NAPTR)
			  OWNER FIXED(NAPTR, "\x3c", "\x0a") "\x00\x01\x00\x02\x09"
							     "s\x00\x00" OWNER),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  0 },
	{ "no such name, for as long as the SOA says",
	  MESSAGE(HEAD("\x83", "\x00", "\x01") QUESTION(A) OWNER FIXED(SOA, "\x3c", "\x18")
			  OWNER OWNER SOA_TAIL),
	  { 0 },
	  0,
	  30,
	  3,
	  false,
	  0 },
	{ "no records and no SOA",
	  MESSAGE(HEAD("\x80", "\x00", "\x00") QUESTION(A)),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  0 },
	{ "a SOA that is cut",
	  MESSAGE(HEAD("\x80", "\x00", "\x01") QUESTION(A) OWNER FIXED(SOA, "\x3c", "\x18")
			  OWNER OWNER),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  0 },
	{ "a question",
	  MESSAGE("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION(A)),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  -EBADMSG },
	{ "no question",
	  MESSAGE("\x12\x34\x81\x80\x00\x00\x00\x00\x00\x00\x00\x00"),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  -EBADMSG },
	{ "a header that is cut",
	  MESSAGE("\x12\x34\x81\x80\x00\x01"),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  -EBADMSG },
	{ "fewer records than it says",
	  MESSAGE(HEAD("\x80", "\x02", "\x00") QUESTION(A)
			  OWNER FIXED(A, "\x3c", "\x04") "\xc0\x00\x02\x01"),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  -EBADMSG },
	{ "a name that points to itself",
	  MESSAGE(HEAD("\x80", "\x01", "\x00")
			  QUESTION(A) "\xc0\x13" FIXED(A, "\x3c", "\x04") "\xc0\x00\x02\x01"),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  -EBADMSG },
	{ "a name that points ahead",
	  MESSAGE(HEAD("\x80", "\x01", "\x00")
			  QUESTION(A) "\xc0\x20" FIXED(A, "\x3c", "\x04") "\xc0\x00\x02\x01"),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  -EBADMSG },
	{ "a label of another kind",
	  MESSAGE(HEAD("\x80", "\x01", "\x00")
			  QUESTION(A) "\x41"
				      "b\x00" FIXED(A, "\x3c", "\x04") "\xc0\x00\x02\x01"),
	  { 0 },
	  0,
	  0,
	  0,
	  false,
	  -EBADMSG },
};

static void a_response_says_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct message m = { .rcode = 99 };
		struct arena arena = { 0 };

		print_message("%s\n", row->name);
		assert_int_equal(message_read(&m, slice_make(row->in.data, row->in.size), &arena),
				 row->err);
		if (row->err == 0) {
			assert_int_equal(m.rcode, row->rcode);
			assert_int_equal(m.count, row->count);
			assert_int_equal(m.ttl, row->ttl);
			assert_int_equal(m.alias, row->alias);
		} else {
			assert_int_equal(m.rcode, 99);
		}
		if (m.count > 0 && row->err == 0) {
			assert_int_equal(m.records[0].size, row->first.size);
			assert_memory_equal(m.records[0].data, row->first.data, row->first.size);
		}
		arena_done(&arena);
	}
}

static void a_message_may_end_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t size = 0; size < rows[i].in.size; size++) {
			struct arena arena = { 0 };
			struct message m;
			uint8_t *copy = arena_copy(&arena, rows[i].in.data, size);

			assert_true(message_read(&m, slice_make(copy, size), &arena) <= 0);
			arena_done(&arena);
		}
	}
}

/* Each CNAME leads to the next; more of them than anybody follows. */
static void a_chain_of_aliases_is_bounded(void **state)
{
	static const char head[] = HEAD("\x80", "\x40", "\x00") QUESTION(A);
	struct arena arena = { 0 };
	uint8_t octets[4096];
	size_t size = sizeof(head) - 1;
	struct message m;

	(void)state;
	memcpy(octets, head, size);
	for (uint8_t i = 0; i < 0x40; i++) {
		const uint8_t record[] = { 1, (uint8_t)('a' + i), 0, 0, 5, 0, 1, 0, 0, 0, 60, 0, 3,
					   1, (uint8_t)('b' + i), 0 };

		memcpy(octets + size, record, sizeof(record));
		size += sizeof(record);
	}
	assert_int_equal(message_read(&m, slice_make(octets, size), &arena), 0);
	assert_true(m.alias);
	assert_int_equal(m.count, 0);
	arena_done(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_response_says_what_it_says),
		cmocka_unit_test(a_message_may_end_anywhere),
		cmocka_unit_test(a_chain_of_aliases_is_bounded),
	};

	return cmocka_run_group_tests_name("resolve-message", tests, NULL, NULL);
}
