/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet domain: the servers of a SIP domain, set as a whole in one update, and shown as a client
 * will find them.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/lookup.h"
#include "cmd/send.h"
#include "publish/domain.h"
#include "publish/domain_view.h"

/* A negative errno of publish/ as an exit code, and what the fault says. */
static int fail(int err, struct text *fault)
{
	int code = err == -EINVAL ? command_fail(EXIT_INPUT, "%s", text_get(fault)) :
				    command_fail(EXIT_INTERNAL, "out of memory");

	text_done(fault);
	return code;
}

/*
 * The NAPTR records that are at the domain now. With --print a server that can't be asked is no
 * hindrance: NULL then stands for "not known".
 */
static int naptr_now(struct session *s, const knot_dname_t *domain, const struct record **ret,
		     size_t *count)
{
	static const struct record none;
	const struct record *naptr = NULL;
	size_t naptr_count = 0;
	int code = session_lookup(s, domain, KNOT_RRTYPE_NAPTR, &naptr, &naptr_count);

	if (code != 0 && s->print) {
		fputs("onnet: what the domain has now is not known: "
		      "all its NAPTR records will be replaced\n",
		      stderr);
		naptr = NULL;
		naptr_count = 0;
		code = 0;
	} else if (naptr == NULL) {
		naptr = &none;
	}
	*ret = naptr;
	*count = naptr_count;
	return code;
}

static int set_options(struct session *s, int argc, char **argv, struct domain_plan *plan)
{
	static const struct option options[] = {
		{ "server", required_argument, NULL, 's' },
		{ "standby", required_argument, NULL, 'b' },
		{ "transport", required_argument, NULL, 't' },
		{ "ttl", required_argument, NULL, 'l' },
		{ 0 },
	};
	struct text fault = { 0 };
	int option, code = 0, err = 0;

	optind = 0;
	opterr = 0;
	while (code == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's' || option == 'b')
			err = domain_server_parse(plan, &s->arena, optarg, option == 'b', &fault);
		else if (option == 't')
			err = domain_transports_parse(plan, optarg, &fault);
		else if (option == 'l')
			code = option_amount(s, "ttl", optarg, INT32_MAX, &plan->ttl);
		else
			code = command_misuse(s, "not an option: %s", argv[optind - 1]);
		if (err < 0)
			return fail(err, &fault);
	}
	if (code == 0 && optind != argc)
		code = command_misuse(s, "too much: %s", argv[optind]);
	if (code == 0 && plan->server_count == 0)
		code = command_misuse(s, "a domain needs at least one --server");
	return code;
}

static void say_set(const char *domain, const struct domain_plan *plan)
{
	size_t standby = 0;

	for (size_t i = 0; i < plan->server_count; i++)
		standby += plan->server[i].standby;

	printf("%s: ", domain);
	for (size_t i = 0; i < plan->transport_count; i++)
		printf("%s%s", i == 0 ? "" : ", ", plan->transport[i]->title);
	printf(" to %zu server%s", plan->server_count - standby,
	       plan->server_count - standby == 1 ? "" : "s");
	if (standby > 0)
		printf(", %zu on stand-by", standby);
	putchar('\n');
}

/* The domain is the one argument that is no option; options may stand on both its sides. */
static int domain_argument(struct session *s, int argc, char **argv, const knot_dname_t **ret)
{
	if (argc < 2)
		return command_misuse(s, "which domain?");
	return session_name(s, argv[1], ret, "domain");
}

