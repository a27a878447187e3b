/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/replay.h and server/queue.h: what was done is remembered; what waits keeps its order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "server/queue.h"
#include "server/replay.h"

enum { NOW = 1750000000, LIFE = 300 };

static void a_message_is_found_again_with_its_rcode(void **state)
{
	struct replay *replay = NULL;
	uint8_t rcode = 99;

	(void)state;
	assert_int_equal(replay_new(&replay, 1024), 0);
	assert_false(replay_find(replay, 1, NOW, &rcode));
	assert_int_equal(rcode, 99);
	assert_true(replay_in_time(replay, NOW, NOW));
	assert_int_equal(replay_add(replay, 1, NOW, 0), 0);
	assert_int_equal(replay_add(replay, 1, NOW + 1, 5), 0);
	assert_true(replay_find(replay, 1, NOW, &rcode));
	assert_int_equal(rcode, 0);
	assert_true(replay_find(replay, 1, NOW + 1, &rcode));
	assert_int_equal(rcode, 5);
	assert_false(replay_find(replay, 2, NOW, &rcode));
	assert_false(replay_find(replay, 1 + 1024, NOW, &rcode));

	/* a new RCODE takes the place */
	assert_int_equal(replay_add(replay, 1, NOW, 2), 0);
	assert_true(replay_find(replay, 1, NOW, &rcode));
	assert_int_equal(rcode, 2);
	replay_free(replay);
	replay_free(NULL);
}

static void times_are_good_as_long_as_a_signature_is(void **state)
{
	static const struct {
		uint64_t signed_at, now;
		bool good;
	} table[] = {
		{ NOW, NOW, true },
		{ NOW, NOW + LIFE, true },
		{ NOW, NOW + LIFE + 1, false },
		{ NOW + 1, NOW + LIFE + 1, true },
		{ NOW + 9 * LIFE, NOW + LIFE + 1, true },
		{ NOW + 1, NOW, true },               /* the clock goes back: no harm */
		{ NOW, NOW, false },                  /* but what was given up stays so */
		{ NOW + 100000, NOW + 100000, true }, /* a great step forward */
		{ NOW + 99699, NOW + 100000, false },
		{ NOW + 99700, NOW + 100000, true },
	};
	struct replay *replay = NULL;

	(void)state;
	assert_int_equal(replay_new(&replay, 1024), 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (replay_in_time(replay, table[i].signed_at, table[i].now) != table[i].good)
			fail_msg("row %zu", i);
	replay_free(replay);
}

static void a_clock_that_was_wrong_for_a_while_lets_nothing_be_done_twice(void **state)
{
	enum { DAY = 86400 };
	static const int64_t steps[][3] = { { DAY, 0, 0 }, { -DAY, 0, 0 }, { -DAY, 0, -DAY } };
	uint8_t rcode;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct replay *replay = NULL;

		assert_int_equal(replay_new(&replay, 1024), 0);
		assert_true(replay_in_time(replay, NOW, NOW));
		assert_int_equal(replay_add(replay, 1, NOW, 0), 0);
		for (size_t k = 0; k < 3; k++) {
			uint64_t now =
				(uint64_t)(NOW + 1 + steps[i][k]); /* the first was a second ago */

			assert_true(replay_in_time(replay, now + k + 1, now));
			assert_int_equal(replay_add(replay, 2 + k, now + k + 1, 0), 0);
			assert_true(replay_find(replay, 1, NOW, &rcode) ||
				    !replay_in_time(replay, NOW, now));
		}
		assert_true(replay_in_time(replay, NOW + 9 + DAY, NOW + 9 + DAY));
		replay_free(replay);
	}
}

