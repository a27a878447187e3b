/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base/siphash.h: the vectors of its authors: key 00 to 0f, messages 00, 00 01, 00 01 02 and so on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/siphash.h"

static void what_the_authors_computed_comes_out(void **state)
{
	static const struct {
		size_t size;
		uint64_t hash;
	} table[] = {
		{ 0, 0x726fdb47dd0e0e31 },  { 1, 0x74f839c593dc67fd },  { 7, 0xab0200f58b01d137 },
		{ 8, 0x93f5f5799a932462 },  { 15, 0xa129ca6149be45e5 }, { 16, 0x3f2acc7f57c29bdb },
		{ 63, 0x958a324ceb064572 },
	};
	uint8_t key[SIPHASH_KEY], message[64];

	(void)state;
	for (size_t i = 0; i < sizeof(message); i++) {
		message[i] = (uint8_t)i;
		if (i < sizeof(key))
			key[i] = (uint8_t)i;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (siphash(key, message, table[i].size) != table[i].hash)
			fail_msg("%zu octets", table[i].size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_authors_computed_comes_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
