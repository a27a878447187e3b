/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server/writer.h: updates that wait together share one transaction, and yet succeed or fail one by
 * one, also where the disk is full. A full disk is a limit on the size of files, in a process of
 * its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "fixture/message.h"
#include "fixture/server.h"
#include "fixture/show.h"

static struct fixture fixture;
static struct message message;

static const char zone_text[] = "$TTL 3600\n"
				"@ SOA ns hostmaster 1 7200 900 1209600 300\n"
				"@ NS ns\n";

static int server_begin(void **state)
{
	(void)state;
	return fixture_init(&fixture) != 0 || fixture_zone(&fixture, zone_text) != 0;
}

static int server_end(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

static struct slice response(void)
{
	return slice_make(fixture.response.wire, fixture.response.size);
}

static const char *ask(const char *name)
{
	fixture_ask(&fixture, message_question(&message, name, KNOT_RRTYPE_A));
	return show_rcode(response());
}

static uint64_t snapshot(void)
{
	ask("example.");
	return store_snapshot(fixture.responder.view.txn);
}

/* The serial that is served; 0: none. */
static uint32_t serial(void)
{
	struct slice r;

	fixture_ask(&fixture, message_question(&message, "example.", KNOT_RRTYPE_SOA));
	r = response();
	/* the SOA is the answer's only record, its serial 20 octets before its end */
	return r.size > 20 ? get_u32(r.data + r.size - 20) : 0;
}

/* An update with one prerequisite line (or NULL) and one update line (or NULL) for the queue. */
static void post(const char *prerequisite, const char *line, const char *key)
{
	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	if (prerequisite != NULL)
		message_record(&message, 1, prerequisite);
	if (line != NULL)
		message_record(&message, 2, line);
	if (key != NULL)
		message_sign(&message, &(struct message_signature){ .key = key });
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_LATER);
}

static void updates_of_a_group_succeed_or_fail_one_by_one(void **state)
{
	static const struct {
		const char *prerequisite, *line, *out;
	} table[] = {
		{ NULL, "a.example. 60 IN A 192.0.2.1", "NOERROR" },
		{ "b.example. 0 ANY ANY", "x1.example. 60 IN A 192.0.2.1", "NXDOMAIN" },
		{ "a.example. 0 ANY A", "b.example. 60 IN A 192.0.2.1",
		  "NOERROR" }, /* sees the first */
		{ "a.example. 0 NONE ANY", "x2.example. 60 IN A 192.0.2.1", "YXDOMAIN" },
		{ NULL, "a.example. 0 ANY ANY", "NOERROR" },
		{ "a.example. 0 NONE ANY", "c.example. 60 IN A 192.0.2.1", "NOERROR" },
		{ NULL, NULL, "NOERROR" },
	};
	enum { COUNT = sizeof(table) / sizeof(table[0]) };
	uint64_t before = snapshot();

	(void)state;
	fixture.dense = true;
	for (size_t i = 0; i < COUNT; i++)
		post(table[i].prerequisite, table[i].line, i % 2 == 0 ? "hmac-sha256" : NULL);
	assert_string_equal(ask("b.example."), "NXDOMAIN"); /* nothing before the group has run */
	fixture_run(&fixture);
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(fixture_next(&fixture));
		assert_string_equal(show_rcode(response()), table[i].out);
	}
	assert_false(fixture_next(&fixture));
	fixture.dense = false;

	assert_int_equal(snapshot(), before + 1); /* one transaction for all of them */
	assert_string_equal(ask("a.example."), "NXDOMAIN");
	assert_string_equal(ask("b.example."), "NOERROR");
	assert_string_equal(ask("c.example."), "NOERROR");
	assert_string_equal(ask("x1.example."), "NXDOMAIN");
	assert_string_equal(ask("x2.example."), "NXDOMAIN");
}

