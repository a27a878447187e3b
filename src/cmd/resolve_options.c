/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of "onnet resolve", and what onnet.yaml adds to it.
 *
 * Options that take a list may be repeated, and their values stand apart by commas or blanks, in
 * one word or, where they can't be taken for an input, in the words that follow: "--suffix
 * e164.example.net e164.arpa +12025550123" has two suffixes and one input.
 *
 * With --server that one server is asked for everything. Without it the zones of onnet.yaml are
 * asked of the server of onnet.yaml, and all other names of the system's resolvers.
 */
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdlib.h>
#include <strings.h>

#include "cmd/command.h"
#include "cmd/resolve.h"

enum list {
	LIST_TRANSPORTS,
	LIST_FAMILIES,
	LIST_SERVICES,
	LIST_SUFFIX,
	LIST_ISN_SUFFIX,
	LIST_AVOID,
	LIST_EXCLUDE,
	LIST_VIA,
	LIST_ANCHOR,
	LIST_INPUT,
	LISTS,
};

enum {
	WORD_IN_ORDER = 1, /* what getopt_long() gives for a word that is no option */
	OPTION_FOLLOW = 0x100,
	OPTION_INFRASTRUCTURE,
	OPTION_DNSSEC,
	OPTION_BATCH,
	OPTION_SEED,
	OPTION_EXPLAIN,
	OPTION_LIST, /* plus enum list */
};

static const struct option options[] = {
	[LIST_TRANSPORTS] = { "transports", required_argument, NULL,
			      OPTION_LIST + LIST_TRANSPORTS },
	[LIST_FAMILIES] = { "families", required_argument, NULL, OPTION_LIST + LIST_FAMILIES },
	[LIST_SERVICES] = { "services", required_argument, NULL, OPTION_LIST + LIST_SERVICES },
	[LIST_SUFFIX] = { "suffix", required_argument, NULL, OPTION_LIST + LIST_SUFFIX },
	[LIST_ISN_SUFFIX] = { "isn-suffix", required_argument, NULL,
			      OPTION_LIST + LIST_ISN_SUFFIX },
	[LIST_AVOID] = { "avoid", required_argument, NULL, OPTION_LIST + LIST_AVOID },
	[LIST_EXCLUDE] = { "exclude", required_argument, NULL, OPTION_LIST + LIST_EXCLUDE },
	[LIST_VIA] = { "via", required_argument, NULL, OPTION_LIST + LIST_VIA },
	[LIST_ANCHOR] = { "trust-anchor", required_argument, NULL, OPTION_LIST + LIST_ANCHOR },
	/* the rest stands behind, in any order */
	{ "follow", no_argument, NULL, OPTION_FOLLOW },
	{ "infrastructure", no_argument, NULL, OPTION_INFRASTRUCTURE },
	{ "dnssec", optional_argument, NULL, OPTION_DNSSEC },
	{ "batch", no_argument, NULL, OPTION_BATCH },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "explain", no_argument, NULL, OPTION_EXPLAIN },
	{ 0 },
};

/* Words that grow, with a NULL at the end. */
struct words {
	const char **at;
	size_t count, room;
};

struct reading {
	struct session *s;
	struct resolve_options *o;
	struct words list[LISTS];
};

static int out_of_memory(void)
{
	return command_fail(EXIT_INTERNAL, "out of memory");
}

static int words_add(struct session *s, struct words *words, const char *word)
{
	if (words->count + 1 >= words->room) {
		size_t room = words->room * 2 + 8;
		const char **grown = arena_take(&s->arena, room * sizeof(*grown));

		if (grown == NULL)
			return out_of_memory();
		if (words->count > 0)
			memcpy(grown, words->at, words->count * sizeof(*grown));
		words->at = grown;
		words->room = room;
	}
	words->at[words->count++] = word;
	words->at[words->count] = NULL;
	return 0;
}

