/* SPDX-License-Identifier: MIT */
/* tel/expression.h: substitution expressions read, checked and applied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <string.h>

#include "tel/expression.h"
#include "tel/pattern.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void an_expression_is_taken_apart_at_its_delimiters(void **state)
{
	static const struct {
		const char *in;
		char delimiter;
		const char *pattern;
		const char *replacement;
		bool icase;
	} table[] = {
		{ "!^.*$!sip:x@y!", '!', "^.*$", "sip:x@y", false },
		{ "!^.*$!sip:x@y!i", '!', "^.*$", "sip:x@y", true },
		{ "/a/b/ii", '/', "a", "b", true },
		{ "~a!b~c!d~", '~', "a!b", "c!d", false },
		{ "!a\\!b!c\\!d!", '!', "a\\!b", "c\\!d", false },
		{ "!a\\\\!b!", '!', "a\\\\", "b", false },
		{ "!!!", '!', "", "", false },
		{ "\xa7"
		  "a\xa7"
		  "b\xa7",
		  '\xa7', "a", "b", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct expression e;
		const char *why = "";

		if (expression_read(slice_text(table[i].in), &e, &why) < 0)
			fail_msg("%s: %s", table[i].in, why);
		assert_int_equal(e.delimiter, (uint8_t)table[i].delimiter);
		assert_true(slice_equal(e.pattern, slice_text(table[i].pattern)));
		assert_true(slice_equal(e.replacement, slice_text(table[i].replacement)));
		assert_int_equal(e.icase, table[i].icase);
	}
}

struct fault {
	const char *in;
	const char *why; /* a word of the complaint */
};

static void faults_check(const struct fault *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *why = "";

		if (expression_check(slice_text(table[i].in), &why) != -EINVAL)
			fail_msg("%s passes", table[i].in);
		if (strstr(why, table[i].why) == NULL)
			fail_msg("%s: %s", table[i].in, why);
	}
}

static void an_expression_without_its_parts_is_refused(void **state)
{
	static const struct fault table[] = {
		{ "", "empty" },
		{ "!", "three times" },
		{ "!^.*$!", "three times" },
		{ "!^.*$!sip:x", "three times" },
		{ "!^.*$!sip:x\\!", "three times" },
		{ "!^.*$\\!sip:x!", "three times" },
		{ "!^.*$!a!b!", "more than three" },
		{ "!^.*$!a!!", "more than three" },
		{ "!^.*$!a!g", "flag i" },
		{ "!^.*$!a!I", "flag i" },
		{ "!^.*$!a! ", "flag i" },
		{ "1^.*$1a1", "digit" },
		{ "0^.*$0a0", "digit" },
		{ "i^.*$iai", "letter i" },
		{ "\\^.*$\\a\\", "backslash" },
		{ "!!a!", "empty" },
		{ "!^.*$!\\0!", "\\0" },
		{ "!^.*$!\\1!", "\\1" },
		{ "!^(.*)$!\\2!", "\\2" },
		{ "!^((.).)$!\\1\\2\\3!", "\\3" },
		{ "!^()()()()()()()()$!\\9!", "\\9" },
	};

	(void)state;
	faults_check(table, COUNT(table));
}

