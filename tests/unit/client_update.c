/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UPDATE messages, octet for octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "client/update.h"

static const knot_dname_t zone[] = "\7Example\3net";

#define NAME(text) ((const knot_dname_t *)(text))
#define OCTETS(text) slice_make(text, sizeof(text) - 1)

static void assert_message(struct client_update *u, struct slice expected)
{
	struct slice is = client_update_message(u);

	assert_int_equal(is.size, expected.size);
	assert_memory_equal(is.data, expected.data, expected.size);
	assert_int_equal(client_update_size(u), expected.size);
}

/* The head of a message with so many prerequisites and changes, and its zone section. */
#define HEAD(require, change) "\0\0\x28\0\0\1\0" require "\0" change "\0\0\7Example\3net\0\0\6\0\1"

static void an_empty_update_names_its_zone(void **state)
{
	struct client_update *u;

	(void)state;
	assert_int_equal(client_update_new(&u, zone, 0), 0);
	assert_message(u, OCTETS(HEAD("\0", "\0")));
	assert_int_equal(client_update_count(u), 0);
	client_update_free(u);
}

static void changes_have_the_forms_of_rfc_2136(void **state)
{
	struct client_update *u;
	struct record a = { NAME("\3www\7example\3NET"), KNOT_RRTYPE_A, KNOT_CLASS_IN, 60,
			    OCTETS("\xc0\0\2\1") };

	(void)state;
	assert_int_equal(client_update_new(&u, zone, 0), 0);
	assert_int_equal(client_update_add(u, &a), 0);
	assert_int_equal(client_update_delete(u, a.owner, a.type, a.rdata), 0);
	assert_int_equal(client_update_delete(u, a.owner, a.type, (struct slice){ 0 }), 0);
	assert_int_equal(client_update_delete(u, zone, KNOT_RRTYPE_ANY, (struct slice){ 0 }), 0);
	assert_int_equal(client_update_count(u), 4);
	assert_message(u, OCTETS(HEAD("\0", "\4") "\3www\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
						  "\3www\xc0\x0c\0\1\0\xfe\0\0\0\0\0\4\xc0\0\2\1"
						  "\3www\xc0\x0c\0\1\0\xff\0\0\0\0\0\0"
						  "\xc0\x0c\0\xff\0\xff\0\0\0\0\0\0"));
	client_update_free(u);
}

static void prerequisites_come_first_and_have_no_ttl(void **state)
{
	struct client_update *u;
	struct record a = { NAME("\3www\7example\3net"), KNOT_RRTYPE_A, KNOT_CLASS_IN, 60,
			    OCTETS("\xc0\0\2\1") };
	struct record absent = { a.owner, KNOT_RRTYPE_ANY, KNOT_CLASS_NONE, 5, { 0 } };

	(void)state;
	assert_int_equal(client_update_new(&u, zone, 0), 0);
	assert_int_equal(client_update_add(u, &a), 0);
	assert_int_equal(client_update_require(u, &absent), 0);
	assert_int_equal(client_update_require(u, &a), 0);
	assert_message(u, OCTETS(HEAD("\2", "\1") "\3www\xc0\x0c\0\xff\0\xfe\0\0\0\0\0\0"
						  "\3www\xc0\x0c\0\1\0\1\0\0\0\0\0\4\xc0\0\2\1"
						  "\3www\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"));
	client_update_reset(u);
	assert_message(u, OCTETS(HEAD("\0", "\0")));
	client_update_free(u);
}

static void a_name_outside_of_the_zone_is_written_whole(void **state)
{
	struct client_update *u;
	struct record a = { NAME("\3www\7example\3org"), KNOT_RRTYPE_A, KNOT_CLASS_IN, 1,
			    OCTETS("\xc0\0\2\1") };

	(void)state;
	assert_int_equal(client_update_new(&u, zone, 0), 0);
	assert_int_equal(client_update_add(u, &a), 0);
	assert_message(
		u, OCTETS(HEAD("\0", "\1") "\3www\7example\3org\0\0\1\0\1\0\0\0\1\0\4\xc0\0\2\1"));
	client_update_free(u);
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
	struct client_update *u;
	struct record a = { NAME("\3www\7example\3net"), KNOT_RRTYPE_A, KNOT_CLASS_IN, 1,
			    OCTETS("\xc0\0\2\1") };

	(void)state;
	assert_int_equal(client_update_new(&u, zone, 29 + 2 * 20 + 19), 0);
	assert_int_equal(client_update_add(u, &a), 0);
	assert_int_equal(client_update_add(u, &a), 0);
	assert_int_equal(client_update_size(u), 29 + 2 * 20);
	assert_int_equal(client_update_add(u, &a), -ENOSPC);
	assert_int_equal(client_update_require(u, &a), -ENOSPC);
	assert_int_equal(client_update_count(u), 2);
	assert_int_equal(client_update_size(u), 29 + 2 * 20);
	client_update_free(u);
}

static void the_largest_update_leaves_room_for_its_signature(void **state)
{
	struct client_update *u;
	struct record a = { NAME("\3www\7example\3net"), KNOT_RRTYPE_A, KNOT_CLASS_IN, 1,
			    OCTETS("\xc0\0\2\1") };
	knot_tsig_key_t key;

	(void)state;
	assert_int_equal(client_update_new(&u, zone, 0), 0);
	while (client_update_add(u, &a) == 0)
		;
	assert_int_equal(
		knot_tsig_key_init(&key, "hmac-sha512",
				   "a.very.long.name.of.a.key.that.somebody.uses.example.net",
				   "c2VjcmV0"),
		KNOT_EOK);
	assert_true(client_update_size(u) + 11 + knot_tsig_wire_size(&key) <= UINT16_MAX);
	assert_true(client_update_size(u) > 64000);
	knot_tsig_key_deinit(&key);
	client_update_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_update_names_its_zone),
		cmocka_unit_test(changes_have_the_forms_of_rfc_2136),
		cmocka_unit_test(prerequisites_come_first_and_have_no_ttl),
		cmocka_unit_test(a_name_outside_of_the_zone_is_written_whole),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(the_largest_update_leaves_room_for_its_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