static int words_split(struct session *s, struct words *words, const char *text)
{
	static const char between[] = ", \t\n";
	int code = 0;

	for (text += strspn(text, between); code == 0 && *text != '\0';) {
		size_t size = strcspn(text, between);
		const char *word = arena_printf(&s->arena, "%.*s", (int)size, text);

		code = word != NULL ? words_add(s, words, word) : out_of_memory();
		text += size;
		text += strspn(text, between);
	}
	return code;
}

/* Whether a word behind a list's option belongs to the list, since it can be nothing else. */
static bool list_takes(enum list list, const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct onnet_endpoint endpoint;

	switch (list) {
	case LIST_SUFFIX:
	case LIST_ISN_SUFFIX:
		return strpbrk(word, ":@*+;/") == NULL && strpbrk(word, letters) != NULL;
	case LIST_AVOID:
	case LIST_EXCLUDE:
		return onnet_endpoint_parse(&endpoint, word) == 0;
	default:
		return false;
	}
}

static int set_list(struct reading *r, enum list list, const char *value)
{
	/* these have blanks of their own */
	if (list == LIST_VIA || list == LIST_ANCHOR)
		return words_add(r->s, &r->list[list], value);
	size_t before = r->list[list].count;
	int code = words_split(r->s, &r->list[list], value);
	if (code == 0 && r->list[list].count == before)
		return command_misuse(r->s, "--%s has nothing in it", options[list].name);
	return code;
}

static int set_seed(struct session *s, const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0')
		return command_misuse(s, "--seed '%s': a number from 0 to %llu", text, ~0ULL);
	*ret = value != 0 ? value : UINT64_MAX; /* 0 is chance, for the resolver */
	return 0;
}

static int set_dnssec(struct session *s, const char *text, enum onnet_dnssec *ret)
{
	if (text == NULL || strcmp(text, "report") == 0)
		*ret = ONNET_DNSSEC_REPORT;
	else if (strcmp(text, "require") == 0)
		*ret = ONNET_DNSSEC_REQUIRE;
	else
		return command_misuse(s, "--dnssec=%s: there are report and require", text);
	return 0;
}

static int set_option(struct reading *r, int option)
{
	struct onnet_lookup_options *lookup = &r->o->resolver.lookup;

	switch (option) {
	case OPTION_FOLLOW:
		lookup->follow = true;
		return 0;
	case OPTION_INFRASTRUCTURE:
		lookup->infrastructure = true;
		return 0;
	case OPTION_DNSSEC:
		return set_dnssec(r->s, optarg, &r->o->resolver.dnssec);
	case OPTION_BATCH:
		r->o->batch = true;
		return 0;
	case OPTION_SEED:
		return set_seed(r->s, optarg, &r->o->resolver.seed);
	case OPTION_EXPLAIN:
		r->o->explain = true;
		return 0;
	default:
		return set_list(r, (enum list)(option - OPTION_LIST), optarg);
	}
}

