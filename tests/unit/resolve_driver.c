/* SPDX-License-Identifier: MIT */
/*
 * The driver's promises, against a name server in the same thread: results come once, only from
 * process(), never after cancel; one descriptor tells of everything; nothing is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fixture/name_server.h"
#include "onnet/resolve.h"

enum { ROUNDS_MAX = 20000 };

struct fixture {
	struct name_server server;
	struct onnet_resolver *resolver;
};

/* What callbacks saw. */
struct calls {
	struct onnet_resolver *resolver;
	struct onnet_lookup *victim; /* cancelled by the next callback */
	unsigned count;
	unsigned chain; /* look-ups still to be started, each by the one before */
	int err;
	int nested; /* what process() said inside */
	enum onnet_error error;
	enum onnet_security security;
	size_t targets;
};

static int begin(void **state)
{
	static struct fixture f;
	const char *servers[] = { f.server.address, NULL };
	const struct onnet_resolver_options options = { .servers = servers, .seed = 1 };

	name_server_start(&f.server);
	assert_int_equal(onnet_resolver_new(&f.resolver, &options), 0);
	*state = &f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	onnet_resolver_free(f->resolver);
	name_server_stop(&f->server);
	return 0;
}

static void called(int err, struct onnet_result *result, void *arg)
{
	struct calls *calls = arg;

	calls->count++;
	calls->err = err;
	if (result) {
		calls->error = result->error;
		calls->security = result->security;
		calls->targets = result->target_count;
	}
	onnet_result_free(result);
	if (calls->resolver)
		calls->nested = onnet_resolver_process(calls->resolver);
	onnet_lookup_cancel(calls->victim);
	calls->victim = NULL;
	if (calls->chain > 0) {
		calls->chain--;
		assert_int_equal(onnet_lookup_start(calls->resolver, "sip:192.0.2.1", NULL, called,
						    calls, NULL),
				 0);
	}
}

static struct onnet_lookup *start(struct fixture *f, const char *input, struct calls *calls)
{
	struct onnet_lookup *lookup = NULL;

	assert_int_equal(onnet_lookup_start(f->resolver, input, NULL, called, calls, &lookup), 0);
	assert_non_null(lookup);
	return lookup;
}

static bool readable(const struct onnet_resolver *resolver)
{
	struct pollfd p = { .fd = onnet_resolver_fd(resolver), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Lets both sides work until so many callbacks have run. */
static void run(struct fixture *f, const struct calls *calls, unsigned count)
{
	for (int idle = 0; calls->count < count; idle++) {
		struct pollfd p = { .fd = onnet_resolver_fd(f->resolver), .events = POLLIN };

		if (idle > ROUNDS_MAX)
			fail_msg("nothing happens, after %u of %u callbacks", calls->count, count);
		if (poll(&p, 1, 1) > 0)
			assert_true(onnet_resolver_process(f->resolver) >= 0);
		name_server_serve(&f->server);
	}
	assert_int_equal(calls->count, count);
}

/* Nothing more comes. */
static void run_dry(struct fixture *f)
{
	for (int i = 0; i < 20; i++) {
		struct pollfd p = { .fd = onnet_resolver_fd(f->resolver), .events = POLLIN };

		poll(&p, 1, 5);
		name_server_serve(&f->server);
		assert_true(onnet_resolver_process(f->resolver) >= 0);
	}
}

static void a_numeric_address_comes_from_process_too(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	assert_false(readable(f->resolver));
	start(f, "sip:192.0.2.1", &calls);
	assert_int_equal(calls.count, 0);
	assert_true(readable(f->resolver));
	assert_int_equal(onnet_resolver_process(f->resolver), 1);
	assert_int_equal(calls.count, 1);
	assert_int_equal(calls.targets, 1);
	assert_false(readable(f->resolver));
	assert_int_equal(onnet_resolver_process(f->resolver), 0);
	assert_int_equal(f->server.asked, 0);
}

static void what_is_no_uri_is_a_result_and_no_error(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	start(f, "sip:", &calls);
	assert_int_equal(onnet_resolver_process(f->resolver), 1);
	assert_int_equal(calls.err, 0);
	assert_int_equal(calls.error, ONNET_BAD_URI);
}

static void a_result_comes_once(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	start(f, "sip:one.example:5060", &calls);
	run(f, &calls, 1);
	assert_int_equal(calls.error, ONNET_OK);
	assert_int_equal(calls.targets, 2);
	assert_int_equal(calls.security, ONNET_UNCHECKED);
	run_dry(f);
	assert_int_equal(calls.count, 1);
}

static void what_is_known_is_not_asked_again(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };
	unsigned asked;

	start(f, "sip:one.example:5060", &calls);
	run(f, &calls, 1);
	asked = f->server.asked;
	start(f, "sip:two@ONE.example:5070", &calls);
	assert_true(readable(f->resolver));
	assert_int_equal(onnet_resolver_process(f->resolver), 1);
	assert_int_equal(f->server.asked, asked);
}

static void the_same_question_is_asked_once_for_all(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	for (int i = 0; i < 100; i++)
		start(f, "sip:one.example:5060", &calls);
	run(f, &calls, 100);
	assert_in_range(f->server.asked, 2, 4);
}

static void failures_have_their_names(void **state)
{
	static const struct {
		const char *input;
		enum onnet_error error;
	} rows[] = {
		{ "sip:nx.example:5060", ONNET_NXDOMAIN },
		{ "sip:none.example:5060", ONNET_NO_RECORDS },
		{ "sip:refused.example:5060", ONNET_SERVFAIL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct calls calls = { .count = 0 };

		start(f, rows[i].input, &calls);
		run(f, &calls, 1);
		assert_int_equal(calls.error, rows[i].error);
	}
}

static void a_look_up_that_is_cancelled_is_silent(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	onnet_lookup_cancel(start(f, "sip:one.example:5060", &calls));
	onnet_lookup_cancel(start(f, "sip:192.0.2.1", &calls));
	onnet_lookup_cancel(NULL);
	run_dry(f);
	assert_int_equal(calls.count, 0);
}

static void a_callback_may_cancel_what_is_done_already(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	start(f, "sip:192.0.2.1", &calls);
	calls.victim = start(f, "sip:192.0.2.2", &calls);
	assert_int_equal(onnet_resolver_process(f->resolver), 1);
	run_dry(f);
	assert_int_equal(calls.count, 1);
}

static void a_callback_may_cancel_what_is_under_way(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	start(f, "sip:192.0.2.1", &calls);
	calls.victim = start(f, "sip:one.example:5060", &calls);
	run_dry(f);
	assert_int_equal(calls.count, 1);
}

static void what_a_callback_starts_comes_with_the_next_process(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .resolver = f->resolver, .chain = 10 };

	start(f, "sip:192.0.2.1", &calls);
	for (unsigned i = 1; i <= 11; i++) {
		assert_true(readable(f->resolver));
		assert_int_equal(onnet_resolver_process(f->resolver), 1);
		assert_int_equal(calls.count, i);
	}
	assert_false(readable(f->resolver));
}

static void process_does_not_run_within_itself(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .resolver = f->resolver };

	start(f, "sip:192.0.2.1", &calls);
	assert_int_equal(onnet_resolver_process(f->resolver), 1);
	assert_int_equal(calls.nested, -EBUSY);
}