static void a_pattern_that_is_not_posix_is_refused(void **state)
{
	static const struct fault table[] = {
		{ "!^(.*$!x!", "( without" },
		{ "!^.*)$!x!", ") without" },
		{ "!)(!x!", ") without" },
		{ "![0-9!x!", "[ without" },
		{ "![]!x!", "[ without" },
		{ "![^]!x!", "[ without" },
		{ "![[:digit:]!x!", "[ without" },
		{ "!a||b!x!", "|" },
		{ "!|a!x!", "|" },
		{ "!a|!x!", "|" },
		{ "!(|a)!x!", "|" },
		{ "!(a|)!x!", "|" },
		{ "!*a!x!", "\\*" },
		{ "!^+1!x!", "\\+" },
		{ "!(?:a)!x!", "\\?" },
		{ "!a.*?!x!", "\\?" },
		{ "!a**!x!", "\\*" },
		{ "!a{2}{3}!x!", "\\{" },
		{ "!{2}!x!", "\\{" },
		{ "!a|*b!x!", "\\*" },
		{ "!a{!x!", "\\{" },
		{ "!a{}!x!", "\\{" },
		{ "!a{,3}!x!", "\\{" },
		{ "!a{3,2}!x!", "\\{" },
		{ "!a{256}!x!", "\\{" },
		{ "!a{1,256}!x!", "\\{" },
		{ "!a{1!x!", "\\{" },
		{ "!a{1,2,3}!x!", "\\{" },
		{ "!a{99999999999}!x!", "\\{" },
		{ "!\\d+!x!", "[0-9]" },
		{ "!\\w!x!", "not POSIX" },
		{ "!(a)\\1!x!", "back reference" },
		{ "![z-a]!x!", "range" },
		{ "![a-c-e]!x!", "range" },
		{ "![[:digit:]-z]!x!", "range" },
		{ "![[:foo:]]!x!", "[:digit:]" },
		{ "![[.ab.]]!x!", "one character" },
		{ "![[..]]!x!", "one character" },
		{ "!(a{16}){16}!x!", "255" },
		{ "!(a{16}b){16}!x!", "255" },
		{ "!(ba{16}){16}!x!", "255" },
		{ "!(b|a{16}){16}!x!", "255" },
		{ "!((a{2}){2,}){64}!x!", "255" },
	};

	(void)state;
	faults_check(table, COUNT(table));
}

static void a_nul_anywhere_is_refused(void **state)
{
	static const struct {
		const char *in;
		size_t size;
	} table[] = {
		{ "\0a\0b\0", 5 }, { "!a\0!b!", 6 },  { "!a!b\0!", 6 },    { "!a\\\0!b!", 7 },
		{ "!a!\\\0!", 6 }, { "![\0]!b!", 7 }, { "![a-\0]!b!", 9 }, { "!a!b!\0", 6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *why = "";

		assert_int_equal(expression_check(slice_make(table[i].in, table[i].size), &why),
				 -EINVAL);
	}
}

static void an_expression_has_255_octets_at_most(void **state)
{
	char text[257] = "!.!";
	const char *why = "";

	(void)state;
	memset(text + 3, 'x', sizeof(text) - 3);
	text[254] = '!';
	assert_int_equal(expression_check(slice_make(text, 255), &why), 0);
	text[254] = 'x';
	text[255] = '!';
	assert_int_equal(expression_check(slice_make(text, 256), &why), -EINVAL);
	assert_non_null(strstr(why, "255"));
}

/* One expression on one subject; out is NULL where it does not match. */
struct example {
	const char *regexp;
	const char *subject;
	const char *out;
};

static void examples_check(const struct example *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct text text = { 0 };
		const char *why = "";

		if (expression_check(slice_text(table[i].regexp), &why) < 0)
			fail_msg("%s: %s", table[i].regexp, why);
		int err = expression_apply(slice_text(table[i].regexp),
					   slice_text(table[i].subject), &text);
		if (err != (table[i].out == NULL ? -ENOENT : 0))
			fail_msg("%s on %s: %d", table[i].regexp, table[i].subject, err);
		if (table[i].out != NULL && strcmp(text_get(&text), table[i].out) != 0)
			fail_msg("%s on %s: %s", table[i].regexp, table[i].subject,
				 text_get(&text));
		text_done(&text);
	}
}

