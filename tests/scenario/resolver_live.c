/* SPDX-License-Identifier: MIT */
/*
 * Look-up cases over the network: a resolver of libonnet asks the server ADDRESS@PORT that the
 * environment's ONNET_SERVER names. One resolver plays all, so that most answers come from its cache.
 */
#include "scenario/resolver_case.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

/* Where the result goes. */
struct outcome {
	struct onnet_result *result;
	int err;
	int times;
};

static struct onnet_resolver *resolver;

static void resolver_end(void)
{
	onnet_resolver_free(resolver);
}

static int resolver_begin(void)
{
	const char *servers[] = { getenv("ONNET_SERVER"), NULL };
	const struct onnet_resolver_options options = { .servers = servers };

	if (resolver)
		return 0;
	atexit(resolver_end);
	return servers[0] ? onnet_resolver_new(&resolver, &options) : -EDESTADDRREQ;
}

static void lookup_done(int err, struct onnet_result *result, void *arg)
{
	struct outcome *outcome = arg;

	outcome->err = err;
	outcome->result = result;
	outcome->times++;
}

static int marks_set(const struct resolver_case *c)
{
	int err = 0;

	onnet_target_clear(resolver);
	for (size_t i = 0; i < c->mark_count && err == 0; i++)
		err = onnet_target_mark(resolver, &c->marks[i].endpoint, c->marks[i].mark, 0);
	return err;
}

int case_play(const struct resolver_case *c, uint64_t seed, struct onnet_result **ret)
{
	struct outcome outcome = { .times = 0 };
	int err = resolver_begin();

	(void)seed; /* the resolver draws anew for each look-up */
	if (err == 0)
		err = marks_set(c);
	if (err == 0 && c->via[0] != '\0')
		err = onnet_via_start(resolver, c->via, &c->options, lookup_done, &outcome, NULL);
	else if (err == 0)
		err = onnet_lookup_start(resolver, c->input, &c->options, lookup_done, &outcome,
					 NULL);
	while (err >= 0 && outcome.times == 0) {
		struct pollfd ready = { .fd = onnet_resolver_fd(resolver), .events = POLLIN };

		if (poll(&ready, 1, -1) < 0)
			return -errno;
		err = onnet_resolver_process(resolver);
	}
	if (err < 0)
		return err;
	*ret = outcome.result;
	return outcome.times == 1 ? outcome.err : -EEXIST;
}
