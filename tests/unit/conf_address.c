/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses and prefixes of conf/conf.h, and where a program finds its file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"

static void addresses_are_read_with_and_without_a_port(void **state)
{
	static const struct {
		const char *in;
		const char *out; /* "ADDRESS PORT"; NULL: refused */
	} table[] = {
		{ "192.0.2.1", "192.0.2.1 53" },
		{ "192.0.2.1@5300", "192.0.2.1 5300" },
		{ "0.0.0.0@65535", "0.0.0.0 65535" },
		{ "::", ":: 53" },
		{ "::1@1", "::1 1" },
		{ "2001:DB8:0::1", "2001:db8::1 53" },
		{ "", NULL },
		{ "@53", NULL },
		{ "192.0.2.1@", NULL },
		{ "192.0.2.1@0", NULL },
		{ "192.0.2.1@65536", NULL },
		{ "192.0.2.1@ 53", NULL },
		{ "192.0.2.1@+53", NULL },
		{ "192.0.2.1@053", NULL },
		{ "192.0.2.1@53@53", NULL },
		{ "192.0.2.1:53", NULL },
		{ "192.0.2", NULL },
		{ "192.0.2.256", NULL },
		{ "192.0.2.01", NULL },
		{ "192.0.2.1/32", NULL },
		{ "[::1]", NULL },
		{ "[::1]:53", NULL },
		{ "[::1]@53", NULL },
		{ "::1%lo", NULL },
		{ "::ffff:192.0.2.1", NULL },
		{ "localhost", NULL },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct conf_address address = { .size = 77 };
		char host[64], port[16], both[96];
		int err = conf_address_parse(&address, table[i].in, 53);

		if (err != (table[i].out != NULL ? 0 : -EINVAL))
			fail_msg("'%s': %d", table[i].in, err);
		if (err < 0) {
			assert_int_equal(address.size, 77);
			continue;
		}
		assert_int_equal(getnameinfo((struct sockaddr *)&address.socket, address.size, host,
					     sizeof(host), port, sizeof(port),
					     NI_NUMERICHOST | NI_NUMERICSERV),
				 0);
		snprintf(both, sizeof(both), "%s %s", host, port);
		assert_string_equal(both, table[i].out);
	}
}

static void prefixes_have_no_bits_beyond_their_length(void **state)
{
	static const struct {
		const char *in;
		int length; /* -1: refused */
	} table[] = {
		{ "192.0.2.0/24", 24 },
		{ "192.0.2.1", 32 },
		{ "192.0.2.1/32", 32 },
		{ "0.0.0.0/0", 0 },
		{ "::/0", 0 },
		{ "::1", 128 },
		{ "2001:db8::/29", 29 },
		{ "192.0.2.128/25", 25 },
		{ "2001:db8::/128", 128 },
		{ "192.0.2.1/24", -1 },
		{ "192.0.2.0/33", -1 },
		{ "192.0.2.0/", -1 },
		{ "192.0.2.0/08", -1 },
		{ "192.0.2.0/-1", -1 },
		{ "192.0.2.0/24/24", -1 },
		{ "2001:db8::/28", -1 },
		{ "::1/127", -1 },
		{ "::/129", -1 },
		{ "::1@53", -1 },
		{ "192.0.2", -1 },
		{ "", -1 },
		{ "/0", -1 },
		{ "ops", -1 },
		{ "::ffff:192.0.2.0/120", -1 },
		{ "128.0.0.0/0", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct conf_prefix prefix = { .length = 77 };
		int err = conf_prefix_parse(&prefix, table[i].in);

		if (err != (table[i].length >= 0 ? 0 : -EINVAL))
			fail_msg("'%s': %d", table[i].in, err);
		assert_int_equal(prefix.length, err < 0 ? 77 : table[i].length);
	}
}

static void a_prefix_matches_what_lies_in_it(void **state)
{
	static const struct {
		const char *prefix;
		const char *address;
		bool out;
	} table[] = {
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "127.0.0.1", false },
		{ "2001:db8::/29", "2001:dbf:ffff::1", true },
		{ "2001:db8::/29", "2001:dc0::", false },
		{ "::1", "::1", true },
		{ "::1", "::2", false },
		/* An IPv4 peer on a socket of both families. */
		{ "192.0.2.0/24", "::ffff:192.0.2.9", true },
		{ "192.0.2.0/24", "::ffff:192.0.3.9", false },
		{ "::/0", "::ffff:192.0.2.9", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
		struct sockaddr_in in = { .sin_family = AF_INET };
		struct conf_prefix prefix;
		const struct sockaddr *address = (const struct sockaddr *)&in;

		assert_int_equal(conf_prefix_parse(&prefix, table[i].prefix), 0);
		if (inet_pton(AF_INET, table[i].address, &in.sin_addr) != 1) {
			assert_int_equal(inet_pton(AF_INET6, table[i].address, &in6.sin6_addr), 1);
			address = (const struct sockaddr *)&in6;
		}
		if (conf_prefix_match(&prefix, address) != table[i].out)
			fail_msg("%s and %s", table[i].prefix, table[i].address);
	}
}

static void a_prefix_matches_no_local_socket(void **state)
{
	const struct sockaddr local = { .sa_family = AF_UNIX };
	struct conf_prefix prefix;

	(void)state;
	assert_int_equal(conf_prefix_parse(&prefix, "0.0.0.0/0"), 0);
	assert_false(conf_prefix_match(&prefix, &local));
}

static void file_touch(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fclose(file);
}

static void the_nearest_file_is_found(void **state)
{
	char place[] = "/tmp/conf-search.XXXXXX";
	char before[4096];
	char mine[sizeof(place) + 64];
	struct text path = { 0 };

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_non_null(mkdtemp(place));
	assert_int_equal(chdir(place), 0);
	assert_int_equal(setenv("HOME", place, 1), 0);
	snprintf(mine, sizeof(mine), "%s/.config/onnet/onnet.yaml", place);

	assert_string_equal(conf_search(&path, "given.yaml"), "given.yaml");
	const char *machine = access("/etc/onnet/onnet.yaml", F_OK) == 0 ? "/etc/onnet/onnet.yaml" :
									   NULL;
	const char *found = conf_search(&path, NULL);
	assert_true(machine == NULL ? found == NULL : strcmp(found, machine) == 0);

	mkdir(".config", 0700);
	mkdir(".config/onnet", 0700);
	file_touch(mine);
	assert_string_equal(conf_search(&path, NULL), mine);
	file_touch("onnet.yaml");
	assert_string_equal(conf_search(&path, NULL), "./onnet.yaml");
	assert_string_equal(conf_search(&path, "given.yaml"), "given.yaml");
	remove("onnet.yaml");
	unsetenv("HOME");
	found = conf_search(&path, NULL);
	assert_true(machine == NULL ? found == NULL : strcmp(found, machine) == 0);

	remove(mine);
	remove(".config/onnet");
	remove(".config");
	assert_int_equal(chdir(before), 0);
	assert_int_equal(rmdir(place), 0);
	text_done(&path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_with_and_without_a_port),
		cmocka_unit_test(prefixes_have_no_bits_beyond_their_length),
		cmocka_unit_test(a_prefix_matches_what_lies_in_it),
		cmocka_unit_test(a_prefix_matches_no_local_socket),
		cmocka_unit_test(the_nearest_file_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
