/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/queue.h: who may have how much waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "server/forward.h"
#include "server/queue.h"

static struct update_queue queue;

static int queue_begin(void **state)
{
	(void)state;
	queue_init(&queue);
	return 0;
}

static int queue_end(void **state)
{
	(void)state;
	queue_close(&queue);
	for (struct job *job = queue_take(&queue, SIZE_MAX), *next; job != NULL; job = next) {
		next = job->next;
		job_free(job);
	}
	queue_done(&queue);
	return 0;
}

/* One more job that waits; why it does not, or NULL. */
static const char *put(const char *key, uint32_t address, size_t octets)
{
	struct job *job = calloc(1, sizeof(*job));
	struct sockaddr_in *peer = (void *)&job->origin.peer;

	peer->sin_family = AF_INET;
	peer->sin_addr.s_addr = htonl(address);
	job->by.key = (const knot_dname_t *)key;
	if (octets > 0)
		assert_non_null(arena_take(&job->arena, octets));
	if (queue_put(&queue, job))
		return NULL;

	const char *why = job->exchange.why;
	job_free(job);
	return why;
}

static size_t put_many(const char *key, uint32_t address, bool other_addresses, const char **why)
{
	size_t count = 0;

	while ((*why = put(key, address, 0)) == NULL) {
		count++;
		address += other_addresses;
	}
	return count;
}

static void one_key_has_half_of_the_queue_and_the_next_half_of_the_rest(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(put_many("\3one", 1 << 24, true, &why), QUEUE_JOBS_MAX / 2);
	assert_string_equal(why, "too many updates of this key are waiting; try again");
	assert_int_equal(put_many("\3two", 2 << 24, true, &why), QUEUE_JOBS_MAX / 4);
	assert_int_equal(put_many("\5three", 3 << 24, true, &why), QUEUE_JOBS_MAX / 8);
	assert_null(put(NULL, 4 << 24, 0));

	/* when the writer has taken all, everything is as before */
	for (struct job *job = queue_take(&queue, SIZE_MAX), *next; job != NULL; job = next) {
		next = job->next;
		job_free(job);
	}
	assert_int_equal(queue.count, 0);
	assert_int_equal(queue.octets, 0);
	assert_int_equal(put_many("\3one", 1 << 24, true, &why), QUEUE_JOBS_MAX / 2);
}

static void one_address_has_half_of_the_queue(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(put_many(NULL, 7, false, &why), QUEUE_JOBS_MAX / 2);
	assert_string_equal(why, "too many updates from this address are waiting; try again");
	assert_null(put(NULL, 8, 0));
}

static void memory_that_waits_is_bounded(void **state)
{
	const size_t octets = 1 << 20;
	size_t count = 0;

	(void)state;
	while (put("\3one", 1, octets) == NULL)
		count++;
	/* an arena takes a little more than it gives */
	assert_in_range(count, QUEUE_OCTETS_MAX / octets / 2 - 2, QUEUE_OCTETS_MAX / octets / 2);
	assert_string_equal(put("\3one", 1, octets),
			    "too many updates of this key are waiting; try again");
	assert_null(put("\3two", 2, octets));
	assert_string_equal(put("\3two", 3, QUEUE_OCTETS_MAX),
			    "too many updates are waiting; try again");
}

static void what_the_server_does_itself_is_nobodys_share(void **state)
{
	struct job task = { .task = (int (*)(void *))abort };
	const char *why;

	(void)state;
	put_many(NULL, 7, false, &why);
	assert_true(queue_put(&queue, &task));
	assert_null(task.place.of_peer);
	while (queue.first != NULL) {
		struct job *job = queue_take(&queue, 1);

		if (job != &task)
			job_free(job);
	}
}

/* A primary that answers nobody keeps what came from one address, and others still get in. */
static void one_address_has_half_of_what_waits_for_a_primary(void **state)
{
	enum { MOST = 1024 };
	static const size_t shares[] = { MOST / 2, MOST / 4, MOST / 8 };
	static struct job job[MOST + 1];
	struct conf_zone copy = { 0 };
	struct conf conf = { .zone = &copy };
	const struct state server = { .conf = &conf };
	const struct zone zone = { .index = 0 };
	struct forwarder *forwarder;
	size_t used = 0;

	(void)state;
	assert_int_equal(forwarder_new(&forwarder), 0); /* its threads do not run */
	for (uint32_t i = 0; i < 3; i++) {
		size_t before = used;
		bool taken = true;

		for (; taken && used < MOST; used += taken) {
			struct sockaddr_in *peer = (void *)&job[used].origin.peer;

			peer->sin_family = AF_INET;
			peer->sin_addr.s_addr = htonl(0x0a000001 + i);
			job[used].zone = &zone;
			taken = forwarder_put(forwarder, &server, &job[used]);
		}
		assert_int_equal(used - before, shares[i]);
	}
	forwarder_free(forwarder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_key_has_half_of_the_queue_and_the_next_half_of_the_rest, queue_begin,
			queue_end),
		cmocka_unit_test_setup_teardown(one_address_has_half_of_the_queue, queue_begin,
						queue_end),
		cmocka_unit_test_setup_teardown(memory_that_waits_is_bounded, queue_begin,
						queue_end),
		cmocka_unit_test_setup_teardown(what_the_server_does_itself_is_nobodys_share,
						queue_begin, queue_end),
		cmocka_unit_test(one_address_has_half_of_what_waits_for_a_primary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
