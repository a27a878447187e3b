/* SPDX-License-Identifier: MIT */
/* resolve/ when memory runs out: each case, each allocation failing: -ENOMEM, and no leak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "oom/failing.h"
#include "scenario/resolver_case.h"

enum { CASES_MAX = 1000, FAILURES_MAX = 1000 };

static struct resolver_case the_case;

/* Plays the case and formats the result. */
static int play_and_format(void)
{
	struct onnet_result *r = NULL;
	char *text = NULL;
	int err = case_play(&the_case, 1, &r);

	if (err == 0)
		err = onnet_result_json(r, &text);
	free(text);
	text = NULL;
	if (err == 0)
		err = onnet_result_explain(r, &text);
	free(text);
	onnet_result_free(r);
	return err;
}

static void each_allocation_may_fail(bool explain)
{
	static const char *const *lines[CASES_MAX];
	size_t count = case_find(lines, CASES_MAX);

	for (size_t i = 0; i < count; i++) {
		unsigned n = 1;

		case_read(lines[i], &the_case);
		the_case.options.explain = explain;
		for (;; n++) {
			oom_fail_at(n);
			int err = play_and_format();
			bool reached = oom_failed();
			oom_fail_at(0);
			if (err != (reached ? -ENOMEM : 0))
				fail_msg("%s: allocation %u: %d", the_case.id, n, err);
			if (!reached)
				break;
		}
		assert_in_range(n, 2, FAILURES_MAX);
	}
}

static void a_lookup_without_memory_says_so(void **state)
{
	(void)state;
	each_allocation_may_fail(false);
}

static void so_does_one_that_explains(void **state)
{
	(void)state;
	each_allocation_may_fail(true);
}

static void a_mark_without_memory_is_refused(void **state)
{
	struct onnet_endpoint e;
	struct avoid *avoid = NULL;

	(void)state;
	assert_int_equal(onnet_endpoint_parse(&e, "192.0.2.1:5060/udp"), 0);
	oom_fail_at(1);
	assert_int_equal(avoid_new(&avoid), -ENOMEM);
	oom_fail_at(2);
	assert_int_equal(avoid_new(&avoid), 0);
	assert_int_equal(avoid_mark(avoid, &e, ONNET_MARK_GREY, 0, 1000), -ENOMEM);
	oom_fail_at(0);
	assert_int_equal(avoid_find(avoid, &e, 0), ONNET_MARK_NONE);
	avoid_free(avoid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lookup_without_memory_says_so),
		cmocka_unit_test(so_does_one_that_explains),
		cmocka_unit_test(a_mark_without_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