static void messages_are_forgotten_after_their_life_and_not_before(void **state)
{
	enum { PER_SECOND = 3, SECONDS = 3000 };
	struct replay *replay = NULL;
	uint8_t rcode;

	(void)state;
	assert_int_equal(replay_new(&replay, 1 << 20), 0);
	for (uint64_t now = NOW; now < NOW + SECONDS; now++) {
		for (uint64_t k = 0; k < PER_SECOND; k++) {
			uint64_t signed_at = now + k * LIFE / 2 - LIFE / 2; /* early, now, late */

			if (!replay_in_time(replay, signed_at, now))
				fail_msg("second %u", (unsigned)(now - NOW));
			assert_int_equal(replay_add(replay, now * 7 + k, signed_at, (uint8_t)k), 0);
		}
		/* whatever can still be sent again is known */
		for (uint64_t then = now > NOW + LIFE / 2 ? now - LIFE / 2 : NOW; then <= now;
		     then += 25)
			for (uint64_t k = 0; k < PER_SECOND; k++) {
				uint64_t signed_at = then + k * LIFE / 2 - LIFE / 2;

				assert_true(signed_at + LIFE < now ||
					    replay_find(replay, then * 7 + k, signed_at, &rcode));
				assert_true(signed_at + LIFE < now || rcode == k);
			}
	}
	assert_false(replay_find(replay, (uint64_t)NOW * 7, NOW - LIFE / 2, &rcode));
	replay_free(replay);
}

static void where_there_is_no_room_the_oldest_second_is_given_up(void **state)
{
	enum { CAPACITY = 2048 };
	struct replay *replay = NULL;
	uint8_t rcode;

	(void)state;
	assert_int_equal(replay_new(&replay, CAPACITY), 0);
	for (uint64_t i = 0; i < CAPACITY; i++) {
		assert_true(replay_in_time(replay, NOW + i % 4, NOW + 3));
		assert_int_equal(replay_add(replay, i, NOW + i % 4, 0), 0);
	}
	for (uint64_t i = 0; i < CAPACITY; i++)
		assert_true(replay_find(replay, i, NOW + i % 4, &rcode));

	assert_int_equal(replay_add(replay, CAPACITY, NOW + 3, 0), 0);
	assert_true(replay_find(replay, CAPACITY, NOW + 3, &rcode));
	assert_false(replay_in_time(replay, NOW, NOW + 3)); /* no telling any more */
	assert_true(replay_in_time(replay, NOW + 1, NOW + 3));
	for (uint64_t i = 0; i < CAPACITY; i++)
		assert_true(replay_find(replay, i, NOW + i % 4, &rcode) == (i % 4 != 0));
	replay_free(replay);
}

static void a_flood_within_one_second_is_still_bounded(void **state)
{
	enum { CAPACITY = 1024 };
	struct replay *replay = NULL;
	uint8_t rcode;

	(void)state;
	assert_int_equal(replay_new(&replay, CAPACITY), 0);
	for (uint64_t i = 0; i <= CAPACITY; i++) {
		assert_true(replay_in_time(replay, NOW, NOW));
		assert_int_equal(replay_add(replay, i, NOW, 0), 0);
	}
	assert_true(replay_find(replay, CAPACITY, NOW, &rcode));
	assert_false(replay_in_time(replay, NOW, NOW));
	assert_true(replay_in_time(replay, NOW + 1, NOW));
	replay_free(replay);
}

static void jobs_keep_their_order_and_come_as_many_as_asked_for(void **state)
{
	struct update_queue queue;
	struct job jobs[5] = { 0 }, *list;

	(void)state;
	queue_init(&queue);
	for (size_t i = 0; i < 5; i++)
		assert_true(queue_put(&queue, &jobs[i]));
	list = queue_take(&queue, 2);
	assert_ptr_equal(list, &jobs[0]);
	assert_ptr_equal(list->next, &jobs[1]);
	assert_null(list->next->next);
	assert_true(queue_put(&queue, &jobs[0]));
	list = queue_take(&queue, 99);
	assert_ptr_equal(list, &jobs[2]);
	assert_ptr_equal(list->next->next->next, &jobs[0]);
	assert_null(jobs[0].next);
	assert_int_equal(queue.count, 0);

	assert_true(queue_put(&queue, &jobs[1]));
	queue_close(&queue);
	assert_false(queue_put(&queue, &jobs[2]));
	assert_ptr_equal(queue_take(&queue, 1), &jobs[1]);
	assert_null(queue_take(&queue, 1));
	queue_done(&queue);
}