static int run_set(struct session *s, int argc, char **argv)
{
	struct domain_plan *plan = arena_zero(&s->arena, sizeof(*plan));
	struct changes changes = { .arena = &s->arena };
	const knot_dname_t *zone;
	const struct record *naptr;
	size_t naptr_count;
	struct text fault = { 0 };

	if (plan == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");

	/*
	 * A server may be named relative to the domain, so the domain is needed before the
	 * options.
	 */
	if (argc > 1 && argv[1][0] == '-')
		return command_misuse(s, "the domain comes first, its servers after it");

	int code = domain_argument(s, argc, argv, &plan->domain);
	if (code != 0)
		return code;
	plan->ttl = DOMAIN_TTL;
	int err = domain_transports_parse(plan, "tls,tcp,udp", &fault);
	if (err < 0)
		return fail(err, &fault);
	code = set_options(s, argc - 1, argv + 1, plan);
	if (code == 0)
		code = session_zone(s, plan->domain, &zone);
	if (code == 0)
		code = naptr_now(s, plan->domain, &naptr, &naptr_count);
	if (code != 0)
		return code;

	err = domain_changes(&changes, plan, zone, naptr, naptr_count, &fault);
	if (err < 0)
		return fail(err, &fault);
	code = send_changes(s, zone, &changes);
	if (code == 0 && !s->print)
		say_set(argv[1], plan);
	return code;
}

static int run_unset(struct session *s, int argc, char **argv)
{
	struct changes changes = { .arena = &s->arena };
	const knot_dname_t *domain, *zone;
	const struct record *naptr;
	size_t naptr_count;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return command_misuse(s, "one domain, no options");

	int code = domain_argument(s, argc, argv, &domain);
	if (code == 0)
		code = session_zone(s, domain, &zone);
	if (code == 0)
		code = naptr_now(s, domain, &naptr, &naptr_count);
	if (code != 0)
		return code;
	if (domain_unset_changes(&changes, domain, naptr, naptr_count) < 0)
		return command_fail(EXIT_INTERNAL, "out of memory");
	code = send_changes(s, zone, &changes);
	if (code == 0 && !s->print)
		printf("%s: no SIP domain any more; addresses of hosts were left\n", argv[1]);
	return code;
}

static int view_lookup(void *arg, const knot_dname_t *name, uint16_t type,
		       const struct record **ret, size_t *count)
{
	return lookup_records(arg, name, type, ret, count);
}

static int run_show(struct session *s, int argc, char **argv)
{
	struct lookup lookup = { .session = s };
	const struct view_source source = { .lookup = view_lookup, .arg = &lookup };
	const knot_dname_t *domain;
	struct domain_view view;
	struct text out = { 0 };

	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return command_misuse(s, "one domain, no options");

	int code = domain_argument(s, argc, argv, &domain);
	if (code != 0)
		return code;
	int err = domain_view(&s->arena, &view, domain, &source);
	if (err < 0)
		return lookup_exit(&lookup, err, argv[1]);
	if (view.transport_count == 0 && !s->json)
		return command_fail(EXIT_NOT_FOUND, "%s has neither NAPTR nor SRV records for SIP",
				    view.domain);
	if (s->json)
		domain_view_json(&out, &view);
	else
		domain_view_format(&out, &view);
	code = text_show(&out);
	return code == 0 && view.transport_count == 0 ? EXIT_NOT_FOUND : code;
}

static const char set_help[] =
	"The domain's NAPTR, SRV and address records become exactly this, in one update.\n"
	"Servers share the calls by weight (10 where none is given); those on --standby get\n"
	"calls only when all others fail. Both options may be repeated.\n"
	"\n"
	"  HOST            a name; without a dot it lies in the domain\n"
	"  :PORT           for TCP and UDP, default 5060\n"
	"  tls-port=N      for TLS, default 5061\n"
	"  weight=N        0 to 65535\n"
	"  address=IP      IPv4 or IPv6; may be repeated. HOST then has these addresses and\n"
	"                  no others; without address= its addresses are left alone\n"
	"\n"
	"  --transport     which, the most wanted first; those left out are taken away\n"
	"  --ttl SECONDS   default 60\n"
	"\n"
	"Other NAPTR records at the domain's name are left alone.\n";

static const struct command commands[] = {
	{ .name = "set",
	  .run = run_set,
	  .usage = "DOMAIN --server HOST[:PORT][,weight=N][,tls-port=N][,address=IP]... "
		   "[--standby HOST...] [--transport tls,tcp,udp] [--ttl SECONDS]",
	  .brief = "publish the servers of a SIP domain",
	  .help = set_help,
	  .own = "server" },
	{ .name = "show",
	  .run = run_show,
	  .usage = "DOMAIN",
	  .brief = "show transports, shares, reserve and what is missing" },
	{ .name = "unset",
	  .run = run_unset,
	  .usage = "DOMAIN",
	  .brief = "take the NAPTR and SRV records of a SIP domain away" },
	{ .name = NULL },
};

const struct command command_domain = {
	.name = "domain",
	.sub = commands,
	.brief = "SIP domains: servers, load sharing, reserve",
};
