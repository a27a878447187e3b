/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records and names as text, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "dns/record.h"

static const knot_dname_t root[] = "";

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void rdata_reads_back_in_its_shortest_form(void **state)
{
	/* out NULL: as in */
	static const struct {
		const char *type, *in, *out;
	} rows[] = {
		{ "A", "192.0.2.1", NULL },
		{ "AAAA", "2001:DB8:0:0::1", "2001:db8::1" },
		{ "NS", "Ns1.Example.NET.", NULL },
		{ "NS", "ns1", "ns1." },
		{ "MX", "10 mail.example.net.", NULL },
		{ "SRV", "10 60 5060 sip1.example.net.", NULL },
		{ "NAPTR", "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:alice@example.net!\" .", NULL },
		{ "NAPTR", "100 10 u E2U+sip \"!^(.*)$!sip:\\\\1@example.net!\" .",
		  "100 10 \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@example.net!\" ." },
		{ "NAPTR", "1 2 \"\" \"\" \"\" next.example.net.", NULL },
		{ "NAPTR", "1 2 \"se\" \"SIP+D2T\" \"\" .", NULL },
		{ "TXT", "\"v=1; a\" plain \"\"", "\"v=1; a\" \"plain\" \"\"" },
		{ "TXT", "\"q\\\"q \\\\ \\200\\000\"", NULL },
		{ "SOA", "ns. host. 1 2h 3 4 ( 5 )", "ns. host. 1 7200 3 4 5" },
		{ "HINFO", "\"a b\" \"c\"", NULL },
		{ "URI", "10 1 \"sip:a@example.net\"", NULL },
		{ "CNAME", "a\\.b.\\(x\\).\\003.", NULL },
		{ "NS", "\\035.", NULL },
		{ "NS", "a\\!b\\@.", NULL },
		{ "CAA", "0 issue \"ca.example\"", NULL },
		{ "TLSA", "3 1 1 00FF", NULL },
		{ "A", "\\# 4 c0000201", "192.0.2.1" },
		{ "TYPE65280", "\\# 3 0001ff", NULL },
		{ "TYPE65280", "\\# 0", NULL },
		{ "TYPE1", "192.0.2.1", NULL },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct text text = { 0 };
		struct slice rdata, again;
		const char *why = "";
		uint16_t type;

		assert_int_equal(type_parse(&type, rows[i].type), 0);
		if (rdata_parse(&arena, &rdata, root, type, rows[i].in, &why) != 0)
			fail_msg("%s %s: %s", rows[i].type, rows[i].in, why);
		assert_int_equal(rdata_format(&text, type, rdata), 0);
		assert_string_equal(text_get(&text),
				    rows[i].out != NULL ? rows[i].out : rows[i].in);
		assert_int_equal(rdata_parse(&arena, &again, root, type, text_get(&text), &why), 0);
		assert_true(slice_equal(rdata, again));
		text_done(&text);
	}
	arena_done(&arena);
}

static void text_that_is_no_rdata_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *type, *in;
	} rows[] = {
		{ "A", "192.0.2" },
		{ "A", "" },
		{ "A", "192.0.2.1 192.0.2.2" },
		{ "A", "192.0.2.1\nx A 192.0.2.2" },
		{ "A", "192.0.2.1\n$ORIGIN x." },
		{ "A", "\\# 3 000000" },
		{ "MX", "\\# 2 0001" },
		{ "TXT", "\\# 1 05" },
		{ "TXT", "\"open" },
		{ "NAPTR", "1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:\\1@x!\" ." },
		{ "NAPTR", "65536 2 \"u\" \"\" \"\" ." },
		{ "SRV", "1 2 3" },
		{ "TYPE65280", "abc" },
		{ "OPT", "\\# 0" },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct slice rdata = { 0 };
		const char *why = NULL;
		uint16_t type;

		assert_int_equal(type_parse(&type, rows[i].type), 0);
		if (rdata_parse(&arena, &rdata, root, type, rows[i].in, &why) != -EINVAL)
			fail_msg("%s %s is taken", rows[i].type, rows[i].in);
		assert_non_null(why);
		assert_null(rdata.data);
	}
	arena_done(&arena);
}

