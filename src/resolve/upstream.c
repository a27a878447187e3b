/* SPDX-License-Identifier: MIT */
/*
 * Name servers by way of libunbound: one context with its cache, in our loop.
 *
 * Everything is forwarded to the servers given (or to the system's), recursion and all; only private
 * trees are asked for at their own servers. Servers that hold the records themselves can be
 * forwarded to as well: libunbound takes an authoritative answer from a forwarder for what it is,
 * goes on with aliases that leave the server's zones by asking the same server, and does not follow
 * its referrals to others.
 *
 * libunbound makes no thread and no process in this mode (unbound-event.h), and calls back either
 * from within ub_resolve_event(), when it knows the answer, or from an event of the loop.
 *
 * What the name servers' silence means: libunbound tells of SERVFAIL in either case. It was a
 * time-out if no datagram at all came in since the question went out. RFC 9520 has failures
 * remembered, which libunbound does for five seconds; meanwhile the failure counts as what it was.
 *
 * Times: a server's time-out starts at SERVER_RTT_MIN and doubles up to SERVER_RTT_MAX, so that
 * five tries fit into the ten seconds of a look-up; what is known of its times is dropped after
 * SERVER_MEMORY. So a server that comes back after an outage is asked again at once, which with
 * libunbound's own times can take two minutes. (libunbound keeps the first two per process.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <unbound-event.h>
#include <unbound.h>

#include "base/arena.h"
#include "resolve/message.h"
#include "resolve/name.h"
#include "resolve/upstream.h"

#define SERVER_RTT_MIN "400"  /* milliseconds */
#define SERVER_RTT_MAX "4000" /* milliseconds */
#define SERVER_MEMORY "2"     /* seconds */

enum {
	CACHE_OCTETS = 4 * 1024 * 1024,
	SOCKETS_MIN = 4,
	SOCKETS_MAX = 256,
	CLASS_IN = 1,
	OPTION_ROOM = 32,

	/* ub_event_callback_type, sec */
	SEC_BOGUS = 1,
	SEC_SECURE = 2,

	RCODE_NXDOMAIN = 3,
};

struct upstream {
	struct ub_ctx *context;
	struct loop *loop;
	LIST_HEAD(upstream_list, upstream_question) questions; /* on their way */
	struct upstream_question *asking; /* the one that upstream_ask() is at */
	struct arena arena;               /* for one answer */
	enum onnet_dnssec dnssec;
	bool silent; /* the last failure was silence */
};

static const struct {
	const char *name;
	const char *value;
} settings[] = {
	/* What a program that makes calls wants of a resolver. */
	{ "outgoing-num-tcp:", "8" },
	{ "infra-cache-min-rtt:", SERVER_RTT_MIN },
	{ "infra-cache-max-rtt:", SERVER_RTT_MAX },
	{ "infra-host-ttl:", SERVER_MEMORY },
	{ "infra-keep-probing:", "yes" },
	{ "rrset-roundrobin:", "no" }, /* the order of servers is drawn elsewhere, and by seed */
	{ "minimal-responses:", "yes" },

	/* Who is forwarded to sees all names anyway, and servers of private trees own theirs. */
	{ "qname-minimisation:", "no" },
	{ "target-fetch-policy:", "0 0 0 0 0" },

	/* Names that libunbound would answer itself with "no such name", but that people use. */
	{ "local-zone:", "test. transparent" },
	{ "local-zone:", "home.arpa. transparent" },
};

/* The root's keys of 2017 and 2024, as IANA publishes them; for whoever gives no anchor. */
static const char *const root_anchors[] = {
	". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
	". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
	NULL,
};

static int error_of(int ub_error)
{
	switch (ub_error) {
	case UB_NOERROR:
		return 0;
	case UB_NOMEM:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

static int setting_put(struct upstream *u, const char *name, const char *value)
{
	return error_of(ub_ctx_set_option(u->context, name, value));
}

static int number_put(struct upstream *u, const char *name, size_t number)
{
	char text[OPTION_ROOM];

	snprintf(text, sizeof(text), "%zu", number);
	return setting_put(u, name, text);
}

/* Questions on the wire at once have a socket each; further ones wait. Most are the program's. */
static size_t sockets_max(void)
{
	struct rlimit files;
	size_t share;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == RLIM_INFINITY)
		return SOCKETS_MAX;
	share = (size_t)files.rlim_cur / 4;
	if (share < SOCKETS_MIN)
		return SOCKETS_MIN;
	return share < SOCKETS_MAX ? share : SOCKETS_MAX;
}

static int settings_put(struct upstream *u, const struct onnet_resolver_options *options)
{
	size_t cache = options->cache_octets ? options->cache_octets : CACHE_OCTETS;
	int err;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		err = setting_put(u, settings[i].name, settings[i].value);
		if (err < 0)
			return err;
	}
	err = setting_put(u, "module-config:",
			  options->dnssec == ONNET_DNSSEC_OFF ? "iterator" : "validator iterator");
	if (err < 0)
		return err;
	err = number_put(u, "outgoing-range:", sockets_max());
	if (err < 0)
		return err;
	/* libunbound's advice: records take twice the room of the messages that name them. */
	err = number_put(u, "msg-cache-size:", cache / 3);
	if (err < 0)
		return err;
	return number_put(u, "rrset-cache-size:", cache - cache / 3);
}

