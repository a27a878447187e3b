/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of CSV (publish/csv.h), rows of an import file (publish/import.h), services
 * (publish/service.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "publish/import.h"
#include "publish/service.h"

static void a_line_is_split_as_rfc_4180_says(void **state)
{
	static const struct {
		const char *in;
		size_t count;    /* 99: refused */
		const char *out; /* fields with | between them */
	} table[] = {
		{ "", 0, "" },
		{ " \t\r\n", 0, "" },
		{ "a", 1, "a" },
		{ "a,b\r\n", 2, "a|b" },
		{ " a , b \n", 2, "a|b" },
		{ "a,,c", 3, "a||c" },
		{ "a,", 2, "a|" },
		{ ",", 2, "|" },
		{ "\"a,b\",c", 2, "a,b|c" },
		{ "\"say \"\"hi\"\"\",c", 2, "say \"hi\"|c" },
		{ " \" a \" , b", 2, " a |b" },
		{ "\"\",b", 2, "|b" },
		{ "a\"b,c", 2, "a\"b|c" },
		{ "\"a,b", 99, "" },
		{ "\"a\"b,c", 99, "" },
		{ "\"a\n\",b", 99, "" },
		{ "1,2,3,4,5,6,7,8", 8, "1|2|3|4|5|6|7|8" },
		{ "1,2,3,4,5,6,7,8,9", 99, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char line[128], joined[128] = "";
		struct csv_line fields = { .count = 77 };
		const char *why = NULL;

		strcpy(line, table[i].in);
		int err = csv_split(&fields, line, &why);
		if (table[i].count == 99) {
			assert_int_equal(err, -EINVAL);
			assert_non_null(why);
			assert_int_equal(fields.count, 77);
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(fields.count, table[i].count);
		for (size_t k = 0; k < fields.count; k++) {
			strcat(joined, k == 0 ? "" : "|");
			strcat(joined, fields.field[k]);
		}
		assert_string_equal(joined, table[i].out);
	}
}

static void a_field_comes_back_from_its_line(void **state)
{
	static const char *const table[] = { "plain",   "a,b", "say \"hi\"",
					     " blank ", "",    "sip:a@b;x=\"1,2\"" };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text line = { 0 };
		struct csv_line fields;
		const char *why;

		text_puts(&line, "x,");
		csv_format(&line, slice_text(table[i]));
		assert_int_equal(csv_split(&fields, line.data, &why), 0);
		assert_int_equal(fields.count, 2);
		assert_string_equal(fields.field[1], table[i]);
		text_done(&line);
	}
}

static void a_row_has_defaults_and_limits(void **state)
{
	static const struct {
		const char *in;
		const char *out; /* "DIGITS URI SERVICE TTL ORDER PREFERENCE"; NULL: refused */
	} table[] = {
		{ "+12025550123,sip:a@b", "12025550123 sip:a@b - 60 100 10" },
		{ "12025550123,sip:a@b,,,,", "12025550123 sip:a@b - 60 100 10" },
		{ "123*543,sip:a@b,300,sip,1,2", "123 sip:a@b sip 300 1 2" },
		{ "+1,sip:a@b,2147483647,sip,65535,65535", "1 sip:a@b sip 2147483647 65535 65535" },
		{ "+1,sip:a@b,2147483648", NULL },
		{ "+1,sip:a@b,-1", NULL },
		{ "+1,sip:a@b,1h", NULL },
		{ "+1,sip:a@b,60,sip,65536", NULL },
		{ "+1,sip:a@b,60,sip,1,65536", NULL },
		{ "+1,sip:a@b,60,sip,1,2,3", NULL },
		{ "+1", NULL },
		{ "+1,", NULL },
		{ ",sip:a@b", NULL },
		{ "alice,sip:a@b", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char line[128], text[256];
		struct csv_line fields;
		struct import_row row;
		const char *why = NULL;

		strcpy(line, table[i].in);
		assert_int_equal(csv_split(&fields, line, &why), 0);
		int err = import_row_read(&row, &fields, 60, &why);
		if (table[i].out == NULL) {
			assert_int_equal(err, -EINVAL);
			assert_non_null(why);
			continue;
		}
		assert_int_equal(err, 0);
		snprintf(text, sizeof(text), "%s %s %s %u %u %u", row.number.digits, row.entry.uri,
			 row.entry.service != NULL ? row.entry.service : "-", row.entry.ttl,
			 row.entry.order, row.entry.preference);
		assert_string_equal(text, table[i].out);
	}
}

static void only_a_line_without_digits_is_a_heading(void **state)
{
	static const struct {
		const char *in;
		bool heading;
	} table[] = {
		{ "number,uri", true },
		{ "Nummer;URI,ttl", true },
		{ "+12025550123,sip:a@b", false },
		{ "alice1,sip:a@b", false },
		{ ",sip:a@b", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char line[64];
		struct csv_line fields;
		const char *why;

		strcpy(line, table[i].in);
		assert_int_equal(csv_split(&fields, line, &why), 0);
		assert_int_equal(import_is_heading(&fields), table[i].heading);
	}
}

static void every_number_is_remembered_once(void **state)
{
	enum { COUNT = 100000 };
	struct import_numbers numbers = { 0 };
	char text[32];

	(void)state;
	for (int round = 0; round < 2; round++)
		for (unsigned i = 0; i < COUNT; i++) {
			snprintf(text, sizeof(text), "+1202%07u", i);
			struct import_number *n = import_number(&numbers, text);
			assert_non_null(n);
			assert_string_equal(n->text, text);
			assert_int_equal(n->uris, round == 0 ? 0 : i);
			n->uris = i;
		}
	assert_int_equal(numbers.count, COUNT);
	import_numbers_done(&numbers);
	assert_int_equal(numbers.count, 0);
}

static void the_service_follows_from_the_uri(void **state)
{
	static const struct {
		const char *service, *uri, *out; /* out NULL: refused */
	} table[] = {
		{ NULL, "sip:a@b", "E2U+sip" },
		{ NULL, "SIPS:a@b", "E2U+sip" },
		{ NULL, "h323:a@b", "E2U+h323" },
		{ NULL, "tel:+1", "E2U+pstn:tel" },
		{ NULL, "mailto:a@b", "E2U+email:mailto" },
		{ NULL, "https://b/", "E2U+web:https" },
		{ NULL, "sipx:a@b", NULL },
		{ NULL, "gopher://b", NULL },
		{ NULL, "alice@example.net", NULL },
		{ NULL, ":a", NULL },
		{ "sip", "foo:a", "E2U+sip" },
		{ "voice:tel+sms:tel", "tel:+1", "E2U+voice:tel+sms:tel" },
		{ "e2u+x-foo", "foo:a", "E2U+x-foo" },
		{ "E2U+sip", "sip:a@b", "E2U+sip" },
		{ "", "sip:a@b", NULL },
		{ "E2U+", "sip:a@b", NULL },
		{ "sip+", "sip:a@b", NULL },
		{ "sip::tel", "sip:a@b", NULL },
		{ "a b", "sip:a@b", NULL },
		{ "abcdefghijabcdefghijabcdefghijabc", "sip:a@b", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text out = { 0 };
		const char *why = NULL;
		int err = service_format(&out, table[i].service, table[i].uri, &why);

		assert_int_equal(err, table[i].out == NULL ? -EINVAL : 0);
		assert_string_equal(text_get(&out), table[i].out == NULL ? "" : table[i].out);
		assert_true((why != NULL) == (err < 0));
		text_done(&out);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_split_as_rfc_4180_says),
		cmocka_unit_test(a_field_comes_back_from_its_line),
		cmocka_unit_test(a_row_has_defaults_and_limits),
		cmocka_unit_test(only_a_line_without_digits_is_a_heading),
		cmocka_unit_test(every_number_is_remembered_once),
		cmocka_unit_test(the_service_follows_from_the_uri),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
