/* SPDX-License-Identifier: MIT */
/*
 * Look-ups in libevent's loop.
 *
 *	cc resolve-libevent.c $(pkg-config --cflags --libs onnet libevent)
 *	./a.out [@192.0.2.53] sip:alice@example.net +12025550123
 */
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>
#include <onnet/resolve.h>

static struct event *watcher;
static int waiting;

static void done(int err, struct onnet_result *result, void *arg)
{
	char *json = NULL;

	(void)arg;
	if (err == 0 && onnet_result_json(result, &json) == 0)
		puts(json);
	free(json);
	onnet_result_free(result);
	if (--waiting == 0)
		event_del(watcher);
}

static void ready(evutil_socket_t fd, short events, void *resolver)
{
	(void)fd;
	(void)events;
	onnet_resolver_process(resolver);
}

int main(int argc, char **argv)
{
	const char *servers[] = { argc > 1 && argv[1][0] == '@' ? argv[1] + 1 : NULL, NULL };
	struct onnet_resolver_options options = { .servers = servers[0] ? servers : NULL };
	struct event_base *base = event_base_new();
	struct onnet_resolver *resolver;

	if (!base || onnet_resolver_new(&resolver, &options) < 0)
		return 1;
	watcher =
		event_new(base, onnet_resolver_fd(resolver), EV_READ | EV_PERSIST, ready, resolver);
	for (int i = servers[0] ? 2 : 1; i < argc; i++)
		if (onnet_lookup_start(resolver, argv[i], NULL, done, NULL, NULL) == 0)
			waiting++;
	if (waiting > 0)
		event_add(watcher, NULL);
	event_base_dispatch(base);

	event_free(watcher);
	event_base_free(base);
	onnet_resolver_free(resolver);
	return 0;
}
