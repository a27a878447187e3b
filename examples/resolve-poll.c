/* SPDX-License-Identifier: MIT */
/*
 * Look-ups from a loop around poll(2): the resolver is one more descriptor in it.
 *
 *	cc resolve-poll.c $(pkg-config --cflags --libs onnet)
 *	./a.out [@192.0.2.53] sip:alice@example.net +12025550123
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>

#include <onnet/resolve.h>

static int waiting;

/* A target as "tcp 192.0.2.1 port 5060, certificate for example.net". */
static void show(const struct onnet_target *target)
{
	const union onnet_address *address = &target->endpoint.address;
	char text[INET6_ADDRSTRLEN];

	if (address->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &address->v6.sin6_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET, &address->v4.sin_addr, text, sizeof(text));
	/* The port is at the same place in both. */
	printf("  %s %s port %u, certificate for %s\n",
	       onnet_transport_name(target->endpoint.transport), text, ntohs(address->v4.sin_port),
	       target->domain);
}

static void done(int err, struct onnet_result *result, void *arg)
{
	(void)arg;
	waiting--;
	if (err < 0)
		return;
	printf("%s: %s\n", result->input, onnet_error_name(result->error));
	for (size_t i = 0; i < result->uri_count; i++)
		printf("  %s\n", result->uris[i].uri);
	for (size_t i = 0; i < result->target_count; i++)
		show(&result->targets[i]);
	onnet_result_free(result);
}

int main(int argc, char **argv)
{
	const char *servers[] = { argc > 1 && argv[1][0] == '@' ? argv[1] + 1 : NULL, NULL };
	struct onnet_resolver_options options = { .servers = servers[0] ? servers : NULL };
	struct onnet_resolver *resolver;

	if (onnet_resolver_new(&resolver, &options) < 0)
		return 1;
	for (int i = servers[0] ? 2 : 1; i < argc; i++)
		if (onnet_lookup_start(resolver, argv[i], NULL, done, NULL, NULL) == 0)
			waiting++;
	while (waiting > 0) {
		struct pollfd polled[] = {
			{ .fd = onnet_resolver_fd(resolver), .events = POLLIN },
			/* and all others of the program */
		};

		if (poll(polled, 1, -1) < 0)
			break;
		if (polled[0].revents && onnet_resolver_process(resolver) < 0)
			break;
	}
	onnet_resolver_free(resolver);
	return waiting > 0;
}