static void the_examples_of_the_rfcs_come_out(void **state)
{
	static const struct example table[] = {
		/* RFC 6116 4 */
		{ "!^(\\+441632960083)$!sip:\\1@example.com!", "+441632960083",
		  "sip:+441632960083@example.com" },
		{ "!^\\+441632960083$!h323:operator@example.com!", "+441632960083",
		  "h323:operator@example.com" },
		{ "!^.*$!mailto:info@example.com!", "+441632960083", "mailto:info@example.com" },
		/* RFC 3403 6.1, 6.2 */
		{ "!^urn:cid:.+@([^\\.]+\\.)(.*)$!\\2!i", "urn:cid:199606121851.1@bar.example.com",
		  "example.com" },
		{ "!^.*$!sip:information@foo.se!i", "+17705551212", "sip:information@foo.se" },
		/* RFC 2915 7.1, 7.2 */
		{ "/urn:cid:.+@([^\\.]+\\.)(.*)$/\\2/i",
		  "URN:CID:199606121851.1@mordred.example.net", "example.net" },
		{ "!^http://([^/:]+)!\\1!i", "http://www.example.com:8080/path",
		  "www.example.com" },
		/* The field's own */
		{ "!^.*$!sip:123@example.net!", "+123", "sip:123@example.net" },
		{ "!^\\+*([^\\*]*)!sip:\\1@sip.example.com!", "123", "sip:123@sip.example.com" },
		{ "!^\\+1(.*)$!sip:\\1@example.net!", "+12025550123",
		  "sip:2025550123@example.net" },
		{ "!^\\+4930(.*)$!sip:\\1@example.com!", "+441632960083", NULL },
	};

	(void)state;
	examples_check(table, COUNT(table));
}

static void a_replacement_is_filled_in(void **state)
{
	static const struct example table[] = {
		/* RFC 3402 3.2: backref = "\" POS-DIGIT, one digit only. */
		{ "!^\\+(44)(.*)$!sip:\\10@x!", "+441632", "sip:440@x" },
		{ "!^(.)(.)(.)$!\\3\\2\\1\\3!", "abc", "cbac" },
		{ "!^((((((((.))))))))(.)$!\\9\\8!", "ab", "ba" },
		{ "!^\\+44(9)?(.*)$!tel:\\1\\2!", "+441632960083", "tel:1632960083" },
		{ "!^(a)|b$!<\\1>!", "b", "<>" },
		{ "!^.*$!a\\!b!", "x", "a!b" },
		{ "!^.*$!a\\\\b!", "x", "a\\b" },
		{ "!^.*$!sip:\\+44!", "x", "sip:+44" },
		{ "!^.*$!a&b\\&!", "x", "a&b&" },
		{ "!^.*$!!", "x", "" },
		{ "~^.*$~sip:a!b@x~", "x", "sip:a!b@x" },
		{ "|^a\\|b$|x|", "a|b", "x" },
		{ ".^a\\.b$.x.", "a.b", "x" },
		{ ".^a\\.b$.x.", "acb", NULL },
		{ "![\\!]!x!", "!", "x" },
		{ "![\\!]!x!", "\\", NULL },
		{ "wa\\wbwxw", "awb", "x" },
		/* What is left unmatched is dropped. */
		{ "!2(3)!<\\1>!", "12345", "<3>" },
	};

	(void)state;
	examples_check(table, COUNT(table));
}

