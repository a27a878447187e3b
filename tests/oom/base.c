/* SPDX-License-Identifier: MIT */
/* base/ when memory runs out: the arena says so each time, a text remembers it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "oom/failing.h"

static void only_the_allocation_that_was_asked_for_fails(void **state)
{
	(void)state;
	oom_fail_at(2);
	void *first = malloc(1);
	errno = 0;
	char *second = strdup("two");
	int err = errno;
	void *third = calloc(1, 1);

	assert_non_null(first);
	assert_null(second);
	assert_int_equal(err, ENOMEM);
	assert_non_null(third);
	assert_int_equal(oom_count(), 3);
	assert_true(oom_failed());
	oom_fail_at(0);
	assert_false(oom_failed());
	free(first);
	free(third);
}

static void an_arena_goes_on_after_a_failure(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	oom_fail_at(1);
	assert_null(arena_text(&arena, "one"));
	assert_true(oom_failed());
	assert_string_equal(arena_text(&arena, "two"), "two");

	oom_fail_at(1);
	assert_null(arena_zero(&arena, 100000));
	assert_null(arena_take(&arena, SIZE_MAX));
	assert_string_equal(arena_printf(&arena, "%d", 3), "3");
	arena_done(&arena);
	oom_fail_at(0);
}

/* A text that needs memory several times; 0, or -ENOMEM as a caller would find out. */
static int write_long_text(struct text *text)
{
	for (int i = 0; i < 200; i++)
		text_printf(text, "%d ", i);
	text_json(text, slice_text("a \"quoted\" word"));
	return text->failed ? -ENOMEM : 0;
}

static void a_text_remembers_that_memory_ran_out(void **state)
{
	unsigned n = 1;

	(void)state;
	for (;; n++) {
		struct text text = { 0 };

		oom_fail_at(n);
		int err = write_long_text(&text);
		bool reached = oom_failed();
		oom_fail_at(0);
		if (reached) {
			/* What came before is whole, and nothing was added after the gap. */
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(strlen(text_get(&text)), text.size);
			assert_null(strchr(text_get(&text), '"'));
		} else {
			assert_int_equal(err, 0);
		}
		text_done(&text);
		if (!reached)
			break;
	}
	assert_true(n > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_allocation_that_was_asked_for_fails),
		cmocka_unit_test(an_arena_goes_on_after_a_failure),
		cmocka_unit_test(a_text_remembers_that_memory_ran_out),
	};

	return cmocka_run_group_tests_name("base out of memory", tests, NULL, NULL);
}