static void octets_that_do_not_fit_their_type_come_out_in_the_generic_form(void **state)
{
	static const struct {
		uint16_t type;
		struct slice in;
		const char *out;
	} rows[] = {
		{ KNOT_RRTYPE_A, { (const uint8_t *)"\1\2\3", 3 }, "\\# 3 010203" },
		{ KNOT_RRTYPE_A, { (const uint8_t *)"\1\2\3\4\5", 5 }, "\\# 5 0102030405" },
		{ KNOT_RRTYPE_AAAA, { (const uint8_t *)"\1\2", 2 }, "\\# 2 0102" },
		{ KNOT_RRTYPE_TXT, { (const uint8_t *)"\5a", 2 }, "\\# 2 0561" },
		{ KNOT_RRTYPE_TXT, { (const uint8_t *)"", 0 }, "\\# 0" },
		{ KNOT_RRTYPE_NS, { (const uint8_t *)"\xc0\x0c", 2 }, "\\# 2 c00c" },
		{ KNOT_RRTYPE_NAPTR, { (const uint8_t *)"\0\1\0\1\1u", 6 }, "\\# 6 000100010175" },
		{ KNOT_RRTYPE_CAA, { (const uint8_t *)"\0\377", 2 }, "\\# 2 00ff" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct text text = { 0 };

		assert_int_equal(rdata_format(&text, rows[i].type, rows[i].in), 0);
		assert_string_equal(text_get(&text), rows[i].out);
		text_done(&text);
	}
}

static void case_is_kept_in_names_and_strings(void **state)
{
	struct arena arena = { 0 };
	struct text text = { 0 };
	struct slice rdata;
	const char *why;
	const knot_dname_t *origin = name_parse(&arena, NULL, "Example.NET");

	(void)state;
	assert_int_equal(rdata_parse(&arena, &rdata, origin, KNOT_RRTYPE_NAPTR,
				     "1 2 U E2U+SIP \"\" Next", &why),
			 0);
	struct record r = { name_parse(&arena, origin, "Some.Name"), KNOT_RRTYPE_NAPTR,
			    KNOT_CLASS_IN, 60, rdata };
	assert_int_equal(record_format(&text, &r), 0);
	assert_string_equal(text_get(&text),
			    "Some.Name.Example.NET. 60 IN NAPTR 1 2 \"U\" \"E2U+SIP\" \"\" "
			    "Next.Example.NET.");
	text_done(&text);
	arena_done(&arena);
}

static void names_read_and_print(void **state)
{
	/* origin NULL: none; out NULL: no name */
	static const struct {
		const char *in, *origin, *out;
	} rows[] = {
		{ "example.net", NULL, "example.net." },
		{ "example.net.", "org", "example.net." },
		{ "www", "example.net", "www.example.net." },
		{ "@", "example.net", "example.net." },
		{ "@", NULL, "." },
		{ ".", "example.net", "." },
		{ "a\\.", "org", "a\\..org." },
		{ "a\\\\.", "org", "a\\\\." },
		{ "*.1.2", NULL, "*.1.2." },
		{ "\\065\\000b", NULL, "A\\000b." },
		{ "a b", NULL, "a\\032b." },
		{ "", NULL, NULL },
		{ "a..b", NULL, NULL },
		{ ".a", NULL, NULL },
		{ "a\\", NULL, NULL },
		{ "a\\25", NULL, NULL },
		{ "0123456789012345678901234567890123456789012345678901234567890123", NULL, NULL },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const knot_dname_t *origin =
			rows[i].origin != NULL ? name_parse(&arena, NULL, rows[i].origin) : NULL;
		const knot_dname_t *name = name_parse(&arena, origin, rows[i].in);
		struct text text = { 0 };

		if (rows[i].out == NULL) {
			if (name != NULL)
				fail_msg("'%s' is taken for a name", rows[i].in);
			continue;
		}
		assert_non_null(name);
		name_format(&text, name);
		assert_string_equal(text_get(&text), rows[i].out);
		text_done(&text);
	}
	arena_done(&arena);
}

static void a_name_below_its_origin_may_be_255_octets_and_no_more(void **state)
{
	struct arena arena = { 0 };
	char label[64];
	knot_dname_t *origin = (knot_dname_t *)(uintptr_t)root;

	(void)state;
	memset(label, 'x', 63);
	label[63] = '\0';
	for (int i = 0; i < 3; i++)
		origin = name_parse(&arena, origin, label);
	label[61] = '\0';
	assert_int_equal(knot_dname_size(name_parse(&arena, origin, label)), 255);
	label[61] = 'x';
	label[62] = '\0';
	assert_null(name_parse(&arena, origin, label));
	arena_done(&arena);
}

static void types_have_names_or_numbers(void **state)
{
	static const struct {
		const char *in;
		int err;
		uint16_t type;
		const char *out;
	} rows[] = {
		{ "naptr", 0, 35, "NAPTR" },
		{ "TYPE35", 0, 35, "NAPTR" },
		{ "type65280", 0, 65280, "TYPE65280" },
		{ "ANY", 0, 255, "ANY" },
		{ "TYPE65536", -EINVAL, 0, NULL },
		{ "TYPE", -EINVAL, 0, NULL },
		{ "", -EINVAL, 0, NULL },
		{ "NAPTR ", -EINVAL, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct text text = { 0 };
		uint16_t type = 0;

		assert_int_equal(type_parse(&type, rows[i].in), rows[i].err);
		assert_int_equal(type, rows[i].type);
		if (rows[i].err == 0) {
			type_format(&text, type);
			assert_string_equal(text_get(&text), rows[i].out);
		}
		text_done(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rdata_reads_back_in_its_shortest_form),
		cmocka_unit_test(text_that_is_no_rdata_is_refused_with_a_reason),
		cmocka_unit_test(octets_that_do_not_fit_their_type_come_out_in_the_generic_form),
		cmocka_unit_test(case_is_kept_in_names_and_strings),
		cmocka_unit_test(names_read_and_print),
		cmocka_unit_test(a_name_below_its_origin_may_be_255_octets_and_no_more),
		cmocka_unit_test(types_have_names_or_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
