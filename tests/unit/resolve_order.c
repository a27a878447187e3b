/* SPDX-License-Identifier: MIT */
/* resolve/order.h: the examples of RFC 6724 10.2, and what is left without source addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "resolve/endpoint.h"
#include "resolve/order.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static union onnet_address address_of(const char *text)
{
	uint8_t octets[16];

	if (inet_pton(AF_INET, text, octets) == 1)
		return address_v4(octets, 5060);
	assert_int_equal(inet_pton(AF_INET6, text, octets), 1);
	return address_v6(octets, 5060);
}

/* Pairs of a destination and the source towards it; NULL for none. */
struct way {
	const char *destination;
	const char *source;
};

static int source_of(void *arg, const union onnet_address *destination, union onnet_address *ret)
{
	char text[ADDRESS_TEXT_ROOM];

	address_format(text, destination);
	for (const struct way *w = arg; w->destination != NULL; w++) {
		if (strcmp(w->destination, text) != 0)
			continue;
		if (w->source == NULL)
			return -ENETUNREACH;
		*ret = address_of(w->source);
		return 0;
	}
	return -ENETUNREACH;
}

/* The first of two destinations, given in either order. */
static void check_first(const char *name, const struct way *ways, bool with_source)
{
	for (unsigned turn = 0; turn < 2; turn++) {
		union onnet_address a[2] = { address_of(ways[turn].destination),
					     address_of(ways[1 - turn].destination) };
		char text[ADDRESS_TEXT_ROOM];

		addresses_order(a, 2, with_source ? source_of : NULL, (void *)ways);
		address_format(text, &a[0]);
		if (strcmp(text, ways[0].destination) != 0)
			fail_msg("%s: %s is first", name, text);
		assert_int_equal(address_port(&a[0]), 5060);
	}
}

static void the_examples_of_the_rfc(void **state)
{
	static const struct {
		const char *name;
		struct way ways[3]; /* the first one is right */
	} table[] = {
		{ "prefer matching scope, IPv6",
		  { { "2001:db8:1::1", "2001:db8:1::2" }, { "198.51.100.121", "169.254.13.78" } } },
		{ "prefer matching scope, IPv4",
		  { { "198.51.100.121", "198.51.100.117" }, { "2001:db8:1::1", "fe80::1" } } },
		{ "prefer higher precedence",
		  { { "2001:db8:1::1", "2001:db8:1::2" }, { "10.1.2.3", "10.1.2.4" } } },
		{ "prefer smaller scope",
		  { { "fe80::1", "fe80::2" }, { "2001:db8:1::1", "2001:db8:1::2" } } },
		{ "prefer longest matching prefix",
		  { { "2001:db8:1::1", "2001:db8:1::2" },
		    { "2001:db8:3ffe::1", "2001:db8:3f44::2" } } },
		{ "prefer matching label",
		  { { "2002:c633:6401::1", "2002:c633:6401::2" },
		    { "2001:db8:1::1", "fe80::2" } } },
		{ "prefer higher precedence than 6to4",
		  { { "2001:db8:1::1", "2001:db8:1::2" },
		    { "2002:c633:6401::1", "2002:c633:6401::2" } } },
		{ "avoid what there is no way to",
		  { { "10.1.2.3", "10.1.2.4" }, { "2001:db8:1::1", NULL } } },
		{ "loopback before all",
		  { { "::1", "::1" }, { "2001:db8:1::1", "2001:db8:1::2" } } },
		{ "unique local after IPv4",
		  { { "198.51.100.1", "198.51.100.2" }, { "fd00::1", "fd00::2" } } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		check_first(table[i].name, table[i].ways, true);
}

static void without_sources_precedence_and_scope_are_left(void **state)
{
	static const struct {
		const char *name;
		struct way ways[2];
	} table[] = {
		{ "IPv6 before IPv4", { { "2001:db8::1", NULL }, { "198.51.100.1", NULL } } },
		{ "IPv4 before 6to4", { { "198.51.100.1", NULL }, { "2002:c633:6401::1", NULL } } },
		{ "IPv4 before Teredo", { { "198.51.100.1", NULL }, { "2001:0:1::1", NULL } } },
		{ "IPv4 before unique local", { { "198.51.100.1", NULL }, { "fd00::1", NULL } } },
		{ "the smaller scope", { { "fe80::1", NULL }, { "2001:db8::1", NULL } } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		check_first(table[i].name, table[i].ways, false);
}

static void what_is_equal_stays_as_it_came(void **state)
{
	static const struct way ways[] = {
		{ "192.0.2.1", "192.0.2.99" },
		{ "192.0.2.98", "192.0.2.99" },
		{ "198.51.100.1", "192.0.2.99" },
		{ NULL, NULL },
	};
	union onnet_address a[3];
	char text[ADDRESS_TEXT_ROOM];

	(void)state;
	/* Prefixes of IPv4 addresses are not compared: that would undo the server's rotation. */
	for (size_t i = 0; i < 3; i++)
		a[i] = address_of(ways[i].destination);
	addresses_order(a, 3, source_of, (void *)ways);
	for (size_t i = 0; i < 3; i++) {
		address_format(text, &a[i]);
		assert_string_equal(text, ways[i].destination);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_rfc),
		cmocka_unit_test(without_sources_precedence_and_scope_are_left),
		cmocka_unit_test(what_is_equal_stays_as_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