static void each_update_of_a_group_steps_the_serial_that_changes_something(void **state)
{
	uint32_t before = serial();

	(void)state;
	fixture.dense = true;
	post(NULL, "s1.example. 60 IN A 192.0.2.1", NULL);
	post("no.example. 0 ANY ANY", "s2.example. 60 IN A 192.0.2.1", NULL);
	post(NULL, "example. 60 IN NS ns2.example.", NULL);
	post(NULL, "s1.example. 60 IN A 192.0.2.1", NULL);      /* is there */
	post(NULL, "example. 60 IN SOA ns h 99 1 1 1 1", NULL); /* lies ahead */
	post(NULL, "example. 60 IN SOA ns h 98 1 1 1 1", NULL); /* lies behind */
	post(NULL, "s3.example. 60 IN A 192.0.2.1", NULL);
	fixture_run(&fixture);
	while (fixture_next(&fixture))
		;
	fixture.dense = false;
	assert_true(before < 90);
	assert_int_equal(serial(), 100);
	assert_string_equal(ask("s3.example."), "NOERROR");
}

static void a_group_that_changes_nothing_writes_nothing(void **state)
{
	uint64_t before = snapshot();

	(void)state;
	fixture.dense = true;
	post(NULL, NULL, NULL);
	post(NULL, "nothing.example. 0 ANY ANY", NULL);
	post("nothing.example. 0 ANY ANY", "x.example. 60 IN A 192.0.2.1", NULL);
	fixture_run(&fixture);
	while (fixture_next(&fixture))
		;
	fixture.dense = false;
	assert_int_equal(snapshot(), before);
}

