/* SPDX-License-Identifier: MIT */
/* tel/naptr.h: RDATA, and what of it is fit to be published. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tel/naptr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RDATA(text) slice_make((text), sizeof(text) - 1)

static const char host[] = "\4_sip\4_udp\7example\3net";

static struct naptr naptr_of(const char *flags, const char *services, const char *regexp,
			     struct slice replacement)
{
	return (struct naptr){
		.order = 100,
		.preference = 10,
		.flags = slice_text(flags),
		.services = slice_text(services),
		.regexp = slice_text(regexp),
		.replacement = replacement,
	};
}

/* With the NUL at its end as the root. */
static const char example[] = "\0\144\0\12\1u\7E2U+sip\34!^.*$!sip:alice@example.net!";

static void rdata_is_read_field_by_field(void **state)
{
	struct naptr n;

	(void)state;
	assert_int_equal(naptr_read(slice_make(example, sizeof(example)), &n), 0);
	assert_int_equal(n.order, 100);
	assert_int_equal(n.preference, 10);
	assert_true(slice_equal(n.flags, slice_text("u")));
	assert_true(slice_equal(n.services, slice_text("E2U+sip")));
	assert_true(slice_equal(n.regexp, slice_text("!^.*$!sip:alice@example.net!")));
	assert_true(slice_equal(n.replacement, slice_make("", 1)));
}

static void rdata_cut_short_anywhere_is_refused(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(example); size++) {
		/* Its own memory, so that a sanitizer sees a read beyond the end. */
		char *rdata = malloc(size + 1);
		struct naptr n = { .order = 7 };

		assert_non_null(rdata);
		memcpy(rdata, example, size);
		assert_int_equal(naptr_read(slice_make(rdata, size), &n), -EBADMSG);
		assert_int_equal(n.order, 7);
		free(rdata);
	}
}