static void a_silent_server_is_a_time_out(void **state)
{
	static const struct onnet_lookup_options soon = { .timeout_ms = 50 };
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	f->server.silent = true;
	assert_int_equal(onnet_lookup_start(f->resolver, "sip:one.example:5060", &soon, called,
					    &calls, NULL),
			 0);
	run(f, &calls, 1);
	assert_int_equal(calls.err, 0);
	assert_int_equal(calls.error, ONNET_TIMEOUT);
}

static void a_server_that_comes_back_is_asked_again(void **state)
{
	static const struct onnet_lookup_options soon = { .timeout_ms = 50 };
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	f->server.silent = true;
	for (int i = 0; i < 20; i++)
		assert_int_equal(onnet_lookup_start(f->resolver, "sip:one.example:5060", &soon,
						    called, &calls, NULL),
				 0);
	run(f, &calls, 20);
	f->server.silent = false;
	start(f, "sip:one.example:5060", &calls);
	run(f, &calls, 21);
	assert_int_equal(calls.error, ONNET_OK);
}

static void a_truncated_answer_is_fetched_over_tcp(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	f->server.truncating = true;
	start(f, "sip:one.example:5060", &calls);
	run(f, &calls, 1);
	assert_int_equal(calls.error, ONNET_OK);
	assert_int_equal(calls.targets, 2);
	assert_in_range(f->server.asked_tcp, 2, 100);
}

/* A resolver of its own beside the fixture's server; the other one is not waited for by run(). */
static void a_silent_server_is_passed_over(void **state)
{
	struct fixture *f = *state;
	struct name_server silent;
	const char *servers[] = { silent.address, f->server.address, NULL };
	const struct onnet_resolver_options options = { .servers = servers, .seed = 1 };
	struct fixture mine = { .server = f->server };
	struct calls calls = { .count = 0 };

	name_server_start(&silent);
	assert_int_equal(onnet_resolver_new(&mine.resolver, &options), 0);
	for (unsigned i = 1; i <= 10; i++) {
		char input[64];

		snprintf(input, sizeof(input), "sip:host%u.example:5060", i);
		start(&mine, input, &calls);
	}
	run(&mine, &calls, 10);
	assert_int_equal(calls.error, ONNET_OK);
	onnet_resolver_free(mine.resolver);
	name_server_stop(&silent);
}

