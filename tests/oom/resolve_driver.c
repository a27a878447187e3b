/* SPDX-License-Identifier: MIT */
/* A resolver when memory runs out: -ENOMEM from the call or to the callback, and nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>

#include "fixture/name_server.h"
#include "onnet/resolve.h"
#include "oom/failing.h"

enum { ROUNDS_MAX = 20000 };

struct outcome {
	unsigned count;
	int err;
	enum onnet_error error;
	size_t targets;
};

static void done(int err, struct onnet_result *result, void *arg)
{
	struct outcome *outcome = arg;

	outcome->count++;
	outcome->err = err;
	if (result) {
		outcome->error = result->error;
		outcome->targets = result->target_count;
	}
	onnet_result_free(result);
}

/* A resolver with all that it can be told, and one look-up. */
static int play(struct name_server *server, struct outcome *outcome)
{
	static const char *const suffixes[] = { "e164.example", NULL };
	const char *const servers[] = { server->address, NULL };
	const struct onnet_stub stub = { "private.example", server->address };
	const struct onnet_endpoint prefer = { .transport = ONNET_UDP };
	const struct onnet_resolver_options options = {
		.lookup = { .e164_suffixes = suffixes, .prefer = &prefer },
		.servers = servers,
		.stubs = &stub,
		.stub_count = 1,
		.seed = 1,
	};
	struct onnet_resolver *resolver;
	int err = onnet_resolver_new(&resolver, &options);

	if (err < 0)
		return err;
	err = onnet_lookup_start(resolver, "sip:one.example:5060", NULL, done, outcome, NULL);
	for (int i = 0; err >= 0 && outcome->count == 0 && i < ROUNDS_MAX; i++) {
		struct pollfd p = { .fd = onnet_resolver_fd(resolver), .events = POLLIN };

		name_server_serve(server);
		if (poll(&p, 1, 1) > 0)
			err = onnet_resolver_process(resolver);
	}
	onnet_resolver_free(resolver);
	return err < 0 ? err : outcome->err;
}

static void each_allocation_may_fail(void **state)
{
	struct name_server server;
	unsigned failures = 0;

	(void)state;
	name_server_start(&server);
	for (unsigned n = 1;; n++) {
		struct outcome outcome = { 0 };

		oom_fail_at(n);
		int err = play(&server, &outcome);
		bool reached = oom_failed();
		oom_fail_at(0);
		if (err == 0) {
			/* What libunbound can do without, it did without. */
			assert_int_equal(outcome.count, 1);
			assert_int_equal(outcome.error, ONNET_OK);
			assert_int_equal(outcome.targets, 2);
		} else {
			assert_int_equal(err, -ENOMEM);
			failures++;
		}
		if (!reached)
			break;
	}
	assert_in_range(failures, 20, 10000);
	name_server_stop(&server);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
	};

	return cmocka_run_group_tests_name("resolve-driver", tests, NULL, NULL);
}