static void *put_later(void *arg)
{
	struct job *jobs = arg;
	struct update_queue *queue = jobs[0].arg;

	for (size_t i = 1; i < 4; i++)
		assert_true(queue_put(queue, &jobs[i]));
	return NULL;
}

static void a_queue_gathers_as_many_as_wanted_or_as_come_in_time(void **state)
{
	enum { FOREVER_US = INT32_MAX }; /* more than half an hour */
	struct update_queue queue;
	struct job jobs[4] = { 0 };
	pthread_t other;

	(void)state;
	queue_init(&queue);
	jobs[0].arg = &queue;
	assert_true(queue_put(&queue, &jobs[0]));
	queue_gather(&queue, 1, FOREVER_US);
	queue_gather(&queue, 99, 0);
	queue_gather(&queue, 99, 1000);
	assert_int_equal(queue_waiting(&queue), 1);

	assert_int_equal(pthread_create(&other, NULL, put_later, jobs), 0);
	queue_gather(&queue, 4, FOREVER_US);
	assert_int_equal(queue_waiting(&queue), 4);
	pthread_join(other, NULL);

	queue_close(&queue);
	queue_gather(&queue, 99, FOREVER_US);
	assert_non_null(queue_take(&queue, 99));
	queue_gather(&queue, 1, FOREVER_US);
	queue_done(&queue);
}

static void a_queue_that_is_full_takes_no_more(void **state)
{
	enum { MORE = 20000 };
	struct update_queue queue;
	struct job *jobs = calloc(MORE, sizeof(*jobs));
	size_t taken = 0;

	(void)state;
	queue_init(&queue);
	while (taken < MORE && queue_put(&queue, &jobs[taken]))
		taken++;
	assert_true(taken > 1000 && taken < MORE);
	queue_take(&queue, 1);
	assert_true(queue_put(&queue, &jobs[taken]));
	assert_false(queue_put(&queue, &jobs[taken + 1]));
	queue_done(&queue);
	free(jobs);
}

static void nothing_is_a_job_too(void **state)
{
	(void)state;
	job_free(NULL);
}

static void a_clock_that_is_put_right_shuts_nobody_out(void **state)
{
	struct replay *replay;
	uint8_t rcode = 0;

	(void)state;
	assert_int_equal(replay_new(&replay, 1024), 0);
	assert_true(replay_in_time(replay, 186400, 186400));
	assert_int_equal(replay_add(replay, 7, 186400, 0), 0);

	assert_false(replay_in_time(replay, 99999, 100000)); /* may have been seen and forgotten */
	assert_true(replay_in_time(replay, 100000, 100000));
	assert_int_equal(replay_add(replay, 8, 100000, 5), 0);
	assert_true(replay_find(replay, 8, 100000, &rcode));
	assert_int_equal(rcode, 5);
	assert_true(replay_find(replay, 7, 186400, &rcode));

	/* a step of seconds, as clocks make them, changes nothing */
	assert_true(replay_in_time(replay, 100010, 100010));
	assert_true(replay_in_time(replay, 100001, 100005));
	replay_free(replay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_found_again_with_its_rcode),
		cmocka_unit_test(times_are_good_as_long_as_a_signature_is),
		cmocka_unit_test(a_clock_that_was_wrong_for_a_while_lets_nothing_be_done_twice),
		cmocka_unit_test(messages_are_forgotten_after_their_life_and_not_before),
		cmocka_unit_test(where_there_is_no_room_the_oldest_second_is_given_up),
		cmocka_unit_test(a_flood_within_one_second_is_still_bounded),
		cmocka_unit_test(jobs_keep_their_order_and_come_as_many_as_asked_for),
		cmocka_unit_test(a_queue_gathers_as_many_as_wanted_or_as_come_in_time),
		cmocka_unit_test(a_queue_that_is_full_takes_no_more),
		cmocka_unit_test(nothing_is_a_job_too),
		cmocka_unit_test(a_clock_that_is_put_right_shuts_nobody_out),
	};

	return cmocka_run_group_tests_name("server replay", tests, NULL, NULL);
}