static void patterns_match_as_posix_says(void **state)
{
	static const struct example table[] = {
		/* 9.1: the leftmost, and of those the longest */
		{ "!(a|ab|abc)!\\1!", "xabcd", "abc" },
		{ "!b*|(b)!<\\1>!", "abb", "<>" },
		{ "!(a|ab)(c|bcd)(d*)!\\1,\\2,\\3!", "abcd", "ab,c,d" },
		{ "!(a*)(ab)*(b*)!\\1,\\2,\\3!", "abb", "a,,bb" },
		{ "!(a*)(a*)!\\1,\\2!", "aaa", "aaa," },
		{ "!(.*)([0-9]+)$!\\1,\\2!", "a123", "a12,3" },
		/* the last round of a repetition */
		{ "!^(a|ab)*$!\\1!", "abaab", "ab" },
		{ "!^((a)|(b))*$!\\1,\\2,\\3!", "ab", "b,,b" },
		{ "!^(a*)*$!\\1!", "aaa", "aaa" },
		{ "!^(a*){2}$!\\1!", "aaa", "" },
		{ "!^(a*)+b$!\\1!", "b", "" },
		{ "!^(.{2}){3}$!\\1!", "abcdef", "ef" },
		{ "!^(.{2}){2,3}$!\\1!", "abcd", "cd" },
		{ "!^(.{2}){2,3}$!\\1!", "abcde", NULL },
		{ "!^(.{2}){2,}$!\\1!", "abcdefgh", "gh" },
		{ "!^a{0}b{0,0}c$!x!", "c", "x" },
		{ "!^[0-9]{4}$!x!", "1234", "x" },
		{ "!^[0-9]{4}$!x!", "12345", NULL },
		{ "!^a{0,9}$!x!", "aaa", "x" },
		{ "!^a{1,9}b$!x!", "aab", "x" },
		{ "!^a{1,9}b$!x!", "b", NULL },
		{ "!^[0-9]{3,5}$!x!", "12", NULL },
		{ "!^[0-9]{3,5}$!x!", "12345", "x" },
		{ "!^[0-9]{3,5}$!x!", "123456", NULL },
		/* anchors */
		{ "!^!x!", "", "x" },
		{ "!^$!x!", "", "x" },
		{ "!^$!x!", "a", NULL },
		{ "!a^b!x!", "ab", NULL },
		{ "!(^a|b)c!x!", "bc", "x" },
		{ "!(^a|b)c!x!", "bac", NULL },
		{ "!()!<\\1>!", "a", "<>" },
		/* 9.3.5: bracket expressions */
		{ "!^[]a]+$!x!", "]a]", "x" },
		{ "!^[^]a]+$!x!", "bcd", "x" },
		{ "!^[^]a]+$!x!", "b]", NULL },
		{ "!^[a-]+$!x!", "a-", "x" },
		{ "!^[-a]+$!x!", "-a", "x" },
		{ "!^[+--]+$!x!", "+,-", "x" },
		{ "!^[\\]+$!x!", "\\", "x" },
		{ "!^[\\.]+$!x!", "\\.", "x" },
		{ "!^[[]+$!x!", "[", "x" },
		{ "!^[[:digit:]a-c_]+$!x!", "9b_", "x" },
		{ "!^[[:alpha:]]+$!x!", "azAZ", "x" },
		{ "!^[[:alnum:]]+$!x!", "a-", NULL },
		{ "!^[[:punct:]]+$!x!", "!/:@[`{~", "x" },
		{ "!^[[:space:][:blank:]]+$!x!", " \t\n", "x" },
		{ "!^[[:xdigit:]]+$!x!", "0fF", "x" },
		{ "!^[[:cntrl:]]+$!x!", "\1\177", "x" },
		{ "!^[[.-.][=a=]]+$!x!", "-a", "x" },
		{ "!^[[.a.]-c]+$!x!", "abc", "x" },
		/* flag i */
		{ "!^[a-c]x$!x!i", "BX", "x" },
		{ "!^[A-C]X$!x!i", "bx", "x" },
		{ "!^[^a]$!x!", "A", "x" },
		{ "!^abc$!x!", "ABC", NULL },
		/* escapes */
		{ "!^\\^\\.\\[\\$\\(\\)\\|\\*\\+\\?\\{\\}\\\\$!x!", "^.[$()|*+?{}\\", "x" },
		{ "!^a}b]c$!x!", "a}b]c", "x" },
		{ "!^\\<a\\>$!x!", "<a>", "x" },
		/* octets */
		{ "!^\xc3\xa9$!x!", "\xc3\xa9", "x" },
		{ "!^..$!x!", "\xc3\xa9", "x" },
	};

	(void)state;
	examples_check(table, COUNT(table));
}

static void the_locale_has_no_influence(void **state)
{
	static const struct example table[] = {
		{ "!^..$!x!", "\xc3\xa9", "x" },
		{ "!^[[:alpha:]]+$!x!", "\xc3\xa9", NULL },
		{ "!^I$!x!i", "i", "x" },
	};

	(void)state;
	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		skip();
	examples_check(table, COUNT(table));
	setlocale(LC_ALL, "C");
}

