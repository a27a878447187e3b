/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet resolve: which servers a call goes to, by libonnet.
 *
 * Inputs are started as they come and printed in the order in which they came. Between the two
 * lies a ring of IN_FLIGHT slots: one that is slow holds back what came after it, but not the
 * work on it, until the ring is full. So a million lines take no more memory than a few thousand.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/resolve.h"
#include "cmd/send.h"

enum { IN_FLIGHT = 2048 };

struct slot {
	bool done;
	int err;
	struct onnet_result *result;
};

struct run {
	struct session *s;
	const struct resolve_options *o;
	struct onnet_resolver *resolver;
	struct lines lines;
	size_t next; /* of the inputs of the command line */
	struct slot ring[IN_FLIGHT];
	size_t first, count;
	size_t good, bad; /* with and without a result */
	int code;         /* the first that was not 0 */
};

static int fail(int err)
{
	return err == -ENOMEM ? command_fail(EXIT_INTERNAL, "out of memory") :
				command_fail(EXIT_INTERNAL, "the resolver: %s", strerror(-err));
}

static void slot_done(int err, struct onnet_result *result, void *arg)
{
	struct slot *slot = arg;

	slot->done = true;
	slot->err = err;
	slot->result = result;
}

static const char *next_input(struct run *run)
{
	if (run->o->batch)
		return lines_next(&run->lines);
	return run->next < run->o->input_count ? run->o->inputs[run->next++] : NULL;
}

static bool inputs_ended(const struct run *run)
{
	return run->o->batch ? run->lines.ended && run->lines.size == 0 :
			       run->next == run->o->input_count;
}

static int start_inputs(struct run *run)
{
	const char *input;

	while (run->count < IN_FLIGHT && (input = next_input(run)) != NULL) {
		struct slot *slot = &run->ring[(run->first + run->count) % IN_FLIGHT];

		*slot = (struct slot){ 0 };
		int err = (run->o->via ? onnet_via_start : onnet_lookup_start)(
			run->resolver, input, NULL, slot_done, slot, NULL);
		if (err < 0)
			return fail(err);
		run->count++;
	}
	return 0;
}

static int show_json(const struct onnet_result *result)
{
	char *line;
	int err = onnet_result_json(result, &line);

	if (err < 0)
		return fail(err);
	puts(line);
	free(line);
	return result->error == ONNET_OK ? 0 : EXIT_LOOKUP + (int)result->error;
}

static int show_line(const struct onnet_result *result)
{
	struct text line = { 0 };

	resolve_line(&line, result);
	int code = text_show(&line);
	return code != 0 ? code : result->error == ONNET_OK ? 0 : EXIT_LOOKUP + (int)result->error;
}

/* What is done, as far as nothing before it is missing. An exit code where that did not work. */
static int show_done(struct run *run)
{
	while (run->count > 0 && run->ring[run->first].done) {
		struct slot *slot = &run->ring[run->first];
		struct onnet_result *result = slot->result;

		run->first = (run->first + 1) % IN_FLIGHT;
		run->count--;
		if (slot->err < 0)
			return fail(slot->err);
		if (!run->s->json && !run->o->batch && run->good + run->bad > 0)
			putchar('\n');
		int code = run->s->json  ? show_json(result) :
			   run->o->batch ? show_line(result) :
					   resolve_show(run->o, result);
		onnet_result_free(result);
		if (code != 0 && code <= EXIT_LOOKUP)
			return code;
		run->good += code == 0;
		run->bad += code != 0;
		if (run->code == 0)
			run->code = code;
	}
	return fflush(stdout) == 0 ? 0 : command_fail(EXIT_INTERNAL, "the output can't be written");
}

/* Waits for an answer or for more to look up, and takes it. */
static int wait_and_take(struct run *run)
{
	bool read = run->o->batch && !run->lines.ended && run->count < IN_FLIGHT;
	struct pollfd fds[] = {
		{ .fd = onnet_resolver_fd(run->resolver), .events = POLLIN },
		{ .fd = read ? run->lines.fd : -1, .events = POLLIN },
	};
	int err = 0;

	if (poll(fds, 2, -1) < 0 && errno != EINTR)
		return fail(-errno);
	if (fds[0].revents != 0)
		err = onnet_resolver_process(run->resolver);
	if (err < 0)
		return fail(err);
	if (fds[1].revents != 0)
		err = lines_read(&run->lines);
	if (err < 0)
		return command_fail(EXIT_INPUT, "standard input: %s", strerror(-err));
	return 0;
}