static int read_line(struct reading *r, int argc, char **argv)
{
	int option, code = 0;
	enum list last = LIST_INPUT; /* the list that a further word may belong to */

	optind = 0;
	opterr = 0;
	while (code == 0 && (option = getopt_long(argc, argv, "-", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return command_misuse(r->s, "not an option, or without its value: %s",
					      argv[optind - 1]);
		if (option == WORD_IN_ORDER && list_takes(last, optarg)) {
			code = words_split(r->s, &r->list[last], optarg);
		} else if (option == WORD_IN_ORDER) {
			code = words_add(r->s, &r->list[LIST_INPUT], optarg);
			last = LIST_INPUT;
		} else {
			code = set_option(r, option);
			last = option >= OPTION_LIST ? (enum list)(option - OPTION_LIST) :
						       LIST_INPUT;
		}
	}
	for (; code == 0 && optind < argc; optind++)
		code = words_add(r->s, &r->list[LIST_INPUT], argv[optind]);
	return code;
}

/* --- what the lists mean --- */

static int read_transports(struct session *s, const struct words *words,
			   struct onnet_lookup_options *lookup)
{
	size_t filled = 0;

	for (size_t i = 0; i < words->count; i++) {
		enum onnet_transport t;
		bool there = false;

		if (onnet_transport_parse(&t, words->at[i]) < 0)
			return command_misuse(s,
					      "--transports '%s': there are udp, tcp, tls, sctp, "
					      "tls-sctp, ws, wss",
					      words->at[i]);
		for (size_t k = 0; k < filled; k++)
			there |= lookup->transports[k] == t;
		if (!there)
			lookup->transports[filled++] = t;
	}
	return 0;
}

static int read_families(struct session *s, const struct words *words, unsigned *ret)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->at[i];

		if (strcasecmp(word, "v4") == 0 || strcasecmp(word, "ipv4") == 0)
			*ret |= ONNET_FAMILY_V4;
		else if (strcasecmp(word, "v6") == 0 || strcasecmp(word, "ipv6") == 0)
			*ret |= ONNET_FAMILY_V6;
		else
			return command_misuse(s, "--families '%s': there are v4 and v6", word);
	}
	return 0;
}

static int check_endpoints(struct session *s, enum list list, const struct words *words)
{
	struct onnet_endpoint endpoint;

	for (size_t i = 0; i < words->count; i++)
		if (onnet_endpoint_parse(&endpoint, words->at[i]) < 0)
			return command_misuse(s,
					      "--%s '%s': write 192.0.2.1:5060/udp or "
					      "[2001:db8::1]:5061/tls",
					      options[list].name, words->at[i]);
	return 0;
}

static int check_names(struct session *s, enum list list, const struct words *words)
{
	const knot_dname_t *name;
	const char *what = arena_printf(&s->arena, "--%s:", options[list].name);
	int code = what != NULL ? 0 : out_of_memory();

	for (size_t i = 0; code == 0 && i < words->count; i++)
		code = session_name(s, words->at[i], &name, what);
	return code;
}

static int read_lists(struct reading *r)
{
	struct onnet_lookup_options *lookup = &r->o->resolver.lookup;
	const struct words *list = r->list;
	int code = read_transports(r->s, &list[LIST_TRANSPORTS], lookup);

	if (code == 0)
		code = read_families(r->s, &list[LIST_FAMILIES], &lookup->families);
	for (enum list i = LIST_SUFFIX; code == 0 && i <= LIST_ISN_SUFFIX; i++)
		code = check_names(r->s, i, &list[i]);
	for (enum list i = LIST_AVOID; code == 0 && i <= LIST_EXCLUDE; i++)
		code = check_endpoints(r->s, i, &list[i]);
	lookup->services = list[LIST_SERVICES].at;
	lookup->e164_suffixes = list[LIST_SUFFIX].at;
	lookup->isn_suffixes = list[LIST_ISN_SUFFIX].at;
	if (lookup->isn_suffixes == NULL)
		lookup->isn_suffixes = lookup->e164_suffixes;
	r->o->resolver.trust_anchors = list[LIST_ANCHOR].at;
	r->o->avoid = list[LIST_AVOID].at;
	r->o->exclude = list[LIST_EXCLUDE].at;
	return code;
}

static int read_inputs(struct reading *r)
{
	const struct words *input = &r->list[LIST_INPUT], *via = &r->list[LIST_VIA];

	if (via->count > 0 && (input->count > 0 || r->o->batch))
		return command_misuse(r->s, "--via stands instead of an input");
	if (r->o->batch && input->count > 0)
		return command_misuse(r->s, "--batch reads its inputs from standard input; "
					    "it takes no others");
	if (r->o->batch && r->o->explain && !r->s->json)
		return command_misuse(r->s, "--batch has one line for each input; for --explain "
					    "with it give --json, too");
	if (!r->o->batch && via->count + input->count == 0)
		return command_misuse(r->s, "a SIP URI or a number");
	r->o->via = via->count > 0;
	r->o->inputs = r->o->via ? via->at : input->at;
	r->o->input_count = r->o->via ? via->count : input->count;
	return 0;
}

