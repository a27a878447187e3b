/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/refresh.h: when a copy is held against its primary, and when it is no good any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/refresh.h"

enum { NOW = 1000000, NO_JITTER = 0, MOST_JITTER = 0xffff };

static const struct refresh_timers timers = { .refresh = 3600, .retry = 600, .expire = 86400 };

/* A copy whose check has just gone well. */
static struct refresh good(void)
{
	struct refresh r;

	refresh_init(&r, &timers, NOW, NOW);
	assert_true(refresh_begin(&r, NOW));
	refresh_succeed(&r, &timers, NOW, NO_JITTER);
	return r;
}

static void a_copy_is_checked_at_start_and_then_after_refresh(void **state)
{
	struct refresh r = good();

	(void)state;
	assert_int_equal(r.next_ms, NOW + 3600 * 1000);
	assert_false(refresh_begin(&r, r.next_ms - 1));
	assert_true(refresh_begin(&r, r.next_ms));
	assert_false(refresh_begin(&r, r.next_ms)); /* one at a time */
}

static void what_is_random_makes_times_shorter_by_an_eighth_at_most(void **state)
{
	struct refresh r = good();

	(void)state;
	refresh_succeed(&r, &timers, NOW, MOST_JITTER);
	assert_in_range(r.next_ms, NOW + 3600 * 875, NOW + 3600 * 1000 - 1);
}

static void failures_double_the_time_from_retry_to_refresh(void **state)
{
	static const int64_t seconds[] = { 600, 1200, 2400, 3600, 3600 };
	struct refresh r = good();
	int64_t now = r.next_ms;

	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		assert_true(refresh_begin(&r, now));
		refresh_fail(&r, &timers, now, NO_JITTER);
		assert_int_equal(r.next_ms - now, seconds[i] * 1000);
		now = r.next_ms;
	}
	assert_true(refresh_begin(&r, now));
	refresh_succeed(&r, &timers, now, NO_JITTER);
	assert_int_equal(r.failures, 0);
	assert_int_equal(r.next_ms - now, 3600 * 1000);
}

static void without_a_copy_it_is_tried_soon_and_then_every_five_minutes(void **state)
{
	struct refresh r;
	int64_t now = NOW;

	(void)state;
	refresh_init_absent(&r, now);
	for (int i = 0; i < 100; i++) {
		assert_true(refresh_begin(&r, now));
		refresh_fail(&r, &(struct refresh_timers){ 0 }, now, NO_JITTER);
		if (i == 0)
			assert_int_equal(r.next_ms - now, 1000);
		now = r.next_ms;
		assert_false(refresh_expired(&r, now)); /* there is nothing to expire */
	}
	refresh_begin(&r, now);
	refresh_fail(&r, &(struct refresh_timers){ 0 }, now, NO_JITTER);
	assert_int_equal(r.next_ms - now, 300 * 1000);
}

static void it_expires_after_the_last_good_check(void **state)
{
	struct refresh r = good();

	(void)state;
	refresh_begin(&r, r.next_ms);
	refresh_fail(&r, &timers, r.next_ms, NO_JITTER);
	assert_false(refresh_expired(&r, NOW + 86400 * 1000 - 1));
	assert_true(refresh_expired(&r, NOW + 86400 * 1000));
}

static void a_restart_goes_on_from_the_last_good_check(void **state)
{
	struct refresh r;

	(void)state;
	refresh_init(&r, &timers, NOW - 86400 * 1000, NOW);
	assert_true(refresh_expired(&r, NOW));
	assert_true(refresh_begin(&r, NOW));
	refresh_init(&r, &timers, NOW - 86399 * 1000, NOW);
	assert_false(refresh_expired(&r, NOW));
	assert_true(refresh_expired(&r, NOW + 1000));
}

static void it_does_not_expire_before_a_check_was_tried_again(void **state)
{
	static const struct refresh_timers table[] = { { 3600, 600, 60 }, { 3600, 600, 0 } };
	struct refresh r = good();

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		refresh_succeed(&r, &table[i], NOW, NO_JITTER);
		assert_false(refresh_expired(&r, NOW + 4200 * 1000 - 1));
		assert_true(refresh_expired(&r, NOW + 4200 * 1000));
	}
}

static void many_notifications_are_one_check_more(void **state)
{
	struct refresh r = good();

	(void)state;
	for (int i = 0; i < 1000; i++)
		refresh_notify(&r);
	assert_true(refresh_begin(&r, NOW + 1));
	for (int i = 0; i < 1000; i++)
		refresh_notify(&r);
	assert_false(refresh_begin(&r, NOW + 2));
	refresh_succeed(&r, &timers, NOW + 3, NO_JITTER);
	assert_int_equal(refresh_wake_ms(&r, NOW + 3), NOW + 3);
	assert_true(refresh_begin(&r, NOW + 3));
	refresh_succeed(&r, &timers, NOW + 4, NO_JITTER);
	assert_false(refresh_begin(&r, NOW + 5));
}

static void it_is_to_be_looked_at_for_a_check_or_for_the_expiry(void **state)
{
	struct refresh r = good();

	(void)state;
	assert_int_equal(refresh_wake_ms(&r, NOW), r.next_ms);
	refresh_init(&r, &timers, NOW - 86340 * 1000, NOW);
	refresh_begin(&r, NOW);
	refresh_fail(&r, &timers, NOW, NO_JITTER);
	assert_int_equal(refresh_wake_ms(&r, NOW), NOW + 60 * 1000);
	assert_int_equal(refresh_wake_ms(&r, NOW + 60 * 1000), r.next_ms); /* that has been seen */
	refresh_begin(&r, r.next_ms);
	assert_int_equal(refresh_wake_ms(&r, r.next_ms), INT64_MAX); /* whoever checks will say */
}

static void timers_that_make_no_sense_are_bounded(void **state)
{
	struct refresh_timers zero = { 0 }, huge = { UINT32_MAX, UINT32_MAX, UINT32_MAX };
	struct refresh r = good();

	(void)state;
	refresh_succeed(&r, &zero, NOW, NO_JITTER);
	assert_int_equal(r.next_ms, NOW + 1000);
	refresh_fail(&r, &zero, NOW, NO_JITTER);
	assert_int_equal(r.next_ms, NOW + 1000);
	refresh_succeed(&r, &huge, NOW, NO_JITTER);
	assert_int_equal(r.next_ms, NOW + (int64_t)30 * 86400 * 1000);
	for (int i = 0; i < 100; i++)
		refresh_fail(&r, &huge, NOW, NO_JITTER);
	assert_int_equal(r.next_ms, NOW + (int64_t)30 * 86400 * 1000);
	assert_false(refresh_expired(&r, NOW + (int64_t)UINT32_MAX * 1000 - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_is_checked_at_start_and_then_after_refresh),
		cmocka_unit_test(what_is_random_makes_times_shorter_by_an_eighth_at_most),
		cmocka_unit_test(failures_double_the_time_from_retry_to_refresh),
		cmocka_unit_test(without_a_copy_it_is_tried_soon_and_then_every_five_minutes),
		cmocka_unit_test(it_expires_after_the_last_good_check),
		cmocka_unit_test(it_does_not_expire_before_a_check_was_tried_again),
		cmocka_unit_test(a_restart_goes_on_from_the_last_good_check),
		cmocka_unit_test(many_notifications_are_one_check_more),
		cmocka_unit_test(it_is_to_be_looked_at_for_a_check_or_for_the_expiry),
		cmocka_unit_test(timers_that_make_no_sense_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
