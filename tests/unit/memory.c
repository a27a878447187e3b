/* SPDX-License-Identifier: MIT */
/* base/arena.h and base/text.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static void pieces_of_an_arena_are_aligned_and_apart(void **state)
{
	struct arena arena = { 0 };
	unsigned char *piece[300];

	(void)state;
	/* Small ones, and some that are larger than a chunk. */
	for (size_t i = 0; i < 300; i++) {
		size_t size = i % 50 == 49 ? 40000 : i;

		piece[i] = arena_take(&arena, size);
		assert_non_null(piece[i]);
		assert_int_equal((uintptr_t)piece[i] % _Alignof(max_align_t), 0);
		memset(piece[i], (int)(i & 0xff), size);
	}
	for (size_t i = 0; i < 300; i++) {
		size_t size = i % 50 == 49 ? 40000 : i;

		for (size_t k = 0; k < size; k++)
			assert_int_equal(piece[i][k], i & 0xff);
	}
	arena_done(&arena);
}

static void what_an_arena_clears_is_clear_again_after_a_reset(void **state)
{
	static const unsigned char zeros[1000];
	struct arena arena = { 0 };

	(void)state;
	memset(arena_take(&arena, 1000), 0xff, 1000);
	arena_reset(&arena);
	assert_memory_equal(arena_zero(&arena, 1000), zeros, 1000);
	arena_done(&arena);
}

static void an_arena_that_was_reset_gives_the_same_memory_again(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	void *first = arena_take(&arena, 100);
	for (int i = 0; i < 10; i++) {
		arena_reset(&arena);
		assert_ptr_equal(arena_take(&arena, 100), first);
	}
	arena_done(&arena);
	arena_done(&arena);
}

static void an_arena_copies_text_and_octets(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	assert_string_equal(arena_text(&arena, ""), "");
	assert_string_equal(arena_text(&arena, "word"), "word");
	assert_memory_equal(arena_copy(&arena, "a\0b", 3), "a\0b", 3);
	assert_string_equal(arena_printf(&arena, "%s=%d", "a", 5), "a=5");
	assert_null(arena_take(&arena, SIZE_MAX));
	arena_done(&arena);
}

static void a_text_grows(void **state)
{
	struct text text = { 0 };

	(void)state;
	assert_string_equal(text_get(&text), "");
	for (int i = 0; i < 5000; i++) {
		text_puts(&text, "ab");
		text_printf(&text, "%c", 'c');
		text_add(&text, "d", 1);
	}
	assert_int_equal(text.size, 20000);
	assert_int_equal(strlen(text_get(&text)), 20000);
	assert_int_equal(strspn(text_get(&text), "abcd"), 20000);
	text_reset(&text);
	assert_string_equal(text_get(&text), "");
	text_puts(&text, "again");
	assert_string_equal(text_get(&text), "again");
	text_done(&text);
	assert_string_equal(text_get(&text), "");
}

static void a_json_string_is_valid_whatever_is_in_it(void **state)
{
	static const struct {
		const char *name, *in, *out;
		size_t size; /* 0: strlen(in) */
	} cases[] = {
		{ "empty", "", "\"\"", 0 },
		{ "words", "a b", "\"a b\"", 0 },
		{ "a quote and a backslash", "\"\\", "\"\\\"\\\\\"", 0 },
		{ "control characters", "\t\n\x7f", "\"\\u0009\\u000a\\u007f\"", 0 },
		{ "a NUL", "a\0b", "\"a\\u0000b\"", 3 },
		{ "two octets of UTF-8", "\xc3\xa4", "\"\xc3\xa4\"", 0 },
		{ "three", "\xe2\x82\xac", "\"\xe2\x82\xac\"", 0 },
		{ "four", "\xf0\x9f\x93\x9e", "\"\xf0\x9f\x93\x9e\"", 0 },
		{ "an octet of Latin 1", "\xe4", "\"\\u00e4\"", 0 },
		{ "the end cut off", "\xe2\x82", "\"\\u00e2\\u0082\"", 0 },
		{ "an overlong slash", "\xc0\xaf", "\"\\u00c0\\u00af\"", 0 },
		{ "half a surrogate pair", "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"", 0 },
		{ "past the last character", "\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"",
		  0 },
		{ "a bad third octet", "\xe2\x82z", "\"\\u00e2\\u0082z\"", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text text = { 0 };
		size_t size = cases[i].size > 0 ? cases[i].size : strlen(cases[i].in);

		text_json(&text, slice_make(cases[i].in, size));
		if (strcmp(text_get(&text), cases[i].out) != 0)
			print_error("%s\n", cases[i].name);
		assert_string_equal(text_get(&text), cases[i].out);
		text_done(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_an_arena_are_aligned_and_apart),
		cmocka_unit_test(what_an_arena_clears_is_clear_again_after_a_reset),
		cmocka_unit_test(an_arena_that_was_reset_gives_the_same_memory_again),
		cmocka_unit_test(an_arena_copies_text_and_octets),
		cmocka_unit_test(a_text_grows),
		cmocka_unit_test(a_json_string_is_valid_whatever_is_in_it),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
