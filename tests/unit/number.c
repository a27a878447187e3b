/* SPDX-License-Identifier: MIT */
/* tel/number.h: what people write, and the names that it becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tel/number.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* in: as written; out: as printed, or a word of the complaint where there is one. */
struct writing {
	const char *name;
	const char *in;
	const char *out;
	int err;
};

static void writing_check(const struct writing *w, int err, const struct number *n, const char *why)
{
	char text[NUMBER_TEXT_ROOM];

	if (err != w->err)
		fail_msg("%s: \"%s\" gives %d: %s", w->name, w->in, err, err < 0 ? why : "");
	if (err < 0) {
		if (strstr(why, w->out) == NULL)
			fail_msg("%s: \"%s\": %s", w->name, w->in, why);
		return;
	}
	number_format(text, n);
	assert_string_equal(text, w->out);
}

static void a_number_is_read_in_any_usual_writing(void **state)
{
	static const struct writing table[] = {
		{ "plain", "+12025550123", "+12025550123", 0 },
		{ "blanks", "+1 202 555 0123", "+12025550123", 0 },
		{ "parentheses", "+1 (202) 555-0123", "+12025550123", 0 },
		{ "dots", "+1.202.555.0123", "+12025550123", 0 },
		{ "slash", "+49 711/123456", "+49711123456", 0 },
		{ "blanks around", "  +12025550123\t", "+12025550123", 0 },
		{ "sign in parentheses", "(+1) 202 555 0123", "+12025550123", 0 },
		{ "trunk prefix", "+44 (0)20 7946 0000", "+442079460000", 0 },
		{ "trunk prefix apart", "+44 (0) 20 7946 0000", "+442079460000", 0 },
		{ "a 0 in parentheses later is one digit too", "+39 (06) 6982", "+39066982", 0 },
		{ "no sign", "12025550123", "+12025550123", 0 },
		{ "a trunk prefix needs the sign", "44(0)20", "+44020", 0 },
		{ "private plan", "+123", "+123", 0 },
		{ "private plan without sign", "123", "+123", 0 },
		{ "private plan from 0", "+0123", "+0123", 0 },
		{ "one digit", "+1", "+1", 0 },
		{ "fifteen digits", "+123456789012345", "+123456789012345", 0 },
		{ "tel URI", "tel:+12025550123", "+12025550123", 0 },
		{ "tel URI with separators", "TEL:+1-202-555-0123", "+12025550123", 0 },
		{ "tel URI, portability", "tel:+12025550123;npdi;rn=+12025550000", "+12025550123",
		  0 },
		{ "no-break spaces",
		  "+1\xc2\xa0"
		  "202\xe2\x80\xaf"
		  "555",
		  "+1202555", 0 },
		{ "no-break hyphens",
		  "+1\xe2\x80\x91"
		  "202\xe2\x80\x93"
		  "555",
		  "+1202555", 0 },
		{ "pasted with direction marks", "\xe2\x80\xad+1202\xe2\x80\xac", "+1202", 0 },
		{ "ISN", "123*543", "123*543", 0 },
		{ "ISN with zeros", "0012345678901*543", "0012345678901*543", 0 },
		{ "ISN with blanks", " 12 34 * 543 ", "1234*543", 0 },
		{ "largest ITAD", "1*4294967295", "1*4294967295", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct number n;
		const char *why = "";
		int err = number_parse(&n, table[i].in, &why);

		writing_check(&table[i], err, &n, why);
	}
}

static void what_is_no_number_is_refused_with_advice(void **state)
{
	static const struct writing table[] = {
		{ "nothing", "", "no digit", -EINVAL },
		{ "blanks", "  ", "no digit", -EINVAL },
		{ "sign alone", "+", "no digit", -EINVAL },
		{ "scheme alone", "tel:", "no digit", -EINVAL },
		{ "international prefix", "0012025550123", "write +", -EINVAL },
		{ "inside a country", "020 7946 0000", "country code", -EINVAL },
		{ "two signs", "++1202", "+ stands once", -EINVAL },
		{ "sign inside", "1+202", "+ stands once", -EINVAL },
		{ "letters", "+1-800-FLOWERS", "letters", -EINVAL },
		{ "extension", "+12025550123 x45", "extension", -EINVAL },
		{ "extension in words", "+12025550123 ext. 45", "extension", -EINVAL },
		{ "extension in a URI", "tel:+12025550123;ext=45", "extension", -EINVAL },
		{ "second parameter", "tel:+1202;npdi;isub=4", "subaddress", -EINVAL },
		{ "local number", "tel:5550123;phone-context=+1202", "local", -EINVAL },
		{ "later digits", "tel:+1202;POSTD=4", "postd", -EINVAL },
		{ "parameters without a URI", "+1202;npdi", "digits", -EINVAL },
		{ "SIP URI", "sip:+12025550123@example.net", "letters", -EINVAL },
		{ "hash", "+1202#", "digits", -EINVAL },
		{ "full-width digits", "+\xef\xbc\x91\xef\xbc\x92", "digits", -EINVAL },
		{ "ISN without subscriber", "*543", "no digit", -EINVAL },
		{ "ISN without ITAD", "123*", "ITAD", -EINVAL },
		{ "ISN with sign", "+123*543", "no +", -EINVAL },
		{ "ISN with two stars", "1*2*3", "one *", -EINVAL },
		{ "ISN, ITAD from 0", "123*0543", "start with 0", -EINVAL },
		{ "ISN, ITAD over 32 bits", "123*4294967296", "4294967295", -EINVAL },
		{ "ISN, ITAD of eleven digits", "123*12345678901", "4294967295", -EINVAL },
		{ "star in a tel URI", "tel:123*543", "one *", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct number n = { .digits = "untouched" };
		const char *why = "";
		int err = number_parse(&n, table[i].in, &why);

		writing_check(&table[i], err, &n, why);
		assert_string_equal(n.digits, "untouched");
	}
}

static void a_number_has_as_many_digits_as_there_is_room(void **state)
{
	char text[NUMBER_DIGITS_MAX + 3] = "+";
	struct number n;
	const char *why;

	(void)state;
	memset(text + 1, '7', NUMBER_DIGITS_MAX);
	assert_int_equal(number_parse(&n, text, &why), 0);
	assert_string_equal(n.digits, text + 1);
	text[NUMBER_DIGITS_MAX + 1] = '7';
	assert_int_equal(number_parse(&n, text, &why), -EINVAL);
	assert_non_null(strstr(why, "room"));
}

static void a_prefix_may_have_no_digits(void **state)
{
	static const struct writing table[] = {
		{ "E.164", "+1202555", "+1202555", 0 },
		{ "no sign", "1 202", "+1202", 0 },
		{ "all of E.164", "+", "+", 0 },
		{ "ISN", "12*543", "12*543", 0 },
		{ "all of an ITAD", "*543", "*543", 0 },
		{ "nothing", "", "no digit", -EINVAL },
		{ "all of ISN", "*", "ITAD", -EINVAL },
		{ "wildcard", "+1202*", "no +", -EINVAL },
		{ "inside a country", "020", "country code", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct number n;
		const char *why = "";
		int err = number_prefix_parse(&n, table[i].in, &why);

		writing_check(&table[i], err, &n, why);
	}
}

static struct number number_of(const char *text)
{
	struct number n = { 0 };
	const char *why = "";

	if (number_prefix_parse(&n, text, &why) < 0)
		fail_msg("%s: %s", text, why);
	return n;
}

static void a_prefix_covers_the_numbers_that_start_with_it(void **state)
{
	static const struct {
		const char *number;
		const char *prefix;
		bool covers;
	} table[] = {
		{ "+12025550123", "+1202555", true }, { "+12025550123", "+12025550123", true },
		{ "+12025550123", "+", true },        { "+1202", "+1202555", false },
		{ "+13025550123", "+1202", false },   { "123*543", "12*543", true },
		{ "123*543", "*543", true },          { "123*543", "12*544", false },
		{ "123*543", "+12", false },          { "+123", "12*543", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct number n = number_of(table[i].number);
		struct number prefix = number_of(table[i].prefix);

		if (number_has_prefix(&n, &prefix) != table[i].covers)
			fail_msg("%s and %s", table[i].number, table[i].prefix);
	}
}

static void the_subject_has_the_sign_for_enum_and_only_digits_for_isn(void **state)
{
	char text[NUMBER_TEXT_ROOM];
	struct number n = number_of("+12025550123");

	(void)state;
	number_subject(text, &n);
	assert_string_equal(text, "+12025550123");
	n = number_of("123*543");
	number_subject(text, &n);
	assert_string_equal(text, "123");
}

static void a_number_becomes_a_name_and_comes_back(void **state)
{
	static const struct {
		const char *number;
		const char *suffix;
		const char *owner;
	} table[] = {
		/* RFC 6116 3.2 */
		{ "+442079460148", "e164.arpa", "8.4.1.0.6.4.9.7.0.2.4.4.e164.arpa." },
		{ "+123", "e164.example.net", "3.2.1.e164.example.net." },
		{ "+123", "e164.example.net.", "3.2.1.e164.example.net." },
		{ "+1", ".", "1." },
		{ "+12", "", "2.1." },
		{ "123*543", "isn.example.net", "3.2.1.543.isn.example.net." },
		{ "1*543", ".", "1.543." },
		{ "+1", "with\\.dot", "1.with\\.dot." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char owner[NUMBER_OWNER_ROOM];
		struct number n = number_of(table[i].number);
		struct number back;

		assert_int_equal(number_owner(owner, sizeof(owner), &n, table[i].suffix), 0);
		assert_string_equal(owner, table[i].owner);
		assert_int_equal(number_from_owner(&back, n.kind, owner, table[i].suffix), 0);
		assert_int_equal(back.kind, n.kind);
		assert_string_equal(back.digits, n.digits);
		assert_string_equal(back.itad, n.itad);
	}
}

static void a_prefix_becomes_the_name_above_its_numbers(void **state)
{
	static const struct {
		const char *prefix;
		const char *owner;
	} table[] = {
		{ "+1202", "2.0.2.1.example." },
		{ "+", "example." },
		{ "12*543", "2.1.543.example." },
		{ "*543", "543.example." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char owner[NUMBER_OWNER_ROOM];
		struct number n = number_of(table[i].prefix);

		assert_int_equal(number_owner(owner, sizeof(owner), &n, "example"), 0);
		assert_string_equal(owner, table[i].owner);
	}
}

static void a_name_that_does_not_fit_is_refused(void **state)
{
	char owner[NUMBER_OWNER_ROOM] = "untouched";
	char digits[NUMBER_DIGITS_MAX + 2] = "+";
	struct number n = number_of("+123");

	(void)state;
	assert_int_equal(number_owner(owner, 14, &n, "example"), -ENAMETOOLONG);
	assert_string_equal(owner, "untouched");
	assert_int_equal(number_owner(owner, 15, &n, "example"), 0);
	assert_string_equal(owner, "3.2.1.example.");

	/* 240 octets of digits, and 1 + 13 + 1: 255 are a name (RFC 1035 2.3.4), 256 are none. */
	memset(digits + 1, '7', NUMBER_DIGITS_MAX);
	n = number_of(digits);
	assert_int_equal(number_owner(owner, sizeof(owner), &n, "thirteen-long"), 0);
	assert_int_equal(number_owner(owner, sizeof(owner), &n, "\\102ourteen-longs"),
			 -ENAMETOOLONG);
	assert_int_equal(number_owner(owner, sizeof(owner), &n, "\\102hirteen-l\\.ng"), 0);
}

static void an_owner_that_is_no_number_is_told_apart(void **state)
{
	static const struct {
		const char *name;
		enum number_kind kind;
		const char *owner;
	} table[] = {
		{ "the suffix itself", NUMBER_E164, "example.net." },
		{ "another zone", NUMBER_E164, "3.2.1.example.com." },
		{ "suffix not on a label", NUMBER_E164, "3.2.1example.net." },
		{ "octet between", NUMBER_E164, "3.2.1xexample.net." },
		{ "wildcard", NUMBER_E164, "*.2.1.example.net." },
		{ "SRV owner", NUMBER_E164, "_sip._udp.example.net." },
		{ "label of two digits", NUMBER_E164, "3.21.example.net." },
		{ "ISN is no E.164", NUMBER_E164, "3.2.1.543.example.net." },
		{ "empty label", NUMBER_E164, "3..1.example.net." },
		{ "ITAD alone", NUMBER_ISN, "543.example.net." },
		{ "ITAD that is none", NUMBER_ISN, "1.0543.example.net." },
		{ "ITAD too large", NUMBER_ISN, "1.4294967296.example.net." },
		{ "long label below", NUMBER_ISN, "12.543.example.net." },
		{ "wildcard of an ITAD", NUMBER_ISN, "*.543.example.net." },
		{ "nothing", NUMBER_E164, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct number n;
		int err = number_from_owner(&n, table[i].kind, table[i].owner, "example.net");

		if (err != -ENOENT)
			fail_msg("%s: %d", table[i].name, err);
	}
}

static void letter_case_and_final_dots_make_no_difference(void **state)
{
	static const char *const owners[] = { "3.2.1.Example.NET", "3.2.1.example.net." };
	static const char *const suffixes[] = { "example.net", "EXAMPLE.net." };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct number n;

		assert_int_equal(number_from_owner(&n, NUMBER_E164, owners[i / 2], suffixes[i % 2]),
				 0);
		assert_string_equal(n.digits, "123");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_read_in_any_usual_writing),
		cmocka_unit_test(what_is_no_number_is_refused_with_advice),
		cmocka_unit_test(a_number_has_as_many_digits_as_there_is_room),
		cmocka_unit_test(a_prefix_may_have_no_digits),
		cmocka_unit_test(a_prefix_covers_the_numbers_that_start_with_it),
		cmocka_unit_test(the_subject_has_the_sign_for_enum_and_only_digits_for_isn),
		cmocka_unit_test(a_number_becomes_a_name_and_comes_back),
		cmocka_unit_test(a_prefix_becomes_the_name_above_its_numbers),
		cmocka_unit_test(a_name_that_does_not_fit_is_refused),
		cmocka_unit_test(an_owner_that_is_no_number_is_told_apart),
		cmocka_unit_test(letter_case_and_final_dots_make_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