static void rdata_with_a_replacement_that_is_no_name_is_refused(void **state)
{
	const struct {
		const char *name;
		struct slice rdata;
		int err;
	} table[] = {
		{ "a name", RDATA("\0\1\0\2\0\0\0\1a\0"), 0 },
		{ "octets behind it", RDATA("\0\1\0\2\0\0\0\1a\0\0"), -EBADMSG },
		{ "no root", RDATA("\0\1\0\2\0\0\0\1a"), -EBADMSG },
		{ "compression (RFC 3403 4.1: none)", RDATA("\0\1\0\2\0\0\0\300\0"), -EBADMSG },
		{ "a label of 64", RDATA("\0\1\0\2\0\0\0\100"), -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct naptr n;
		int err = naptr_read(table[i].rdata, &n);

		if (err != table[i].err)
			fail_msg("%s: %d", table[i].name, err);
	}
}

static void a_label_has_63_octets_at_most(void **state)
{
	uint8_t rdata[7 + 66] = { [7] = 63 };
	struct naptr n;

	(void)state;
	assert_int_equal(naptr_read(slice_make(rdata, 7 + 65), &n), 0);
	rdata[7] = 64;
	assert_int_equal(naptr_read(slice_make(rdata, 7 + 66), &n), -EBADMSG);
}

static void a_name_has_255_octets_at_most(void **state)
{
	uint8_t rdata[7 + 257] = { 0 };
	struct naptr n;

	(void)state;
	/* Labels of one octet: 127 of them and the root are 255, one octet more is too much. */
	for (size_t i = 0; i < 127; i++) {
		rdata[7 + 2 * i] = 1;
		rdata[8 + 2 * i] = 'a';
	}
	assert_int_equal(naptr_read(slice_make(rdata, 7 + 255), &n), 0);
	rdata[7] = 2;
	memmove(rdata + 9, rdata + 8, 254);
	assert_int_equal(naptr_read(slice_make(rdata, 7 + 256), &n), -EBADMSG);
}

static void what_is_written_reads_back(void **state)
{
	uint8_t buffer[600];
	char longest[256];
	struct naptr n = naptr_of("s", "SIP+D2U", "", RDATA(host));
	struct writer w = write_begin(buffer, sizeof(buffer));
	struct naptr back;

	(void)state;
	n.replacement = slice_make(host, sizeof(host));
	assert_int_equal(naptr_write(&w, &n), 0);
	assert_int_equal(naptr_read(slice_make(buffer, write_size(&w)), &back), 0);
	assert_int_equal(back.order, 100);
	assert_int_equal(back.preference, 10);
	assert_true(slice_equal(back.flags, n.flags));
	assert_true(slice_equal(back.services, n.services));
	assert_int_equal(back.regexp.size, 0);
	assert_true(slice_equal(back.replacement, n.replacement));

	memset(longest, 'x', sizeof(longest));
	n.regexp = slice_make(longest, 255);
	n.replacement = slice_make(NULL, 0);
	w = write_begin(buffer, sizeof(buffer));
	assert_int_equal(naptr_write(&w, &n), 0);
	assert_int_equal(naptr_read(slice_make(buffer, write_size(&w)), &back), 0);
	assert_true(slice_equal(back.regexp, n.regexp));
	assert_true(slice_equal(back.replacement, slice_make("", 1)));
}

static void what_does_not_fit_is_not_written_at_all(void **state)
{
	uint8_t buffer[sizeof(example)];
	char long_text[257] = { 0 };
	struct naptr n =
		naptr_of("u", "E2U+sip", "!^.*$!sip:alice@example.net!", slice_make("", 1));

	(void)state;
	for (size_t size = 0; size < sizeof(buffer); size++) {
		struct writer w = write_begin(buffer, size);

		assert_int_equal(naptr_write(&w, &n), -EMSGSIZE);
		assert_int_equal(write_size(&w), 0);
	}
	struct writer w = write_begin(buffer, sizeof(buffer));
	assert_int_equal(naptr_write(&w, &n), 0);
	assert_memory_equal(buffer, example, sizeof(example));

	memset(long_text, 'x', 256);
	n.services = slice_text(long_text);
	w = write_begin(buffer, sizeof(buffer));
	assert_int_equal(naptr_write(&w, &n), -EMSGSIZE);
	assert_int_equal(write_size(&w), 0);
}

static void what_the_field_publishes_passes(void **state)
{
	static const struct {
		const char *flags;
		const char *services;
		const char *regexp;
		bool replaced;
	} table[] = {
		{ "u", "E2U+sip", "!^.*$!sip:123@example.net!", false },
		{ "U", "sip+E2U", "!^.*$!sip:information@foo.example!i", false },
		{ "u", "E2U+voice:tel+sms:tel", "!^.*$!tel:+441632960083!", false },
		{ "u", "E2U+pstn:tel", "!^(.*)$!tel:\\1;npdi;rn=+441632970000!", false },
		{ "s", "SIP+D2T", "", true },
		{ "S", "SIPS+D2T", "", true },
		{ "se", "SIP+D2T", "", true },
		{ "SE", "SIP+D2U", "", true },
		{ "a", "x-eduroam:radius.tls", "", true },
		{ "p", "", "", true },
		{ "", "", "", true },
		/* RFC 3403 6.1 */
		{ "", "", "!^urn:cid:.+@([^\\.]+\\.)(.*)$!\\2!i", false },
		/* Meaningless, harmless, and in many a zone that tests something. */
		{ "", "", "", false },
		{ "u", "E2U+sip", "", false },
		{ "u", "\xc3\xa9t\xc3\xa9", "!^.*$!sip:x!", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct slice name = table[i].replaced ? slice_make(host, sizeof(host)) :
							slice_make("", 1);
		struct naptr n = naptr_of(table[i].flags, table[i].services, table[i].regexp, name);
		const char *why = "";

		if (naptr_check(&n, &why) != 0)
			fail_msg("\"%s\" \"%s\" \"%s\": %s", table[i].flags, table[i].services,
				 table[i].regexp, why);
	}
}

static void what_certainly_fails_is_refused_with_advice(void **state)
{
	static const struct {
		const char *flags;
		const char *services;
		const char *regexp;
		bool replaced;
		const char *why;
	} table[] = {
		{ "x", "E2U+sip", "!^.*$!sip:x!", false, "flags" },
		{ "uu", "E2U+sip", "!^.*$!sip:x!", false, "flags" },
		{ "us", "E2U+sip", "!^.*$!sip:x!", false, "flags" },
		{ "es", "SIP+D2T", "", true, "flags" },
		{ "1", "SIP+D2T", "", true, "flags" },
		{ " ", "SIP+D2T", "", true, "flags" },
		{ "u", "E2U+sip\n", "!^.*$!sip:x!", false, "control" },
		{ "u", "E2U\177sip", "!^.*$!sip:x!", false, "control" },
		{ "u", "E2U+sip", "!^.*$!sip:x!", true, "both" },
		{ "u", "E2U+sip", "sip:x", false, "three times" },
		{ "u", "E2U+sip", "!^(.*$!sip:x!", false, "(" },
		{ "u", "E2U+sip", "!^.*$!sip:\\1!", false, "\\1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct slice name = table[i].replaced ? slice_make(host, sizeof(host)) :
							slice_make("", 1);
		struct naptr n = naptr_of(table[i].flags, table[i].services, table[i].regexp, name);
		const char *why = "";

		if (naptr_check(&n, &why) != -EINVAL || strstr(why, table[i].why) == NULL)
			fail_msg("\"%s\" \"%s\" \"%s\": %s", table[i].flags, table[i].services,
				 table[i].regexp, why);
	}
}

static void a_nul_in_a_text_is_refused(void **state)
{
	static const char flags[] = "u\0";
	static const char services[] = "E2U\0sip";
	const char *why;
	struct naptr n = naptr_of("u", "E2U+sip", "!^.*$!sip:x!", slice_make("", 1));

	(void)state;
	n.flags = RDATA(flags);
	assert_int_equal(naptr_check(&n, &why), -EINVAL);
	n.flags = slice_text("u");
	n.services = RDATA(services);
	assert_int_equal(naptr_check(&n, &why), -EINVAL);
	n.services = slice_text("E2U+sip");
	assert_int_equal(naptr_check(&n, &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rdata_is_read_field_by_field),
		cmocka_unit_test(rdata_cut_short_anywhere_is_refused),
		cmocka_unit_test(rdata_with_a_replacement_that_is_no_name_is_refused),
		cmocka_unit_test(a_label_has_63_octets_at_most),
		cmocka_unit_test(a_name_has_255_octets_at_most),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(what_does_not_fit_is_not_written_at_all),
		cmocka_unit_test(what_the_field_publishes_passes),
		cmocka_unit_test(what_certainly_fails_is_refused_with_advice),
		cmocka_unit_test(a_nul_in_a_text_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
