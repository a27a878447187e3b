/* SPDX-License-Identifier: MIT */
/* tel/expression.h: expressions built from URIs, and told back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tel/expression.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct number prefix_of(const char *text)
{
	struct number n = { 0 };
	const char *why = "";

	if (number_prefix_parse(&n, text, &why) < 0)
		fail_msg("%s: %s", text, why);
	return n;
}

/* The expression passes the check, tells its URI, and makes of the number what is expected. */
static void expression_verify(const char *regexp, const char *uri, const char *number,
			      const char *result)
{
	struct number n = prefix_of(number);
	char subject[NUMBER_TEXT_ROOM];
	struct text text = { 0 };
	const char *why = "";

	if (expression_check(slice_text(regexp), &why) < 0)
		fail_msg("%s: %s", regexp, why);
	assert_int_equal(expression_describe(slice_text(regexp), &text), 0);
	assert_string_equal(text_get(&text), uri);

	text_reset(&text);
	number_subject(subject, &n);
	int err = expression_apply(slice_text(regexp), slice_text(subject), &text);
	assert_int_equal(err, result == NULL ? -ENOENT : 0);
	assert_string_equal(text_get(&text), result == NULL ? "" : result);
	text_done(&text);
}

static void a_uri_becomes_an_expression_and_comes_back(void **state)
{
	static const struct {
		const char *uri;
		const char *regexp;
		const char *number;
		const char *result;
	} table[] = {
		{ "sip:alice@example.net", "!^.*$!sip:alice@example.net!", "+1202",
		  "sip:alice@example.net" },
		{ "sip:alice@example.net", "!^.*$!sip:alice@example.net!", "123*543",
		  "sip:alice@example.net" },
		{ "sip:{number}@gw", "!^(.*)$!sip:\\1@gw!", "+1202", "sip:+1202@gw" },
		{ "sip:{number}@gw", "!^(.*)$!sip:\\1@gw!", "123*543", "sip:123@gw" },
		{ "sip:{digits}@gw", "!^\\+?(.*)$!sip:\\1@gw!", "+1202", "sip:1202@gw" },
		{ "sip:{digits}@gw", "!^\\+?(.*)$!sip:\\1@gw!", "123*543", "sip:123@gw" },
		{ "sip:{digits}@gw;n={number}", "!^(\\+?(.*))$!sip:\\2@gw;n=\\1!", "+1202",
		  "sip:1202@gw;n=+1202" },
		{ "sip:{digits}@gw;n={number}", "!^(\\+?(.*))$!sip:\\2@gw;n=\\1!", "123*543",
		  "sip:123@gw;n=123" },
		{ "tel:{number}", "!^(.*)$!tel:\\1!", "+1202", "tel:+1202" },
		{ "sip:{number}0{number}@gw", "!^(.*)$!sip:\\10\\1@gw!", "+12", "sip:+120+12@gw" },
		{ "sip:a!b@gw", "#^.*$#sip:a!b@gw#", "+1202", "sip:a!b@gw" },
		{ "sip:!#~%/,;_@gw", "!^.*$!sip:\\!#~%/,;_@gw!", "+1202", "sip:!#~%/,;_@gw" },
		{ "sip:a\\1@gw", "!^.*$!sip:a\\\\1@gw!", "+1202", "sip:a\\1@gw" },
		{ "sip:+1@gw", "!^.*$!sip:+1@gw!", "+1202", "sip:+1@gw" },
		{ "sips:[2001:db8::1]:5061", "!^.*$!sips:[2001:db8::1]:5061!", "+1202",
		  "sips:[2001:db8::1]:5061" },
		{ "x-a+b.c:d", "!^.*$!x-a+b.c:d!", "+1202", "x-a+b.c:d" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct text text = { 0 };
		const char *why = "";

		if (expression_build(&text, table[i].uri, &why) < 0)
			fail_msg("%s: %s", table[i].uri, why);
		assert_string_equal(text_get(&text), table[i].regexp);
		expression_verify(table[i].regexp, table[i].uri, table[i].number, table[i].result);
		text_done(&text);
	}
}

static void a_range_takes_just_its_numbers(void **state)
{
	static const struct {
		const char *prefix;
		unsigned digits;
		const char *uri;
		const char *regexp;
		const char *number;
		const char *result;
	} table[] = {
		{ "+1202555", 4, "sip:{number}@gw", "!^(\\+1202555[0-9]{4})$!sip:\\1@gw!",
		  "+12025550123", "sip:+12025550123@gw" },
		{ "+1202555", 4, "sip:{number}@gw", "!^(\\+1202555[0-9]{4})$!sip:\\1@gw!",
		  "+1202555012", NULL },
		{ "+1202555", 4, "sip:{number}@gw", "!^(\\+1202555[0-9]{4})$!sip:\\1@gw!",
		  "+120255501234", NULL },
		{ "+1202555", 4, "sip:{number}@gw", "!^(\\+1202555[0-9]{4})$!sip:\\1@gw!",
		  "+12025560123", NULL },
		{ "+1202555", 4, "sip:{digits}@gw", "!^\\+(1202555[0-9]{4})$!sip:\\1@gw!",
		  "+12025550123", "sip:12025550123@gw" },
		{ "+1202555", 4, "sip:{digits}@{number}", "!^(\\+(1202555[0-9]{4}))$!sip:\\2@\\1!",
		  "+12025550123", "sip:12025550123@+12025550123" },
		{ "+1202555", 4, "sip:desk@gw", "!^\\+1202555[0-9]{4}$!sip:desk@gw!",
		  "+12025550123", "sip:desk@gw" },
		{ "+", 3, "sip:{number}@gw", "!^(\\+[0-9]{3})$!sip:\\1@gw!", "+123",
		  "sip:+123@gw" },
		{ "12*543", 1, "sip:{number}@gw", "!^(12[0-9]{1})$!sip:\\1@gw!", "123*543",
		  "sip:123@gw" },
		{ "*543", 3, "sip:desk@gw", "!^[0-9]{3}$!sip:desk@gw!", "123*543", "sip:desk@gw" },
		{ "12*543", 1, "sip:{number}@{digits}", "!^((12[0-9]{1}))$!sip:\\1@\\2!", "123*543",
		  "sip:123@123" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct number prefix = prefix_of(table[i].prefix);
		struct text text = { 0 };
		const char *why = "";
		unsigned digits = 0;

		if (expression_build_range(&text, &prefix, table[i].digits, table[i].uri, &why) < 0)
			fail_msg("%s: %s", table[i].uri, why);
		assert_string_equal(text_get(&text), table[i].regexp);
		expression_verify(table[i].regexp, table[i].uri, table[i].number, table[i].result);
		assert_int_equal(expression_range_digits(slice_text(text.data), &digits), 0);
		assert_int_equal(digits, table[i].digits);
		text_done(&text);
	}
}

static void what_is_no_uri_is_refused_with_advice(void **state)
{
	static const struct {
		const char *uri;
		const char *why;
	} table[] = {
		{ "", "scheme" },
		{ "sip:", "scheme" },
		{ "alice@example.net", "scheme" },
		{ ":alice", "scheme" },
		{ "5sip:alice", "scheme" },
		{ "{number}:x", "scheme" },
		{ "sip:{Number}@x", "{number}" },
		{ "sip:{number@x", "{number}" },
		{ "sip:number}@x", "{number}" },
		{ "sip:{}@x", "{number}" },
		{ "sip:a b@x", "%20" },
		{ "sip:a\tb@x", "%20" },
		{ "sip:\xc3\xa9@x", "ASCII" },
		{ "sip:\177@x", "control" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct text text = { 0 };
		const char *why = "";

		text_puts(&text, "kept");
		if (expression_build(&text, table[i].uri, &why) != -EINVAL ||
		    strstr(why, table[i].why) == NULL)
			fail_msg("%s: %s", table[i].uri, why);
		assert_string_equal(text_get(&text), "kept");
		text_done(&text);
	}
}

static void an_expression_longer_than_its_field_is_refused(void **state)
{
	char uri[260] = "sip:";
	struct text text = { 0 };
	const char *why = "";

	(void)state;
	/* !^.*$!URI! has seven octets beside the URI. */
	memset(uri + 4, 'x', sizeof(uri) - 5);
	uri[248] = '\0';
	assert_int_equal(expression_build(&text, uri, &why), 0);
	assert_int_equal(text.size, 255);
	uri[248] = 'x';
	uri[249] = '\0';
	text_reset(&text);
	assert_int_equal(expression_build(&text, uri, &why), -EMSGSIZE);
	assert_non_null(strstr(why, "255"));
	assert_int_equal(text.size, 0);
	text_done(&text);
}

static void a_range_has_digits_but_not_too_many(void **state)
{
	struct number prefix = prefix_of("+1202555");
	struct text text = { 0 };
	const char *why = "";

	(void)state;
	assert_int_equal(expression_build_range(&text, &prefix, 0, "sip:x", &why), -EINVAL);
	assert_int_equal(expression_build_range(&text, &prefix, 114, "sip:x", &why), -EINVAL);
	assert_int_equal(expression_build_range(&text, &prefix, 4000000000u, "sip:x", &why),
			 -EINVAL);
	assert_int_equal(text.size, 0);
	assert_int_equal(expression_build_range(&text, &prefix, 113, "sip:x", &why), 0);
	assert_string_equal(text_get(&text), "!^\\+1202555[0-9]{113}$!sip:x!");
	text_done(&text);
}

static void hand_written_forms_are_known(void **state)
{
	static const struct {
		const char *regexp;
		const char *uri; /* NULL: not described */
	} table[] = {
		{ "!.*!sip:x!", "sip:x" },
		{ "!^.+$!sip:x!", "sip:x" },
		{ "/^(.+)$/sip:\\1@x/i", "sip:{number}@x" },
		{ "!(.*)!sip:\\1@x!", "sip:{number}@x" },
		{ "!(^.*$)!sip:\\1@x!", NULL },
		{ "!^(\\+.*)$!sip:\\1@x!", "sip:{number}@x" },
		{ "!^\\+(.*)$!sip:\\1@x!", "sip:{digits}@x" },
		{ "!^(\\+441632960083)$!sip:\\1@x!", "sip:{number}@x" },
		{ "!^\\+441632960083$!sip:x!", "sip:x" },
		{ "!^.*$!sip:a\\@x!", "sip:a@x" },
		/* Others do something with the number that the marks have no word for. */
		{ "!^\\+1(.*)$!sip:\\1@x!", NULL },
		{ "!^\\+1.*$!sip:x!", NULL },
		{ "!^\\+1202!sip:x!", NULL },
		{ "!^(.)(.*)$!sip:\\1@x!", NULL },
		{ "!^((.*))$!sip:\\2@x!", NULL },
		{ "!\\+1202!sip:x!", NULL },
		{ "!^$!sip:x!", NULL },
		{ "!^(.*$)!sip:\\1@x!", NULL },
		{ "!^.*$!sip:{x}!", NULL },
		{ "!^.*$!sip:\\1!", NULL },
		{ "!^(.*)$!sip:\\2!", NULL },
		{ "!^\\+1[0-9]{}$!sip:x!", NULL },
		{ "!^.*$!sip:x", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct text text = { 0 };
		int err = expression_describe(slice_text(table[i].regexp), &text);

		if (err != (table[i].uri == NULL ? -ENOENT : 0))
			fail_msg("%s: %d %s", table[i].regexp, err, text_get(&text));
		assert_string_equal(text_get(&text), table[i].uri == NULL ? "" : table[i].uri);
		text_done(&text);
	}
}

static void only_a_range_has_digits_that_follow(void **state)
{
	static const char *const table[] = {
		"!^.*$!sip:x!",
		"!^\\+1202$!sip:x!",
		"!^(.*)$!sip:\\1!",
		"!^\\+1[0-9]{0}$!sip:x!",
		"!^\\+1[0-9]{4,5}$!sip:x!",
		"!\\+1[0-9]{4}!sip:x!",
		"nothing",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		unsigned digits = 77;

		assert_int_equal(expression_range_digits(slice_text(table[i]), &digits), -ENOENT);
		assert_int_equal(digits, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_becomes_an_expression_and_comes_back),
		cmocka_unit_test(a_range_takes_just_its_numbers),
		cmocka_unit_test(what_is_no_uri_is_refused_with_advice),
		cmocka_unit_test(an_expression_longer_than_its_field_is_refused),
		cmocka_unit_test(a_range_has_digits_but_not_too_many),
		cmocka_unit_test(hand_written_forms_are_known),
		cmocka_unit_test(only_a_range_has_digits_that_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