static int mark(struct run *run, const char *const *list, enum onnet_mark mark)
{
	for (; list != NULL && *list != NULL; list++) {
		struct onnet_endpoint endpoint;
		int err = onnet_endpoint_parse(&endpoint, *list);

		if (err == 0)
			err = onnet_target_mark(run->resolver, &endpoint, mark, 0);
		if (err < 0)
			return fail(err);
	}
	return 0;
}

static int run_inputs(struct run *run)
{
	int code = mark(run, run->o->avoid, ONNET_MARK_GREY);

	if (code == 0)
		code = mark(run, run->o->exclude, ONNET_MARK_BLACK);
	while (code == 0) {
		code = start_inputs(run);
		if (code == 0 && run->count == 0 && inputs_ended(run))
			break;
		if (code == 0)
			code = wait_and_take(run);
		if (code == 0)
			code = show_done(run);
	}
	if (code != 0)
		return code;
	if (run->o->batch)
		return 0;
	return run->good > 0 && run->bad > 0 ? EXIT_PARTLY : run->code;
}

/* All but the anchors was looked at before. */
static int fail_options(const struct resolve_options *o, int err)
{
	if (err == -ENOMEM || o->resolver.trust_anchors == NULL)
		return fail(err);
	return command_fail(EXIT_INPUT, "--trust-anchor: neither a DS or DNSKEY record nor the "
					"path, with its first slash, of a file of them");
}

static int run_resolve(struct session *s, int argc, char **argv)
{
	struct resolve_options o;
	struct run *run;
	int code = resolve_options_read(s, argc, argv, &o);

	if (code != 0)
		return code;
	run = arena_zero(&s->arena, sizeof(*run));
	if (run == NULL)
		return fail(-ENOMEM);
	run->s = s;
	run->o = &o;
	run->lines.fd = STDIN_FILENO;
	int err = onnet_resolver_new(&run->resolver, &o.resolver);
	if (err < 0)
		return fail_options(&o, err);
	code = run_inputs(run);
	onnet_resolver_free(run->resolver);
	for (; run->count > 0; run->count--, run->first = (run->first + 1) % IN_FLIGHT)
		onnet_result_free(run->ring[run->first].result);
	lines_done(&run->lines);
	return code;
}

static const char help[] =
	"INPUT is a SIP, SIPS or tel URI, a number such as +12025550123, or an ISN such as\n"
	"123*543. The servers to try are printed in their order; of a number its URIs.\n"
	"\n"
	"Names of the zones of onnet.yaml are asked of the server of onnet.yaml, all others of\n"
	"the system's resolvers; with --server that server is asked for everything, and no other.\n"
	"Lists have commas or blanks between their values, and may be repeated.\n"
	"\n"
	"  --transports LIST   that the client has, most wanted first: udp, tcp, tls, sctp,\n"
	"                      tls-sctp, ws, wss; default udp,tcp,tls\n"
	"  --families LIST     of addresses: v4, v6; default both\n"
	"  --services LIST     of numbers: sip, voice:tel, pstn:tel ...; default all\n"
	"  --suffix NAME...    look numbers up below these domains, in order; default those of\n"
	"                      onnet.yaml, else e164.arpa\n"
	"  --isn-suffix NAME...  the same for ISNs; default --suffix, else onnet.yaml, else\n"
	"                      freenum.org\n"
	"  --follow            go on from a number's URIs to their servers\n"
	"  --infrastructure    numbers as carriers look them up among themselves (RFC 5526)\n"
	"  --avoid ADDRESS:PORT/TRANSPORT...    try these last\n"
	"  --exclude ADDRESS:PORT/TRANSPORT...  do not try these\n"
	"  --via VIA           where the response to this Via goes, \"SIP/2.0/UDP host:port\"\n"
	"  --dnssec[=require]  validate; with require nothing unsigned counts\n"
	"  --trust-anchor ANCHOR...  a DS or DNSKEY record, or /a/file of them; default the root's\n"
	"  --batch             inputs from standard input, a line of output for each line\n"
	"  --seed N            make the draws between servers that share the load repeatable\n"
	"  --explain           each question, its answer, and what was taken or dropped by\n"
	"                      which rule\n"
	"\n"
	"--timeout is for a whole look-up, default 10. Without a result the exit code is\n"
	"10 bad_uri, 11 bad_input, 12 nxdomain, 13 no_records, 14 no_match,\n"
	"15 no_supported_transport, 16 service_not_available, 17 unallocated, 18 loop,\n"
	"19 timeout, 20 servfail, 21 bogus.\n";

const struct command command_resolve = {
	.name = "resolve",
	.run = run_resolve,
	.usage = "INPUT...|--batch|--via VIA [--follow] [--explain] [OPTIONS]",
	.brief = "find the servers that a call goes to",
	.help = help,
};
