/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns/rdata.h: forms of RDATA, and any octets in place of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libknot/libknot.h>
#include <stdlib.h>
#include <string.h>

#include "dns/rdata.h"
#include "dns/record.h"

static void forms_are_what_their_types_say(void **state)
{
	static const struct {
		uint16_t type;
		size_t size;
		const char *octets;
		bool valid;
	} table[] = {
		{ KNOT_RRTYPE_A, 4, "\xc0\0\2\1", true },
		{ KNOT_RRTYPE_A, 3, "\xc0\0\2", false },
		{ KNOT_RRTYPE_A, 5, "\xc0\0\2\1\0", false },
		{ KNOT_RRTYPE_A, 0, "", false },
		{ KNOT_RRTYPE_AAAA, 16, "0123456789abcdef", true },
		{ KNOT_RRTYPE_AAAA, 4, "0123", false },
		{ KNOT_RRTYPE_NS, 1, "", true },
		{ KNOT_RRTYPE_NS, 3, "\1a", true },
		{ KNOT_RRTYPE_NS, 2, "\1a", false },
		{ KNOT_RRTYPE_NS, 4, "\1a\0", false },
		{ KNOT_RRTYPE_NS, 2, "\xc0\x0c", false }, /* a pointer to nothing here */
		{ KNOT_RRTYPE_NS, 0, "", false },
		{ KNOT_RRTYPE_MX, 3, "\0\1", true },
		{ KNOT_RRTYPE_MX, 2, "\0\1", false },
		{ KNOT_RRTYPE_SRV, 7, "123456", true },
		{ KNOT_RRTYPE_SRV, 6, "123456", false },
		{ KNOT_RRTYPE_SOA, 22,
		  "\0\0"
		  "12345678901234567890",
		  true },
		{ KNOT_RRTYPE_SOA, 21,
		  "\0\0"
		  "1234567890123456789",
		  false },
		{ KNOT_RRTYPE_SOA, 23,
		  "\0\0"
		  "123456789012345678901",
		  false },
		{ KNOT_RRTYPE_NAPTR, 8, "1234\0\0\0", true },
		{ KNOT_RRTYPE_NAPTR, 9, "1234\1u\0\0", true },
		{ KNOT_RRTYPE_NAPTR, 7, "1234\0\0\0", false },
		{ KNOT_RRTYPE_NAPTR, 8, "1234\7\0\0", false },
		{ KNOT_RRTYPE_TXT, 1, "", true },
		{ KNOT_RRTYPE_TXT, 2, "\1a", true },
		{ KNOT_RRTYPE_TXT, 4, "\1a\1b", true },
		{ KNOT_RRTYPE_TXT, 0, "", false }, /* RFC 1035 3.3.14: one or more */
		{ KNOT_RRTYPE_TXT, 3, "\1a\1", false },
		{ KNOT_RRTYPE_CNAME, 3, "\1a", true },
		{ 65280, 0, "", true },
		{ 65280, 5, "12345", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint8_t *octets = malloc(table[i].size + 1);
		uint8_t *data = octets + 1; /* ends where the memory ends */

		memcpy(data, table[i].octets, table[i].size);
		if (rdata_valid(table[i].type, slice_make(data, table[i].size)) != table[i].valid)
			fail_msg("row %zu", i);
		free(octets);
	}
}

static void targets_are_where_the_type_has_them(void **state)
{
	static const struct {
		const char *type, *rdata, *target;
	} table[] = {
		{ "NS", "a.example.", "a.example." },
		{ "CNAME", "a.", "a." },
		{ "DNAME", "a.", "a." },
		{ "PTR", "a.", "a." },
		{ "MX", "10 a.", "a." },
		{ "KX", "10 a.", "a." },
		{ "RT", "10 a.", "a." },
		{ "AFSDB", "10 a.", "a." },
		{ "SRV", "1 2 3 a.", "a." },
		{ "NAPTR", "1 2 \"s\" \"SIP+D2U\" \"\" _sip._udp.a.", "_sip._udp.a." },
		{ "NAPTR", "1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .", "." },
		{ "A", "192.0.2.1", NULL },
		{ "SOA", "a. b. 1 2 3 4 5", NULL },
		{ "TXT", "\"a\"", NULL },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice rdata = { 0 };
		const char *why = "";
		uint16_t type;

		assert_int_equal(type_parse(&type, table[i].type), 0);
		assert_int_equal(rdata_parse(&arena, &rdata, (const knot_dname_t *)"", type,
					     table[i].rdata, &why),
				 0);

		const knot_dname_t *target = rdata_target(type, rdata);
		assert_true((target == NULL) == (table[i].target == NULL));
		if (target == NULL)
			continue;
		assert_true(target >= rdata.data && target < rdata.data + rdata.size);
		assert_true(knot_dname_is_equal(target, name_parse(&arena, NULL, table[i].target)));
	}
	arena_done(&arena);
}

static void records_are_equal_as_their_names_are(void **state)
{
	static const struct {
		const char *type, *a, *b;
		bool equal;
	} table[] = {
		{ "A", "192.0.2.1", "192.0.2.1", true },
		{ "A", "192.0.2.65", "192.0.2.97", false }, /* 'A' and 'a' */
		{ "NS", "A.example.", "a.EXAMPLE.", true },
		{ "NS", "a.example.", "b.example.", false },
		{ "NS", "\\064.", "\\096.", false }, /* no letters, though they differ by 32 */
		{ "NS", "\\091.", "\\123.", false },
		{ "SOA", "A. B. 1 2 3 4 5", "a. b. 1 2 3 4 5", true },
		{ "SOA", "A. B. 65 2 3 4 5", "a. b. 97 2 3 4 5", false },
		{ "SRV", "1 2 65 A.", "1 2 65 a.", true },
		{ "SRV", "1 2 65 A.", "1 2 97 a.", false },
		{ "NAPTR", "1 2 \"u\" \"x\" \"!A!B!\" A.", "1 2 \"u\" \"x\" \"!A!B!\" a.", true },
		{ "NAPTR", "1 2 \"u\" \"x\" \"!A!B!\" .", "1 2 \"u\" \"x\" \"!a!B!\" .", false },
		{ "NAPTR", "1 2 \"u\" \"x\" \"\" .", "1 2 \"U\" \"x\" \"\" .", false },
		{ "TXT", "\"a\"", "\"A\"", false },
		{ "MX", "1 A.", "1 a.", true },
		{ "MX", "1 A.", "2 A.", false },
		{ "TYPE65280", "\\# 1 41", "\\# 1 61", false },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slice a = { 0 }, b = { 0 };
		const char *why = "";
		uint16_t type;

		assert_int_equal(type_parse(&type, table[i].type), 0);
		if (rdata_parse(&arena, &a, (const knot_dname_t *)"", type, table[i].a, &why) !=
			    0 ||
		    rdata_parse(&arena, &b, (const knot_dname_t *)"", type, table[i].b, &why) != 0)
			fail_msg("row %zu: %s", i, why);
		if (rdata_equal(type, a, b) != table[i].equal ||
		    rdata_equal(type, b, a) != table[i].equal)
			fail_msg("row %zu", i);
	}
	arena_done(&arena);
}

static void fields_of_soa_are_read_from_its_end(void **state)
{
	static const uint8_t soa[] = "\1a\0\1b\0\1\2\3\4----====++++\x81\2\3\4";
	struct slice rdata = slice_make(soa, sizeof(soa) - 1);

	(void)state;
	assert_true(rdata_valid(KNOT_RRTYPE_SOA, rdata));
	assert_int_equal(rdata_soa_serial(rdata), 0x01020304);
	assert_int_equal(rdata_soa_minimum(rdata), 0x81020304);
	assert_int_equal(rdata_soa_serial_at(rdata), 6);
}

/* Octets that often are lengths, pointers and letters. */
static void octets_fill(uint8_t *octets, size_t size)
{
	static const uint8_t usual[] = { 0, 0, 1, 1, 2, 3, 63, 64, 0xc0, 'a', 'A', 0xff };

	for (size_t i = 0; i < size; i++)
		octets[i] = rand() % 3 == 0 ? (uint8_t)rand() :
					      usual[(size_t)rand() % sizeof(usual)];
}

static void rdata_try(uint16_t type)
{
	size_t size = (size_t)rand() % 40;
	uint8_t *octets = malloc(size > 0 ? size : 1), *other = malloc(size > 0 ? size : 1);
	struct slice rdata = slice_make(octets, size);

	octets_fill(octets, size);
	memcpy(other, octets, size);
	for (size_t i = 0; i < size; i++)
		if (other[i] >= 'A' && other[i] <= 'Z' && rand() % 2 == 0)
			other[i] |= 0x20;

	assert_true(rdata_equal(type, rdata, rdata));
	assert_true(rdata_equal(type, rdata, slice_make(other, size)) ==
		    rdata_equal(type, slice_make(other, size), rdata));
	assert_false(size > 0 && rdata_equal(type, rdata, slice_make(octets, size - 1)));

	const knot_dname_t *target = rdata_target(type, rdata);
	if (target != NULL) {
		assert_true(target >= octets);
		assert_true(target + knot_dname_size(target) <= octets + size);
	}
	rdata_valid(type, rdata);
	struct slice flags = rdata_naptr_flags(rdata);
	if (flags.size > 0)
		assert_true(flags.data >= octets && flags.data + flags.size <= octets + size);
	free(octets);
	free(other);
}

static void any_octets_of_any_type_are_read_within_their_bounds(void **state)
{
	(void)state;
	srand(4);
	for (unsigned type = 0; type < 65536; type += type < 300 || type >= 32760 ? 1 : 50) {
		for (int i = 0; i < (type < 300 ? 400 : 2); i++)
			rdata_try((uint16_t)type);
		if (type > 32780)
			type += 500;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_what_their_types_say),
		cmocka_unit_test(targets_are_where_the_type_has_them),
		cmocka_unit_test(records_are_equal_as_their_names_are),
		cmocka_unit_test(fields_of_soa_are_read_from_its_end),
		cmocka_unit_test(any_octets_of_any_type_are_read_within_their_bounds),
	};

	return cmocka_run_group_tests_name("dns rdata", tests, NULL, NULL);
}
