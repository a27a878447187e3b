/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a look-up costs: libonnet's, and a bare question to libunbound as its limit.
 *
 *	bench-resolve known|new|bare SERVER@PORT COUNT      look-ups a second, CPU of one
 *	bench-resolve memory SERVER@PORT COUNT              of a resolver, of a look-up under way
 *
 * The server has wildcards below DOMAIN. "known": all ask for one domain, so that the cache answers
 * all but the first; "new": each asks for another, whose first question goes over the wire,
 * WINDOW look-ups at a time. "bare": libunbound alone is asked one question that it knows, in the
 * same loop as the driver's. "memory": a silent server is best.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unbound-event.h>
#include <unbound.h>

#include "clock.h"
#include "onnet/resolve.h"
#include "resolve/loop.h"

#define DOMAIN "bench.example"

enum { WINDOW = 256, INPUT_ROOM = 128 };

/* One run. */
struct run {
	struct onnet_resolver *resolver;
	bool fresh; /* each look-up has a name of its own */
	unsigned started;
	unsigned count;
	unsigned done;
	unsigned failed;
};

static void look_up(struct run *run);

static void looked_up(int err, struct onnet_result *result, void *arg)
{
	struct run *run = arg;

	run->done++;
	run->failed += err < 0 || result->target_count == 0;
	onnet_result_free(result);
	if (run->started < run->count)
		look_up(run);
}

static void look_up(struct run *run)
{
	char input[INPUT_ROOM];

	if (run->fresh)
		snprintf(input, sizeof(input), "sip:alice@h%u." DOMAIN, run->started);
	else
		snprintf(input, sizeof(input), "sip:alice@h." DOMAIN);
	run->started++;
	if (onnet_lookup_start(run->resolver, input, NULL, looked_up, run, NULL) < 0)
		exit(1);
}

static void wait_for(struct onnet_resolver *resolver)
{
	struct pollfd p = { .fd = onnet_resolver_fd(resolver), .events = POLLIN };

	poll(&p, 1, -1);
	if (onnet_resolver_process(resolver) < 0)
		exit(1);
}

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * CLOCK_SECOND +
	       ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * 1000;
}

static void report(uint64_t since, uint64_t cpu, unsigned count, unsigned failed)
{
	uint64_t took = clock_ns() - since;

	printf("%.0f %.2f %u\n", (double)count * CLOCK_SECOND / (double)took,
	       (double)(cpu_ns() - cpu) / count / 1000, failed);
}

static void lookups_measure(struct onnet_resolver *resolver, unsigned count, bool fresh)
{
	struct run run = { .resolver = resolver, .fresh = fresh, .count = 1 };
	uint64_t since;
	uint64_t cpu;

	look_up(&run); /* the first fills the cache */
	while (run.done < run.count)
		wait_for(resolver);
	run.count += count;
	since = clock_ns();
	cpu = cpu_ns();
	for (unsigned i = 0; i < WINDOW && run.started < run.count; i++)
		look_up(&run);
	while (run.done < run.count)
		wait_for(resolver);
	report(since, cpu, count, run.failed);
}

static void answered(void *arg, int rcode, void *packet, int size, int sec, char *why, int limited)
{
	(void)packet;
	(void)size;
	(void)sec;
	(void)why;
	(void)limited;
	*(unsigned *)arg += rcode == 0;
}

static void bare_measure(const char *server, unsigned count)
{
	struct loop *loop;
	struct ub_ctx *context;
	unsigned good = 0;
	uint64_t since;
	uint64_t cpu;

	if (loop_new(&loop) < 0 || !(context = ub_ctx_create_ub_event(loop_base(loop))) ||
	    ub_ctx_set_fwd(context, server) != 0)
		exit(1);
	ub_resolve_event(context, "one." DOMAIN, 1, 1, &good, answered, NULL);
	while (good == 0) {
		struct pollfd p = { .fd = loop_fd(loop), .events = POLLIN };

		loop_arm(loop, 0);
		poll(&p, 1, -1);
		loop_run(loop);
	}
	good = 0;
	since = clock_ns();
	cpu = cpu_ns();
	for (unsigned i = 0; i < count; i++)
		ub_resolve_event(context, "one." DOMAIN, 1, 1, &good, answered, NULL);
	report(since, cpu, count, count - good);
	ub_ctx_delete(context);
	loop_free(loop);
}

static size_t memory(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void memory_measure(const struct onnet_resolver_options *options, unsigned count)
{
	size_t before = memory();
	struct run run = { .fresh = true, .count = count };
	size_t made;

	if (onnet_resolver_new(&run.resolver, options) < 0)
		exit(1);
	made = memory();
	while (run.started < count)
		look_up(&run);
	printf("%zu %zu\n", made - before, (memory() - made) / count);
	onnet_resolver_free(run.resolver);
}

int main(int argc, char **argv)
{
	const char *servers[] = { argc > 2 ? argv[2] : NULL, NULL };
	const struct onnet_resolver_options options = { .servers = servers, .seed = 1 };
	unsigned count = argc == 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	struct onnet_resolver *resolver;

	if (count == 0) {
		fprintf(stderr, "usage: bench-resolve known|new|bare|memory SERVER@PORT COUNT\n");
		return 2;
	}
	if (strcmp(argv[1], "bare") == 0) {
		bare_measure(argv[2], count);
	} else if (strcmp(argv[1], "memory") == 0) {
		memory_measure(&options, count);
	} else {
		if (onnet_resolver_new(&resolver, &options) < 0)
			return 1;
		lookups_measure(resolver, count, strcmp(argv[1], "new") == 0);
		onnet_resolver_free(resolver);
	}
	return 0;
}