static void a_copy_in_the_same_group_is_carried_out_once(void **state)
{
	static struct message copy;

	(void)state;
	ask("example.");
	message_begin(&copy, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	message_record(&copy, 1, "once.example. 0 NONE ANY");
	message_record(&copy, 2, "once.example. 60 IN A 192.0.2.1");
	message_sign(&copy, &(struct message_signature){ .key = "hmac-sha1" });
	fixture.dense = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(fixture_ask(&fixture, message_get(&copy)), RESPONSE_LATER);
	fixture_run(&fixture);
	for (int i = 0; i < 3; i++) {
		/* a second run would say YXDOMAIN */
		assert_true(fixture_next(&fixture));
		assert_string_equal(show_rcode(response()), "NOERROR");
	}
	fixture.dense = false;
}

static int task(void *arg)
{
	return ++*(int *)arg;
}

static void the_thread_carries_out_tasks_between_updates(void **state)
{
	int counter = 40;

	(void)state;
	fixture.dense = true;
	post(NULL, "thread.example. 60 IN A 192.0.2.1", NULL);
	assert_int_equal(writer_start(&fixture.writer), 0);
	assert_int_equal(writer_call(&fixture.writer, task, &counter), 41);
	assert_int_equal(counter, 41);
	post(NULL, "thread2.example. 60 IN A 192.0.2.1", NULL);
	writer_stop(&fixture.writer); /* what waits is still done */
	assert_int_equal(writer_call(&fixture.writer, task, &counter), -EAGAIN);
	for (int i = 0; i < 2; i++) {
		assert_true(fixture_next(&fixture));
		assert_string_equal(show_rcode(response()), "NOERROR");
	}
	assert_false(fixture_next(&fixture));
	fixture.dense = false;
	fixture_stop(&fixture);
	assert_int_equal(fixture_zone(&fixture, zone_text), 0);
	assert_string_equal(ask("thread.example."), "NOERROR");
	assert_string_equal(ask("thread2.example."), "NOERROR");
}

/* --- a full disk --- */

static void post_large(const char *name, size_t size, const char *key)
{
	static uint8_t rdata[60000];

	message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
	message_raw(&message, 2, name, 60, KNOT_CLASS_IN, 65280, slice_make(rdata, size));
	message_sign(&message, &(struct message_signature){ .key = key });
	assert_int_equal(fixture_ask(&fixture, message_get(&message)), RESPONSE_LATER);
}

enum { LARGE = 60000, FREE = 50000 }; /* octets */

static void limit_files(rlim_t octets)
{
	struct rlimit limit = { .rlim_cur = octets, .rlim_max = RLIM_INFINITY };

	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(90);
}

static rlim_t store_size(void)
{
	char path[FOLDER_PATH_ROOM];
	struct stat status;

	folder_path(path, fixture.folder, "store/data.mdb");
	return stat(path, &status) == 0 ? (rlim_t)status.st_size : 0;
}

/* cmocka knows nothing of what happens in another process. */
static void expect(bool holds, int line)
{
	if (holds)
		return;
	fprintf(stderr, "server_writer.c:%d: does not hold\n", line);
	_exit(1);
}

static bool answered(const char *rcode)
{
	return fixture_next(&fixture) && strcmp(show_rcode(response()), rcode) == 0;
}

/* Small, large, small: the large one alone fails. Exits where something does not hold. */
static void fill_the_disk(void)
{
	static struct message copy;
	uint32_t before, first;

	signal(SIGXFSZ, SIG_IGN);
	log_limit(0);
	ask("example.");
	fixture_ask(&fixture, message_question(&message, "example.", KNOT_RRTYPE_SOA));
	before = (uint32_t)fixture.response.size;

	first = serial();
	limit_files(store_size() + FREE);
	post(NULL, "small1.example. 60 IN A 192.0.2.1", "hmac-sha256");
	post_large("large.example.", LARGE, "hmac-sha256");
	copy = message;
	copy.w.start = copy.octets;
	copy.w.pos = copy.octets + (message.w.pos - message.octets);
	post(NULL, "small2.example. 60 IN A 192.0.2.1", "hmac-sha256");
	fixture_run(&fixture);
	expect(answered("NOERROR"), __LINE__);
	expect(answered("SERVFAIL"), __LINE__);
	expect(answered("NOERROR"), __LINE__);
	expect(fixture.writer.broken, __LINE__);
	expect(serial() == first + 2, __LINE__); /* of the group that was given up nothing stays */

	/* Answering goes on; nothing of the large one is there. */
	expect(strcmp(ask("small1.example."), "NOERROR") == 0, __LINE__);
	expect(strcmp(ask("small2.example."), "NOERROR") == 0, __LINE__);
	expect(strcmp(ask("large.example."), "NXDOMAIN") == 0, __LINE__);

	/* Room again: a new update succeeds, and the failed one, sent again, stays failed. */
	limit_files(RLIM_INFINITY);
	fixture_ask(&fixture, message_get(&copy));
	fixture_run(&fixture);
	expect(answered("SERVFAIL"), __LINE__);
	post_large("large.example.", LARGE, "hmac-sha384");
	fixture_run(&fixture);
	expect(answered("NOERROR"), __LINE__);
	expect(!fixture.writer.broken, __LINE__);
	expect(strcmp(ask("large.example."), "NOERROR") == 0, __LINE__);
	expect(serial() == first + 3, __LINE__);
	fixture_ask(&fixture, message_question(&message, "example.", KNOT_RRTYPE_SOA));
	expect(fixture.response.size == before, __LINE__);
}

static void what_does_not_fit_a_full_disk_fails_alone(void **state)
{
	int result = 0;

	(void)state;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		struct fixture *f = &fixture;

		/* a store of its own: LMDB is not carried over a fork */
		expect(fixture_init(f) == 0 && fixture_zone(f, zone_text) == 0, __LINE__);
		f->dense = true;
		f->tcp = true;
		fill_the_disk();
		fixture_done(f);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_true(WIFEXITED(result));
	assert_int_equal(WEXITSTATUS(result), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(updates_of_a_group_succeed_or_fail_one_by_one),
		cmocka_unit_test(each_update_of_a_group_steps_the_serial_that_changes_something),
		cmocka_unit_test(a_group_that_changes_nothing_writes_nothing),
		cmocka_unit_test(a_copy_in_the_same_group_is_carried_out_once),
		cmocka_unit_test(the_thread_carries_out_tasks_between_updates),
		cmocka_unit_test(what_does_not_fit_a_full_disk_fails_alone),
	};

	return cmocka_run_group_tests_name("server writer", tests, server_begin, server_end);
}