static int servers_put(struct upstream *u, const char *const *servers)
{
	int err = 0;

	if (!servers) {
		/* resolv.conf(5): without the file, or a server in it, it is this host's own. */
		if (ub_ctx_resolvconf(u->context, NULL) == 0)
			return 0;
		return error_of(ub_ctx_set_fwd(u->context, "127.0.0.1"));
	}
	for (; *servers && err == 0; servers++)
		err = error_of(ub_ctx_set_fwd(u->context, *servers));
	return err;
}

static int anchor_put(struct upstream *u, const char *anchor)
{
	if (anchor[0] != '/')
		return error_of(ub_ctx_add_ta(u->context, anchor));
	if (access(anchor, R_OK) < 0)
		return -errno;
	return error_of(ub_ctx_add_ta_file(u->context, anchor));
}

static int anchors_put(struct upstream *u, const struct onnet_resolver_options *options)
{
	const char *const *anchor = options->trust_anchors;
	int err = 0;

	if (options->dnssec == ONNET_DNSSEC_OFF)
		return 0;
	if (!anchor)
		anchor = root_anchors;
	for (; *anchor && err == 0; anchor++)
		err = anchor_put(u, *anchor);
	return err;
}

/* Whether a line of a master file is about the name. */
static bool line_is_of(const char *line, const struct name *name)
{
	struct name owner;

	if (name_parse(&owner, slice_make(line, strcspn(line, " \t\r\n"))) < 0)
		return false;
	return name_equal(name_slice(&owner), name_slice(name));
}

static bool file_is_of(const char *path, const struct name *name)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	if (!file)
		return false;
	while (!found && getline(&line, &room, file) >= 0)
		found = line_is_of(line, name);
	free(line);
	fclose(file);
	return found;
}

/* Whether the name is a trust anchor's own. */
static bool anchor_is_of(const char *const *anchors, const struct name *name)
{
	for (; anchors && *anchors; anchors++)
		if (**anchors == '/' ? file_is_of(*anchors, name) : line_is_of(*anchors, name))
			return true;
	return false;
}

/*
 * A private tree is in no public zone, so that the chain of trust from the root says that it does
 * not exist; unless it has an anchor of its own.
 */
static int stub_put(struct upstream *u, const struct onnet_stub *stub,
		    const struct onnet_resolver_options *options)
{
	struct name domain;
	int err = name_parse(&domain, slice_text(stub->domain));

	if (err < 0)
		return err;
	err = error_of(ub_ctx_set_stub(u->context, stub->domain, stub->server, 0));
	if (err < 0 || options->dnssec == ONNET_DNSSEC_OFF ||
	    anchor_is_of(options->trust_anchors, &domain))
		return err;
	return setting_put(u, "domain-insecure:", stub->domain);
}

static int stubs_put(struct upstream *u, const struct onnet_resolver_options *options)
{
	int err = 0;

	for (size_t i = 0; i < options->stub_count && err == 0; i++)
		err = stub_put(u, &options->stubs[i], options);
	return err;
}

static void proof_answered(void *arg, int rcode, void *packet, int size, int sec, char *why,
			   int limited)
{
	(void)rcode;
	(void)packet;
	(void)size;
	(void)sec;
	(void)why;
	(void)limited;
	*(bool *)arg = true;
}

/*
 * Only the first question makes libunbound read its settings. One that it can answer itself shows
 * whether they are good.
 */
static int proof_ask(struct upstream *u, const struct onnet_resolver_options *options)
{
	bool answered = false;
	int err = ub_resolve_event(u->context, "localhost", MACHINE_A, CLASS_IN, &answered,
				   proof_answered, NULL);

	if (err == 0 && answered)
		return 0;
	if (err == UB_NOMEM || !options->trust_anchors)
		return -ENOMEM;
	return -EINVAL;
}

