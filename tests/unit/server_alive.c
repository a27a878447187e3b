/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/alive.h: who stands still is stuck, unless there is nothing to do or it may take long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "server/alive.h"

/* A look at once after the last one, and no time is given to anybody. */
enum { NO_TIME = -1, LONG = 1000000000 };

static struct shared shared;
static struct update_writer writer;
static struct worker worker;
static struct observed observed;
static struct alive *alive;

static int begin(void **state)
{
	(void)state;
	log_limit(0);
	observed = (struct observed){ .shared = &shared, .writer = &writer, .worker = &worker };
	queue_init(&writer.queue);
	worker.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return worker.wake < 0 ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	alive_free(alive);
	alive = NULL;
	queue_done(&writer.queue);
	close(worker.wake);
	return 0;
}

static void a_writer_without_updates_may_rest(void **state)
{
	(void)state;
	assert_int_equal(alive_new(&alive, &observed), 0);
	assert_true(alive_look(alive, NO_TIME));
	assert_true(alive_look(alive, NO_TIME));
}

static void a_writer_with_updates_has_to_go_on(void **state)
{
	struct job job = { .next = NULL };

	(void)state;
	assert_int_equal(alive_new(&alive, &observed), 0);
	assert_true(queue_put(&writer.queue, &job));
	assert_true(alive_look(alive, LONG));
	assert_false(alive_look(alive, NO_TIME));
	writer.steps++;
	assert_true(alive_look(alive, NO_TIME));
	assert_false(alive_look(alive, NO_TIME));

	assert_ptr_equal(queue_take(&writer.queue, 1), &job);
	assert_true(alive_look(alive, NO_TIME));
	writer.busy = true;
	assert_false(alive_look(alive, NO_TIME));
	writer.busy = false;
}

static void what_takes_long_is_not_held_against_the_writer(void **state)
{
	(void)state;
	assert_int_equal(alive_new(&alive, &observed), 0);
	writer.busy = true;
	writer.slow = true;
	assert_true(alive_look(alive, NO_TIME));
	writer.slow = false;
	assert_false(alive_look(alive, NO_TIME));
	shared.slow_work = 1;
	assert_true(alive_look(alive, NO_TIME));
	shared.slow_work = 0;
	assert_false(alive_look(alive, NO_TIME));
	writer.loads = 1;
	assert_true(alive_look(alive, NO_TIME));
	writer.loads = 0;
	writer.busy = false;
}

static void a_worker_is_woken_and_has_to_go_on(void **state)
{
	uint64_t woken = 0;

	(void)state;
	observed.workers = 1;
	assert_int_equal(alive_new(&alive, &observed), 0);
	assert_true(alive_look(alive, LONG));
	assert_int_equal(eventfd_read(worker.wake, &woken), 0);
	assert_false(alive_look(alive, NO_TIME));
	worker.steps++;
	assert_true(alive_look(alive, NO_TIME));
	assert_false(alive_look(alive, NO_TIME));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_writer_without_updates_may_rest, begin, end),
		cmocka_unit_test_setup_teardown(a_writer_with_updates_has_to_go_on, begin, end),
		cmocka_unit_test_setup_teardown(what_takes_long_is_not_held_against_the_writer,
						begin, end),
		cmocka_unit_test_setup_teardown(a_worker_is_woken_and_has_to_go_on, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
