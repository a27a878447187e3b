/* SPDX-License-Identifier: MIT */
/*
 * Look-ups in libuv's loop.
 *
 *	cc resolve-libuv.c $(pkg-config --cflags --libs onnet libuv)
 *	./a.out [@192.0.2.53] sip:alice@example.net +12025550123
 */
#include <stdio.h>
#include <stdlib.h>

#include <onnet/resolve.h>
#include <uv.h>

static uv_poll_t watcher;
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
		uv_poll_stop(&watcher);
}

static void ready(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	onnet_resolver_process(handle->data);
}

int main(int argc, char **argv)
{
	const char *servers[] = { argc > 1 && argv[1][0] == '@' ? argv[1] + 1 : NULL, NULL };
	struct onnet_resolver_options options = { .servers = servers[0] ? servers : NULL };
	uv_loop_t *loop = uv_default_loop();
	struct onnet_resolver *resolver;

	if (onnet_resolver_new(&resolver, &options) < 0)
		return 1;
	uv_poll_init(loop, &watcher, onnet_resolver_fd(resolver));
	watcher.data = resolver;
	for (int i = servers[0] ? 2 : 1; i < argc; i++)
		if (onnet_lookup_start(resolver, argv[i], NULL, done, NULL, NULL) == 0)
			waiting++;
	if (waiting > 0)
		uv_poll_start(&watcher, UV_READABLE, ready);
	uv_run(loop, UV_RUN_DEFAULT);

	/* libuv lets go of the descriptor before the resolver closes it. */
	uv_close((uv_handle_t *)&watcher, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	onnet_resolver_free(resolver);
	return uv_loop_close(loop) != 0;
}