int upstream_new(struct upstream **ret, struct loop *loop,
		 const struct onnet_resolver_options *options)
{
	struct upstream *u = calloc(1, sizeof(struct upstream));
	int err = -ENOMEM;

	if (!u)
		return -ENOMEM;
	LIST_INIT(&u->questions);
	u->loop = loop;
	u->dnssec = options->dnssec;
	u->context = ub_ctx_create_ub_event(loop_base(loop));
	if (!u->context)
		goto out;
	ub_ctx_debugout(u->context, NULL); /* a library says nothing on its own */
	err = settings_put(u, options);
	if (err == 0)
		err = servers_put(u, options->servers);
	if (err == 0)
		err = anchors_put(u, options);
	if (err == 0)
		err = stubs_put(u, options);
	if (err == 0)
		err = proof_ask(u, options);
	if (err == 0)
		*ret = u;
out:
	if (err < 0)
		upstream_free(u);
	return err;
}

void upstream_free(struct upstream *u)
{
	if (!u)
		return;
	/* libunbound calls back for all that it still has; nobody depends on that here. */
	ub_ctx_delete(u->context);
	while (!LIST_EMPTY(&u->questions)) {
		struct upstream_question *q = LIST_FIRST(&u->questions);
		const struct machine_answer failed = { .outcome = MACHINE_FAILED };

		LIST_REMOVE(q, link);
		q->answered(q, &failed);
	}
	arena_done(&u->arena);
	free(u);
}

static enum onnet_security security_of(const struct upstream *u, int sec)
{
	if (u->dnssec == ONNET_DNSSEC_OFF)
		return ONNET_UNCHECKED;
	return sec == SEC_SECURE ? ONNET_SECURE : ONNET_INSECURE;
}

static int answer_read(struct machine_answer *ret, struct upstream *u, struct slice packet)
{
	struct message message;
	int err = message_read(&message, packet, &u->arena);

	if (err == -ENOMEM)
		return err;
	if (err < 0 || (message.rcode != 0 && message.rcode != RCODE_NXDOMAIN)) {
		ret->outcome = MACHINE_FAILED;
		return 0;
	}
	ret->nxdomain = message.rcode == RCODE_NXDOMAIN;
	ret->records = message.records;
	ret->count = message.count < MACHINE_RECORDS_MAX ? message.count : MACHINE_RECORDS_MAX;
	ret->ttl = message.ttl;
	ret->alias = message.alias;
	return 0;
}

static void question_answered(void *arg, int rcode, void *packet, int size, int sec, char *why,
			      int limited)
{
	struct upstream_question *q = arg;
	struct upstream *u = q->upstream;
	struct machine_answer answer = { .outcome = MACHINE_ANSWERED };
	bool known = u->asking == q;
	int err = 0;

	(void)why;
	(void)limited;
	answer.whence = known ? MACHINE_FROM_CACHE : MACHINE_FROM_NETWORK;
	answer.security = security_of(u, sec);
	if (sec == SEC_BOGUS)
		answer.outcome = MACHINE_BOGUS;
	else if (rcode != 0 || !packet)
		answer.outcome = MACHINE_FAILED;
	else
		err = answer_read(&answer, u, slice_make(packet, (size_t)size));
	if (answer.outcome == MACHINE_FAILED && !known)
		u->silent = loop_heard(u->loop) == q->heard;
	if (answer.outcome == MACHINE_FAILED && u->silent)
		answer.outcome = MACHINE_TIMED_OUT;
	if (answer.outcome != MACHINE_ANSWERED && loop_starved(u->loop) != q->starved)
		err = -ENOMEM;
	u->asking = NULL;
	LIST_REMOVE(q, link);
	q->answered(q, err < 0 ? NULL : &answer);
	arena_reset(&u->arena);
}

int upstream_ask(struct upstream *u, struct upstream_question *q, struct slice name, uint16_t type)
{
	char text[NAME_TEXT_ROOM];
	int err;

	name_format(text, name);
	q->upstream = u;
	q->type = type;
	q->heard = loop_heard(u->loop);
	q->starved = loop_starved(u->loop);
	LIST_INSERT_HEAD(&u->questions, q, link);
	u->asking = q;
	err = ub_resolve_event(u->context, text, type, CLASS_IN, q, question_answered, NULL);
	u->asking = NULL;
	if (err == 0)
		return 0;
	LIST_REMOVE(q, link);
	if (err == UB_NOMEM)
		return -ENOMEM;
	q->answered(q, &(const struct machine_answer){ .outcome = MACHINE_FAILED });
	return 0;
}
