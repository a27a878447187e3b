/* SPDX-License-Identifier: MIT */
/* resolve/avoid.h and endpoints: what is remembered, how long, and how it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "resolve/avoid.h"
#include "resolve/endpoint.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct onnet_endpoint endpoint_of(const char *text)
{
	struct onnet_endpoint e;

	if (onnet_endpoint_parse(&e, text) != 0)
		fail_msg("%s", text);
	return e;
}

static int begin(void **state)
{
	struct avoid *avoid;

	if (avoid_new(&avoid) < 0)
		return -1;
	*state = avoid;
	return 0;
}

static int end(void **state)
{
	avoid_free(*state);
	return 0;
}

static void a_mark_is_of_address_port_and_transport(void **state)
{
	static const struct {
		const char *endpoint;
		enum onnet_mark mark;
	} table[] = {
		{ "192.0.2.1:5060/udp", ONNET_MARK_GREY },
		{ "192.0.2.1:5060/UDP", ONNET_MARK_GREY },
		{ "192.0.2.1:5060/tcp", ONNET_MARK_NONE },
		{ "192.0.2.1:5061/udp", ONNET_MARK_NONE },
		{ "192.0.2.2:5060/udp", ONNET_MARK_NONE },
		{ "[2001:db8::1]:5061/tls", ONNET_MARK_BLACK },
		{ "2001:db8::1:5061/tls", ONNET_MARK_BLACK },
		{ "[2001:db8::2]:5061/tls", ONNET_MARK_NONE },
		{ "[::ffff:192.0.2.1]:5060/udp", ONNET_MARK_NONE },
	};
	struct onnet_endpoint grey = endpoint_of("192.0.2.1:5060/udp");
	struct onnet_endpoint black = endpoint_of("[2001:db8::1]:5061/tls");

	assert_int_equal(avoid_mark(*state, &grey, ONNET_MARK_GREY, 0, 1000), 0);
	assert_int_equal(avoid_mark(*state, &black, ONNET_MARK_BLACK, 0, 1000), 0);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct onnet_endpoint e = endpoint_of(table[i].endpoint);

		if (avoid_find(*state, &e, 1) != table[i].mark)
			fail_msg("%s", table[i].endpoint);
	}
}

static void a_mark_ends_by_itself(void **state)
{
	struct onnet_endpoint e = endpoint_of("192.0.2.1:5060/udp");
	struct onnet_endpoint f = endpoint_of("192.0.2.2:5060/udp");
	struct onnet_marked list[2];

	assert_int_equal(avoid_mark(*state, &e, ONNET_MARK_GREY, 5000, 2000), 0);
	assert_int_equal(avoid_mark(*state, &f, ONNET_MARK_BLACK, 5000, 0), 0);
	assert_int_equal(avoid_find(*state, &e, 6999), ONNET_MARK_GREY);
	assert_int_equal(avoid_list(*state, 5001, list, 2), 2);
	assert_int_equal(list[0].left_s, 2);
	assert_int_equal(list[1].left_s, UINT_MAX);
	assert_int_equal(avoid_find(*state, &e, 7000), ONNET_MARK_NONE);
	assert_int_equal(avoid_find(*state, &f, INT64_MAX - 1), ONNET_MARK_BLACK);
	assert_int_equal(avoid_list(*state, 7000, list, 0), 1);
	avoid_clear(*state);
	assert_int_equal(avoid_list(*state, 0, list, 2), 0);
}

static void the_last_mark_counts(void **state)
{
	struct onnet_endpoint e = endpoint_of("192.0.2.1:5060/udp");

	assert_int_equal(avoid_mark(*state, &e, ONNET_MARK_GREY, 0, 1000), 0);
	assert_int_equal(avoid_mark(*state, &e, ONNET_MARK_BLACK, 500, 1000), 0);
	assert_int_equal(avoid_find(*state, &e, 1200), ONNET_MARK_BLACK);
	assert_int_equal(avoid_list(*state, 600, NULL, 0), 1);
	assert_int_equal(avoid_mark(*state, &e, ONNET_MARK_NONE, 600, 0), 0);
	assert_int_equal(avoid_find(*state, &e, 601), ONNET_MARK_NONE);
	assert_int_equal(avoid_mark(*state, &e, ONNET_MARK_NONE, 600, 0), 0);
}

static void a_full_memory_forgets_what_would_end_soonest(void **state)
{
	struct onnet_endpoint e;
	char text[40];

	for (unsigned i = 0; i <= AVOID_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u:5060/udp", i / 256, i % 256);
		e = endpoint_of(text);
		assert_int_equal(avoid_mark(*state, &e, ONNET_MARK_GREY, 0, i == 700 ? 50 : 1000),
				 0);
	}
	assert_int_equal(avoid_list(*state, 1, NULL, 0), AVOID_MAX);
	e = endpoint_of("10.0.2.188:5060/udp"); /* number 700 */
	assert_int_equal(avoid_find(*state, &e, 1), ONNET_MARK_NONE);
	e = endpoint_of("10.0.4.0:5060/udp");
	assert_int_equal(avoid_find(*state, &e, 1), ONNET_MARK_GREY);
}

static void what_is_no_endpoint_is_refused(void **state)
{
	static const char *const table[] = {
		"",
		"192.0.2.1",
		"192.0.2.1:5060",
		"192.0.2.1/udp",
		"192.0.2.1:0/udp",
		"192.0.2.1:65536/udp",
		"192.0.2.1:5060/",
		"192.0.2.1:5060/quic",
		"host.example:5060/udp",
		"192.0.2.300:5060/udp",
		"[2001:db8::1:5060/udp",
		"[2001:db8::1]/udp",
		"[2001:db8::g]:5060/udp",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:5060/udp",
	};
	struct onnet_endpoint e = { .transport = ONNET_WS };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		if (onnet_endpoint_parse(&e, table[i]) != -EINVAL || e.transport != ONNET_WS)
			fail_msg("%s", table[i]);
}

static void transports_have_names(void **state)
{
	(void)state;
	for (enum onnet_transport t = ONNET_UDP; t <= ONNET_WSS; t++) {
		enum onnet_transport back = ONNET_TRANSPORT_NONE;

		assert_int_equal(onnet_transport_parse(&back, onnet_transport_name(t)), 0);
		assert_int_equal(back, t);
	}
	assert_string_equal(onnet_transport_name(ONNET_TRANSPORT_NONE), "");
	assert_string_equal(onnet_transport_name((enum onnet_transport)99), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_mark_is_of_address_port_and_transport, begin,
						end),
		cmocka_unit_test_setup_teardown(a_mark_ends_by_itself, begin, end),
		cmocka_unit_test_setup_teardown(the_last_mark_counts, begin, end),
		cmocka_unit_test_setup_teardown(a_full_memory_forgets_what_would_end_soonest, begin,
						end),
		cmocka_unit_test(what_is_no_endpoint_is_refused),
		cmocka_unit_test(transports_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