/* --- whom to ask --- */

/* The address of this run's server as the library takes it, "127.0.0.1@5300". */
static int server_text(struct session *s, const char **ret)
{
	struct sockaddr_storage address = { 0 };
	char host[NI_MAXHOST], port[NI_MAXSERV];
	int code = session_server(s, &address);

	if (code != 0)
		return code;
	if (getnameinfo((const struct sockaddr *)&address, sizeof(address), host, sizeof(host),
			port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return command_fail(EXIT_INTERNAL, "the server has no address");
	*ret = arena_printf(&s->arena, "%s@%s", host, port);
	return *ret != NULL ? 0 : out_of_memory();
}

static int ask_server(struct session *s, struct onnet_resolver_options *resolver)
{
	struct words servers = { 0 };
	const char *text;
	int code = server_text(s, &text);

	if (code == 0)
		code = words_add(s, &servers, text);
	resolver->servers = servers.at;
	return code;
}

/* The zones of the configuration are asked of its own server, which may be known to nobody else. */
static int ask_stubs(struct session *s, const struct conf *conf,
		     struct onnet_resolver_options *resolver)
{
	struct onnet_stub *stub = arena_zero(&s->arena, (conf->zone_count + 1) * sizeof(*stub));
	const char *server = NULL;
	int code = stub != NULL ? server_text(s, &server) : out_of_memory();

	if (code != 0)
		return code;
	for (size_t i = 0; i < conf->zone_count; i++)
		stub[i] = (struct onnet_stub){ conf->zone[i].domain, server };
	resolver->stubs = stub;
	resolver->stub_count = conf->zone_count;
	return 0;
}

static int suffixes_of(struct session *s, bool isn, const struct conf *conf,
		       const char *const **ret)
{
	struct words words = { 0 };
	const char *const *list;
	size_t count;

	if (*ret != NULL ||
	    (s->zone == NULL && (conf == NULL || (isn ? conf->isn_count : conf->e164_count) == 0)))
		return 0;
	int code = isn ? session_isn(s, &list, &count) : session_e164(s, &list, &count);
	for (size_t i = 0; code == 0 && i < count; i++)
		code = words_add(s, &words, list[i]);
	*ret = words.at;
	return code;
}

/* A configuration that is not needed is not read: a broken one is then in nobody's way. */
static int read_conf(struct session *s, struct onnet_resolver_options *resolver)
{
	struct onnet_lookup_options *lookup = &resolver->lookup;
	const struct conf *conf = NULL;
	int code = 0;

	if (s->server != NULL)
		code = ask_server(s, resolver);
	if (code == 0 && (s->server == NULL || lookup->e164_suffixes == NULL))
		code = session_conf(s, &conf);
	if (code == 0 && s->server == NULL && conf != NULL)
		code = ask_stubs(s, conf, resolver);
	if (code == 0)
		code = suffixes_of(s, false, conf, &lookup->e164_suffixes);
	if (code == 0)
		code = suffixes_of(s, true, conf, &lookup->isn_suffixes);
	return code;
}

int resolve_options_read(struct session *s, int argc, char **argv, struct resolve_options *ret)
{
	struct resolve_options o = { 0 };
	struct reading reading = { .s = s, .o = &o };
	int code = read_line(&reading, argc, argv);

	if (code == 0)
		code = read_inputs(&reading);
	if (code == 0)
		code = read_lists(&reading);
	if (code == 0)
		code = read_conf(s, &o.resolver);
	if (code != 0)
		return code;
	o.resolver.lookup.timeout_ms = s->timeout_ms;
	/* A person is shown what was looked for where nothing was found. */
	o.resolver.lookup.explain = o.explain || (!s->json && !o.batch);
	*ret = o;
	return 0;
}
