/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers and ranges as NAPTR records, and back (publish/entry.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publish/entry.h"
#include "publish/table.h"

static struct entry_place place(const char *number, int digits, const char *suffix)
{
	struct entry_place p = { .range = digits >= 0, .suffix = suffix };
	const char *why = "";
	int err = p.range ? number_prefix_parse(&p.number, number, &why) :
			    number_parse(&p.number, number, &why);

	if (err != 0)
		fail_msg("%s: %s", number, why);
	p.digits = digits < 0 ? 0 : (unsigned)digits;
	return p;
}

static void a_number_becomes_records_at_its_name(void **state)
{
	static const struct {
		const char *number;
		int digits; /* of a range, else -1 */
		const char *suffix, *uri, *out;
	} table[] = {
		{ "+123", -1, "e164.example.net", "sip:123@example.net",
		  "3.2.1.e164.example.net. 60 IN NAPTR 100 10 \"u\" \"E2U+sip\" "
		  "\"!^.*$!sip:123@example.net!\" ." },
		{ "123*543", -1, "isn.example.net.", "sip:{digits}@example.net",
		  "3.2.1.543.isn.example.net. 60 IN NAPTR 100 10 \"u\" \"E2U+sip\" "
		  "\"!^\\\\+?(.*)$!sip:\\\\1@example.net!\" ." },
		{ "+12025550123", -1, "e164.arpa", "tel:{number}",
		  "3.2.1.0.5.5.5.2.0.2.1.e164.arpa. 60 IN NAPTR 100 10 \"u\" \"E2U+pstn:tel\" "
		  "\"!^(.*)$!tel:\\\\1!\" ." },
		{ "+1202555", 4, "e164.arpa", "sip:{number}@gw",
		  "*.5.5.5.2.0.2.1.e164.arpa. 60 IN NAPTR 100 10 \"u\" \"E2U+sip\" "
		  "\"!^(\\\\+1202555[0-9]{4})$!sip:\\\\1@gw!\" ." },
		{ "+", 3, "pbx.example.net", "sip:{digits}@gw",
		  "*.pbx.example.net. 60 IN NAPTR 100 10 \"u\" \"E2U+sip\" "
		  "\"!^\\\\+([0-9]{3})$!sip:\\\\1@gw!\" ." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct arena arena = { 0 };
		struct changes c = { .arena = &arena };
		struct entry_place p = place(table[i].number, table[i].digits, table[i].suffix);
		struct entry e = { .uri = table[i].uri, .order = 100, .preference = 10, .ttl = 60 };
		struct text text = { 0 };
		const char *why = "";

		assert_int_equal(entry_changes(&c, &p, &e, 1, true, &why), 0);
		assert_int_equal(c.count, 2);
		assert_int_equal(c.at[0].rclass, KNOT_CLASS_ANY);
		assert_int_equal(c.at[0].type, KNOT_RRTYPE_NAPTR);
		assert_true(knot_dname_is_equal(c.at[0].owner, c.at[1].owner));
		assert_int_equal(record_format(&text, &c.at[1]), 0);
		for (char *at = text.data; *at != '\0'; at++)
			if (*at == '\t')
				*at = ' ';
		assert_string_equal(text.data, table[i].out);
		text_done(&text);
		arena_done(&arena);
	}
}

static void without_replace_nothing_is_deleted(void **state)
{
	struct arena arena = { 0 };
	struct changes c = { .arena = &arena };
	struct entry_place p = place("+1", -1, "e164.arpa");
	struct entry e[2] = { { .uri = "sip:a@b", .preference = 1 },
			      { .uri = "sip:c@d", .preference = 2 } };
	const char *why;

	(void)state;
	assert_int_equal(entry_changes(&c, &p, e, 2, false, &why), 0);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.at[0].rclass, KNOT_CLASS_IN);
	assert_int_equal(c.at[1].rclass, KNOT_CLASS_IN);
	arena_done(&arena);
}

static void one_bad_uri_leaves_no_changes(void **state)
{
	static const char *const bad[] = { "alice", "sip:{nummer}@b", "gopher:x", "sip:a\nb" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct arena arena = { 0 };
		struct changes c = { .arena = &arena };
		struct entry_place p = place("+1", -1, "e164.arpa");
		struct entry e[2] = { { .uri = "sip:a@b" }, { .uri = bad[i] } };
		const char *why = NULL;

		assert_int_equal(entry_changes(&c, &p, e, 2, true, &why), -EINVAL);
		assert_non_null(why);
		assert_int_equal(c.count, 0);
		arena_done(&arena);
	}
}

static void a_uri_that_is_too_long_is_refused(void **state)
{
	struct arena arena = { 0 };
	struct changes c = { .arena = &arena };
	struct entry_place p = place("+1", -1, "e164.arpa");
	char uri[300] = "sip:";
	struct entry e = { .uri = uri };
	const char *why = NULL;

	(void)state;
	memset(uri + 4, 'a', 290);
	assert_int_equal(entry_changes(&c, &p, &e, 1, true, &why), -EMSGSIZE);
	assert_non_null(why);
	arena_done(&arena);
}

static void a_name_that_is_too_long_is_refused(void **state)
{
	struct arena arena = { 0 };
	struct changes c = { .arena = &arena };
	char suffix[230] = "";
	struct entry e = { .uri = "sip:a@b" };
	const char *why = NULL;

	(void)state;
	for (int i = 0; i < 56; i++)
		strcat(suffix, "abc.");
	struct entry_place p = place("+1202555012345678", -1, suffix);
	struct entry_place just = place("+120255501234567", 1, suffix);
	assert_int_equal(entry_changes(&c, &p, &e, 1, true, &why), -EINVAL);
	assert_int_equal(entry_changes(&c, &just, &e, 1, true, &why), -EINVAL);
	assert_int_equal(c.count, 0);
	arena_done(&arena);
}

/* "OWNER RDATA" of a NAPTR record */
static struct record naptr(struct arena *arena, const char *owner, const char *rdata)
{
	struct record r = { .type = KNOT_RRTYPE_NAPTR, .rclass = KNOT_CLASS_IN, .ttl = 60 };
	const char *why = "";

	r.owner = name_parse(arena, NULL, owner);
	assert_non_null(r.owner);
	assert_int_equal(rdata_parse(arena, &r.rdata, r.owner, r.type, rdata, &why), 0);
	return r;
}

static void a_record_is_shown_as_a_person_wrote_it(void **state)
{
	static const struct {
		const char *rdata, *number;
		const char *uri, *template, *next;
		bool note;
	} table[] = {
		{ "1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .", "+1202", "sip:a@b", "sip:a@b", NULL,
		  false },
		{ "1 2 \"U\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@b!\" .", "+1202", "sip:+1202@b",
		  "sip:{number}@b", NULL, false },
		{ "1 2 \"u\" \"E2U+sip\" \"!^(.*)$!sip:\\\\1@b!\" .", "12*543", "sip:12@b",
		  "sip:{number}@b", NULL, false },
		{ "1 2 \"u\" \"E2U+sip\" \"!^\\\\+1(.*)$!sip:\\\\1@b!\" .", "+1202", "sip:202@b",
		  NULL, NULL, false },
		{ "1 2 \"u\" \"E2U+sip\" \"!^\\\\+44.*$!sip:x@b!\" .", "+1202", NULL, NULL, NULL,
		  true },
		{ "1 2 \"\" \"\" \"\" other.example.net.", "+1202", NULL, NULL,
		  "other.example.net.", false },
		{ "1 2 \"\" \"E2U+sip\" \"!^.*$!other.example.net!\" .", "+1202", NULL, NULL, NULL,
		  true },
		{ "1 2 \"u\" \"E2U+sip\" \"!^(.*$!sip:\\\\1@b!\" .", "+1202", NULL, NULL, NULL,
		  true },
		{ "1 2 \"u\" \"E2U+sip\" \"\" .", "+1202", NULL, NULL, NULL, true },
		{ "1 2 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" other.example.net.", "+1202", NULL,
		  NULL, NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct arena arena = { 0 };
		struct record r = naptr(&arena, "1.e164.arpa.", table[i].rdata);
		struct number number = place(table[i].number, -1, "").number;
		struct entry_view v;

		assert_int_equal(entry_view(&arena, &v, &r, &number), 0);
		assert_int_equal(v.order, 1);
		assert_int_equal(v.preference, 2);
		assert_int_equal(v.ttl, 60);
		const char *const got[] = { v.uri, v.template, v.next };
		const char *const wanted[] = { table[i].uri, table[i].template, table[i].next };
		for (size_t k = 0; k < 3; k++) {
			if ((got[k] == NULL) != (wanted[k] == NULL))
				fail_msg("row %zu: %s", i, got[k] != NULL ? got[k] : "nothing");
			if (got[k] != NULL)
				assert_string_equal(got[k], wanted[k]);
		}
		assert_int_equal(v.note != NULL, table[i].note);
		arena_done(&arena);
	}
}

static void a_record_that_is_no_naptr_is_refused(void **state)
{
	struct arena arena = { 0 };
	struct record r = { .rdata = slice_text("\x01") };
	struct entry_view v;

	(void)state;
	assert_int_equal(entry_view(&arena, &v, &r, NULL), -EBADMSG);
	arena_done(&arena);
}

static void an_owner_leads_back_to_its_place(void **state)
{
	static const struct {
		const char *owner;
		enum number_kind kind;
		const char *out; /* "NUMBER", "PREFIX/DIGITS"; NULL: none */
	} table[] = {
		{ "3.2.1.e164.arpa.", NUMBER_E164, "+123" },
		{ "3.2.1.E164.ARPA.", NUMBER_E164, "+123" },
		{ "*.3.2.1.e164.arpa.", NUMBER_E164, "+123/4" },
		{ "*.e164.arpa.", NUMBER_E164, "+/4" },
		{ "3.2.1.543.e164.arpa.", NUMBER_ISN, "123*543" },
		{ "*.1.543.e164.arpa.", NUMBER_ISN, "1*543/4" },
		{ "*.543.e164.arpa.", NUMBER_ISN, "*543/4" },
		{ "e164.arpa.", NUMBER_E164, NULL },
		{ "*.x.e164.arpa.", NUMBER_E164, NULL },
		{ "x.3.2.1.e164.arpa.", NUMBER_E164, NULL },
		{ "3.2.1.e164.example.", NUMBER_E164, NULL },
		{ "*.", NUMBER_E164, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct arena arena = { 0 };
		struct record r =
			naptr(&arena, table[i].owner,
			      "1 2 \"u\" \"E2U+sip\" \"!^(\\\\+123[0-9]{4})$!sip:\\\\1@b!\" .");
		struct entry_place p = { .digits = 77 };
		char number[NUMBER_TEXT_ROOM], text[NUMBER_TEXT_ROOM + 16];
		int err = entry_place_read(&p, table[i].kind, "e164.arpa", &r);

		if (table[i].out == NULL) {
			assert_int_equal(err, -ENOENT);
			assert_int_equal(p.digits, 77);
		} else {
			assert_int_equal(err, 0);
			number_format(number, &p.number);
			snprintf(text, sizeof(text), p.range ? "%s/%u" : "%s", number, p.digits);
			assert_string_equal(text, table[i].out);
		}
		arena_done(&arena);
	}
}

static void clients_order_is_by_order_then_preference(void **state)
{
	struct entry_view v[] = { { .order = 2, .preference = 1, .regexp = "c" },
				  { .order = 1, .preference = 9, .regexp = "b" },
				  { .order = 1, .preference = 2, .regexp = "a" } };

	(void)state;
	qsort(v, 3, sizeof(v[0]), entry_view_compare);
	assert_string_equal(v[0].regexp, "a");
	assert_string_equal(v[1].regexp, "b");
	assert_string_equal(v[2].regexp, "c");
}

static void a_table_is_as_wide_as_it_needs(void **state)
{
	struct arena arena = { 0 };
	struct table table = { .arena = &arena, .columns = 3 };
	struct text out = { 0 };

	(void)state;
	table_row(&table, (const char *const[]){ "a", "empty", "c" });
	table_row(&table, (const char *const[]){ "long", NULL, "\xc3\xa4" });
	table_row(&table, (const char *const[]){ "\x1b[2J", "", "x" });
	table_format(&out, &table, "> ");
	assert_string_equal(out.data, "> a        c\n> long     \xc3\xa4\n> \\027[2J  x\n");
	text_done(&out);
	arena_done(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_becomes_records_at_its_name),
		cmocka_unit_test(without_replace_nothing_is_deleted),
		cmocka_unit_test(one_bad_uri_leaves_no_changes),
		cmocka_unit_test(a_uri_that_is_too_long_is_refused),
		cmocka_unit_test(a_name_that_is_too_long_is_refused),
		cmocka_unit_test(a_record_is_shown_as_a_person_wrote_it),
		cmocka_unit_test(a_record_that_is_no_naptr_is_refused),
		cmocka_unit_test(an_owner_leads_back_to_its_place),
		cmocka_unit_test(clients_order_is_by_order_then_preference),
		cmocka_unit_test(a_table_is_as_wide_as_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