static void a_private_tree_is_asked_of_its_server_alone(void **state)
{
	struct fixture *f = *state;
	struct name_server others;
	const char *servers[] = { others.address, NULL };
	const struct onnet_stub stub = { "private.example", f->server.address };
	const struct onnet_resolver_options options = {
		.servers = servers,
		.stubs = &stub,
		.stub_count = 1,
	};
	struct fixture mine = { .server = f->server };
	struct calls calls = { .count = 0 };

	name_server_start(&others);
	assert_int_equal(onnet_resolver_new(&mine.resolver, &options), 0);
	start(&mine, "sip:one.private.example:5060", &calls);
	run(&mine, &calls, 1);
	assert_int_equal(calls.error, ONNET_OK);
	name_server_serve(&others);
	assert_int_equal(others.asked, 0);
	onnet_resolver_free(mine.resolver);
	name_server_stop(&others);
}

static void thousands_are_under_way_at_once(void **state)
{
	enum { MANY = 3000 };
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };

	for (int i = 0; i < MANY; i++) {
		char input[64];

		snprintf(input, sizeof(input), "sip:host%d.example:5060", i);
		start(f, input, &calls);
	}
	run(f, &calls, MANY);
	assert_int_equal(calls.error, ONNET_OK);
}

/* Entries of a folder of /proc/self. */
static unsigned entries(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void no_thread_is_made_and_no_signal_is_caught(void **state)
{
	struct fixture *f = *state;
	struct calls calls = { .count = 0 };
	unsigned threads = entries("/proc/self/task");
	struct sigaction action;

	f->server.truncating = true;
	start(f, "sip:one.example:5060", &calls);
	run(f, &calls, 1);
	assert_int_equal(entries("/proc/self/task"), threads);
	assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_DFL);
}

static void nothing_is_left_open(void **state)
{
	struct fixture f;
	struct calls calls = { .count = 0 };
	unsigned before = entries("/proc/self/fd");
	void *mine = NULL;

	(void)state;
	begin(&mine);
	f = *(struct fixture *)mine;
	start(&f, "sip:one.example:5060", &calls);
	run(&f, &calls, 1);
	start(&f, "sip:two.example:5060", &calls); /* under way when it ends */
	end(&mine);
	assert_int_equal(calls.count, 1);
	assert_int_equal(entries("/proc/self/fd"), before);
}

static void options_that_make_no_sense_are_refused(void **state)
{
	static const char *const nowhere[] = { "nowhere", NULL };
	static const char *const no_anchor[] = { "example. DS nonsense", NULL };
	static const char *const no_file[] = { "/nonexistent/root.key", NULL };
	static const struct onnet_stub stub = { "example.", "nowhere" };
	static const struct {
		const char *name;
		struct onnet_resolver_options options;
		int err;
	} rows[] = {
		{ "server", { .servers = nowhere }, -EINVAL },
		{ "stub", { .stubs = &stub, .stub_count = 1 }, -EINVAL },
		{ "anchor",
		  { .dnssec = ONNET_DNSSEC_REPORT, .trust_anchors = no_anchor },
		  -EINVAL },
		{ "file", { .dnssec = ONNET_DNSSEC_REPORT, .trust_anchors = no_file }, -ENOENT },
	};
	struct onnet_resolver *untouched = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].name);
		assert_int_equal(onnet_resolver_new(&untouched, &rows[i].options), rows[i].err);
		assert_null(untouched);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_numeric_address_comes_from_process_too, begin,
						end),
		cmocka_unit_test_setup_teardown(what_is_no_uri_is_a_result_and_no_error, begin,
						end),
		cmocka_unit_test_setup_teardown(a_result_comes_once, begin, end),
		cmocka_unit_test_setup_teardown(what_is_known_is_not_asked_again, begin, end),
		cmocka_unit_test_setup_teardown(the_same_question_is_asked_once_for_all, begin,
						end),
		cmocka_unit_test_setup_teardown(failures_have_their_names, begin, end),
		cmocka_unit_test_setup_teardown(a_look_up_that_is_cancelled_is_silent, begin, end),
		cmocka_unit_test_setup_teardown(a_callback_may_cancel_what_is_done_already, begin,
						end),
		cmocka_unit_test_setup_teardown(a_callback_may_cancel_what_is_under_way, begin,
						end),
		cmocka_unit_test_setup_teardown(what_a_callback_starts_comes_with_the_next_process,
						begin, end),
		cmocka_unit_test_setup_teardown(process_does_not_run_within_itself, begin, end),
		cmocka_unit_test_setup_teardown(a_silent_server_is_a_time_out, begin, end),
		cmocka_unit_test_setup_teardown(a_server_that_comes_back_is_asked_again, begin,
						end),
		cmocka_unit_test_setup_teardown(a_truncated_answer_is_fetched_over_tcp, begin, end),
		cmocka_unit_test_setup_teardown(a_silent_server_is_passed_over, begin, end),
		cmocka_unit_test_setup_teardown(a_private_tree_is_asked_of_its_server_alone, begin,
						end),
		cmocka_unit_test_setup_teardown(thousands_are_under_way_at_once, begin, end),
		cmocka_unit_test_setup_teardown(no_thread_is_made_and_no_signal_is_caught, begin,
						end),
		cmocka_unit_test(nothing_is_left_open),
		cmocka_unit_test(options_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests_name("resolve-driver", tests, NULL, NULL);
}
