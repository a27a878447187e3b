/* SPDX-License-Identifier: MIT */
/*
 * A look-up that waits for its result, for programs without a loop: resolve() below.
 *
 *	cc resolve-blocking.c $(pkg-config --cflags --libs onnet)
 *	./a.out [@192.0.2.53] sip:alice@example.net
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <onnet/resolve.h>

static void done(int err, struct onnet_result *result, void *arg)
{
	(void)err;
	*(struct onnet_result **)arg = result;
}

/* NULL where there is no memory. */
static struct onnet_result *resolve(struct onnet_resolver *resolver, const char *input)
{
	struct pollfd polled = { .fd = onnet_resolver_fd(resolver), .events = POLLIN };
	struct onnet_result *result = NULL;
	int count = onnet_lookup_start(resolver, input, NULL, done, &result, NULL);

	while (count == 0) {
		poll(&polled, 1, -1); /* a signal may end it early: no harm */
		count = onnet_resolver_process(resolver);
	}
	return result;
}

int main(int argc, char **argv)
{
	const char *servers[] = { argc > 1 && argv[1][0] == '@' ? argv[1] + 1 : NULL, NULL };
	struct onnet_resolver_options options = { .servers = servers[0] ? servers : NULL };
	struct onnet_resolver *resolver;

	if (onnet_resolver_new(&resolver, &options) < 0)
		return 1;
	for (int i = servers[0] ? 2 : 1; i < argc; i++) {
		struct onnet_result *result = resolve(resolver, argv[i]);
		char *json = NULL;

		if (result && onnet_result_json(result, &json) == 0)
			puts(json);
		free(json);
		onnet_result_free(result);
	}
	onnet_resolver_free(resolver);
	return 0;
}