static void a_subject_has_255_octets_at_most(void **state)
{
	struct slice regexp = slice_text("!^(a*)$!\\1!");
	char subject[256];
	struct text text = { 0 };

	(void)state;
	memset(subject, 'a', sizeof(subject));
	for (size_t size = 0; size <= 255; size++) {
		text_reset(&text);
		assert_int_equal(expression_apply(regexp, slice_make(subject, size), &text), 0);
		assert_int_equal(text.size, size);
	}
	assert_int_equal(expression_apply(regexp, slice_make(subject, 256), &text), -EMSGSIZE);
	assert_int_equal(expression_apply(regexp, slice_make(NULL, 0), &text), 0);
	assert_int_equal(text.size, 255);
	text_done(&text);
}

static void a_result_is_added_to_what_is_there_or_not_at_all(void **state)
{
	struct text text = { 0 };

	(void)state;
	text_puts(&text, "uri=");
	assert_int_equal(expression_apply(slice_text("!^a$!b!"), slice_text("x"), &text), -ENOENT);
	assert_int_equal(expression_apply(slice_text("!^a$!b"), slice_text("a"), &text), -EINVAL);
	assert_string_equal(text_get(&text), "uri=");
	assert_int_equal(expression_apply(slice_text("!^a$!b!"), slice_text("a"), &text), 0);
	assert_string_equal(text_get(&text), "uri=b");
	text_done(&text);
}

/*
 * Patterns that keep backtracking matchers and regcomp() busy for minutes or in need of gigabytes.
 * Here they are done before anyone notices, or this program runs into the time limit of a test.
 */
static void no_pattern_is_expensive(void **state)
{
	static const char *const pieces[] = {
		".*",
		".?",
		"(.*)*",
		"((.*)*)*",
		"(.+.?|.*.)*",
		".{9,99}",
		"(.*){2,9}",
		"(.?){255}",
		"(.{0,127}|1)?",
		".*1.{0,127}",
		"(.(1?|((.?)?)*){0,21}1?|.)?",
	};
	char subject[PATTERN_SUBJECT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(subject); i++)
		subject[i] = "12"[i * i % 7 % 2];
	for (size_t i = 0; i < COUNT(pieces); i++) {
		char regexp[EXPRESSION_MAX + 1] = "!";
		struct text text = { 0 };
		size_t size = strlen(pieces[i]);

		while (strlen(regexp) + size + 4 < sizeof(regexp))
			strcat(regexp, pieces[i]);
		strcat(regexp, "x!y!");
		assert_int_equal(expression_apply(slice_text(regexp),
						  slice_make(subject, sizeof(subject)), &text),
				 -ENOENT);
		text_done(&text);
	}
}

static void the_deepest_nesting_is_read_and_matched(void **state)
{
	char regexp[EXPRESSION_MAX + 1] = "!";
	struct text text = { 0 };

	(void)state;
	memset(regexp + 1, '(', 83);
	strcat(regexp, ".");
	for (size_t i = 0; i < 83; i++)
		strcat(regexp, ")+");
	strcat(regexp, "!\\9!");
	assert_int_equal(strlen(regexp), 255);
	assert_int_equal(expression_apply(slice_text(regexp), slice_text("123"), &text), 0);
	assert_string_equal(text_get(&text), "123");
	text_done(&text);

	memset(regexp + 1, '(', 253);
	regexp[254] = '!';
	const char *why = "";
	assert_int_equal(expression_check(slice_text(regexp), &why), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_expression_is_taken_apart_at_its_delimiters),
		cmocka_unit_test(an_expression_without_its_parts_is_refused),
		cmocka_unit_test(a_pattern_that_is_not_posix_is_refused),
		cmocka_unit_test(a_nul_anywhere_is_refused),
		cmocka_unit_test(an_expression_has_255_octets_at_most),
		cmocka_unit_test(the_examples_of_the_rfcs_come_out),
		cmocka_unit_test(a_replacement_is_filled_in),
		cmocka_unit_test(patterns_match_as_posix_says),
		cmocka_unit_test(the_locale_has_no_influence),
		cmocka_unit_test(a_subject_has_255_octets_at_most),
		cmocka_unit_test(a_result_is_added_to_what_is_there_or_not_at_all),
		cmocka_unit_test(no_pattern_is_expensive),
		cmocka_unit_test(the_deepest_nesting_is_read_and_matched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
