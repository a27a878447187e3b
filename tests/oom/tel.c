/* SPDX-License-Identifier: MIT */
/* tel/ when memory runs out: -ENOMEM each time, and nothing is added. The check needs none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "oom/failing.h"
#include "tel/expression.h"
#include "tel/naptr.h"

static struct slice regexp_get(void)
{
	return slice_text(
		"!^(\\+1202)(555[0-9]{4})$!sip:\\1\\2\\1\\2\\1\\2\\1\\2\\1\\2\\1\\2\\1\\2\\1\\2@x!");
}

static int apply(struct text *ret)
{
	return expression_apply(regexp_get(), slice_text("+12025550123"), ret);
}

static int build(struct text *ret)
{
	const char *why;

	return expression_build(ret, "sip:{digits}@example.net", &why);
}

static int describe(struct text *ret)
{
	return expression_describe(slice_text("!^(.*)$!sip:\\1@example.net!"), ret);
}

static void each_allocation_may_fail(void **state)
{
	static int (*const things[])(struct text * ret) = { apply, build, describe };

	(void)state;
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		unsigned failures = 0;

		for (unsigned n = 1;; n++) {
			struct text text = { 0 };

			oom_fail_at(n);
			int err = things[i](&text);
			bool reached = oom_failed();
			oom_fail_at(0);
			if (!reached) {
				assert_int_equal(err, 0);
				text_done(&text);
				break;
			}
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(text.size, 0);
			text_done(&text);
			failures++;
		}
		assert_in_range(failures, 1, 100);
	}
}

static void the_check_takes_no_memory(void **state)
{
	struct naptr n = {
		.flags = slice_text("u"),
		.services = slice_text("E2U+sip"),
		.regexp = regexp_get(),
		.replacement = slice_make("", 1),
	};
	const char *why;

	(void)state;
	oom_fail_at(1);
	assert_int_equal(naptr_check(&n, &why), 0);
	assert_int_equal(oom_count(), 0);
	oom_fail_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(the_check_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
