/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What commands have in common: where the server is, which key to sign with, under which suffixes
 * numbers stand. Each comes from an option, else from onnet.yaml, else from a default; the
 * configuration is read when it is first needed, so that a broken one is in nobody's way who
 * does without.
 */
#include "cmd/session.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "client/key.h"
#include "client/trust.h"

enum { DNS_PORT = 53 };

static int type_number(const char *name)
{
	uint16_t type;

	return type_parse(&type, name) == 0 ? type : -EINVAL;
}

int session_conf(struct session *s, const struct conf **ret)
{
	struct text path = { 0 }, fault = { 0 };
	int code = 0;

	if (!s->conf_looked && conf_search(&path, s->conf_path) != NULL) {
		int err = conf_read(&s->conf, text_get(&path), type_number, &fault);

		/* The machine's file is root's; others may well go on with options alone. */
		if (err == -EACCES && s->conf_path == NULL)
			fprintf(stderr, "onnet: %s can't be read and is left aside\n",
				text_get(&path));
		else if (err == -ENOMEM)
			code = command_fail(EXIT_INTERNAL, "out of memory");
		else if (err < 0)
			code = command_fail(EXIT_INPUT, "%s", text_get(&fault));
	}
	text_done(&path);
	text_done(&fault);
	if (code == 0) {
		s->conf_looked = true;
		*ret = s->conf;
	}
	return code;
}

int session_name(struct session *s, const char *text, const knot_dname_t **ret, const char *what)
{
	const knot_dname_t *name = strcmp(text, "@") == 0 ? NULL :
							    name_parse(&s->arena, NULL, text);

	if (name == NULL)
		return command_fail(EXIT_INPUT, "%s '%s' is no domain name", what, text);
	*ret = name;
	return 0;
}

/* --- the server --- */

/* "ns1.example.net@53", where the part before the @ is a name and not an address. */
static int resolve_server(struct session *s, struct sockaddr_storage *ret)
{
	const char *at = strchr(s->server, '@');
	size_t size = at != NULL ? (size_t)(at - s->server) : strlen(s->server);
	char *host = arena_printf(&s->arena, "%.*s", (int)size, s->server);
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found;

	if (host == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	if (strchr(host, ':') != NULL || strchr(host, '#') != NULL)
		return command_fail(EXIT_USAGE, "--server '%s': write ADDRESS@PORT", s->server);
	int err = getaddrinfo(host,
			      at != NULL     ? at + 1 :
			      s->tls != NULL ? "853" :
					       "53",
			      &hints, &found);
	if (err != 0)
		return command_fail(err == EAI_SERVICE ? EXIT_USAGE : EXIT_UNREACHABLE,
				    "--server '%s': %s", s->server, gai_strerror(err));
	memcpy(ret, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

/* Where a server that listens on all addresses can be reached from its own machine. */
static void any_to_loopback(struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET && in->sin_addr.s_addr == htonl(INADDR_ANY))
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (address->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
		in6->sin6_addr = in6addr_loopback;
}

int session_server(struct session *s, struct sockaddr_storage *ret)
{
	struct conf_address address = { 0 };
	const struct conf *conf;

	uint16_t port = s->tls != NULL ? CONF_PORT_TLS : DNS_PORT;

	if (s->server != NULL) {
		if (conf_address_parse(&address, s->server, port) < 0)
			return resolve_server(s, ret);
		*ret = address.socket;
		return 0;
	}
	int code = session_conf(s, &conf);
	if (code != 0)
		return code;
	if (conf != NULL && s->tls != NULL && conf->listen_tls_count > 0)
		address = conf->listen_tls[0];
	else if (conf != NULL && s->tls == NULL && conf->listen_count > 0)
		address = conf->listen[0];
	else if (conf_address_parse(&address, "127.0.0.1", port) < 0)
		return command_fail(EXIT_INTERNAL, "no address");
	any_to_loopback(&address.socket);
	*ret = address.socket;
	return 0;
}

/* --- the key --- */

static int use_key(struct session *s, const void *from, int err, const struct text *fault)
{
	if (err == -ENOMEM)
		return command_fail(EXIT_INTERNAL, "out of memory");
	if (err < 0)
		return command_fail(EXIT_INPUT, "%s", text_get(fault));
	s->tsig_from = from;
	client_use_key(s->client, &s->tsig);
	return 0;
}

static int use_configured(struct session *s, const struct conf_key *key)
{
	struct text fault = { 0 };

	if (s->tsig_from == key) {
		client_use_key(s->client, &s->tsig);
		return 0;
	}
	if (key->secret == NULL)
		return command_fail(EXIT_INPUT, "key '%s' has no secret in the configuration",
				    key->id);
	knot_tsig_key_deinit(&s->tsig);
	s->tsig = (knot_tsig_key_t){ 0 };
	int err = client_key_make(&s->tsig, key->algorithm, key->id, key->secret, &fault);
	int code = use_key(s, key, err, &fault);
	text_done(&fault);
	return code;
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* --key with a word that may be an id of the configuration, or else a file. */
static int use_word(struct session *s, const char **path)
{
	const struct conf *conf;
	int code = session_conf(s, &conf);
	const struct conf_key *key = code == 0 && conf != NULL ? conf_key_find(conf, s->key) : NULL;

	*path = NULL;
	if (code != 0)
		return code;
	if (key != NULL)
		return use_configured(s, key);
	*path = s->key;
	if (is_file(s->key))
		return 0;
	return command_fail(EXIT_INPUT, "there is no key '%s' in %s, and no file of that name",
			    s->key, conf != NULL ? conf->path : "a configuration");
}

/*
 * --key: "none"; [ALGORITHM:]ID:SECRET; a file; an id of the configuration. What looks like a
 * path is one, so that a key file does without any configuration.
 */
static int use_named(struct session *s)
{
	struct text fault = { 0 };
	const char *path = s->key;
	int code = 0;

	if (s->tsig_from == s->key) {
		client_use_key(s->client, &s->tsig);
		return 0;
	}
	if (strcmp(s->key, "none") == 0) {
		client_use_key(s->client, NULL);
		return 0;
	}
	bool literal = strchr(s->key, ':') != NULL && !is_file(s->key);
	if (!literal && (strpbrk(s->key, "./") == NULL || !is_file(s->key)))
		code = use_word(s, &path);
	if (code != 0 || path == NULL)
		return code;
	int err = literal ? client_key_parse(&s->tsig, s->key, &fault) :
			    client_key_read(&s->tsig, path, NULL, &fault);
	code = use_key(s, s->key, err, &fault);
	text_done(&fault);
	return code;
}

static const struct conf_zone *configured_zone(struct session *s, const struct conf *conf,
					       const knot_dname_t *zone)
{
	for (size_t i = 0; i < conf->zone_count; i++) {
		const knot_dname_t *name = name_parse(&s->arena, NULL, conf->zone[i].domain);

		if (name != NULL && knot_dname_is_case_equal(name, zone))
			return &conf->zone[i];
	}
	return NULL;
}

/* The key of a rule without limits before that of one with some; any key of the file in the end. */
static const struct conf_key *key_for_zone(const struct conf *conf, const struct conf_zone *zone)
{
	const struct conf_key *limited = NULL;

	for (size_t i = 0; zone != NULL && i < zone->update_count; i++) {
		const struct conf_rule *rule = &zone->update[i];

		if (rule->key == NULL || rule->key->secret == NULL)
			continue;
		if (rule->number_count == 0 && rule->name_count == 0 && rule->type_count == 0)
			return rule->key;
		if (limited == NULL)
			limited = rule->key;
	}
	if (limited != NULL)
		return limited;
	return conf->key_count > 0 ? &conf->key[0] : NULL;
}

static int choose_key(struct session *s, const knot_dname_t *zone)
{
	const struct conf *conf;

	if (s->key != NULL)
		return use_named(s);
	client_use_key(s->client, NULL);
	if (zone == NULL)
		return 0;
	int code = session_conf(s, &conf);
	if (code != 0 || conf == NULL)
		return code;
	const struct conf_key *key = key_for_zone(conf, configured_zone(s, conf, zone));
	return key != NULL ? use_configured(s, key) : 0;
}

/* Whose certificates count, says the configuration, else the system. */
static int load_trust(struct session *s)
{
	struct text fault = { 0 };
	const struct conf *conf;
	int code = session_conf(s, &conf);

	if (code != 0 || s->trust != NULL)
		return code;

	const char *authorities = conf != NULL ? conf->tls.authorities : NULL;
	if (client_trust_new(&s->trust, authorities, &fault) < 0)
		code = command_fail(EXIT_INPUT, "%.*s", (int)strcspn(text_get(&fault), "\n"),
				    text_get(&fault));
	text_done(&fault);
	return code;
}

int session_client(struct session *s, const knot_dname_t *zone, struct client **ret)
{
	if (s->client == NULL) {
		struct client_options options = { .timeout_ms = s->timeout_ms,
						  .tcp = s->tcp,
						  .tls = s->tls };
		int code = session_server(s, &options.address);

		if (code == 0 && s->tls != NULL)
			code = load_trust(s);
		if (code != 0)
			return code;
		options.trust = s->trust;
		if (client_new(&s->client, &options) < 0)
			return command_fail(EXIT_INTERNAL, "out of memory");
	}
	int code = choose_key(s, zone);
	if (code == 0)
		*ret = s->client;
	return code;
}

/* --- the suffixes --- */

static int suffixes(struct session *s, const char *const *configured, size_t configured_count,
		    const char *const **ret, size_t *count)
{
	const knot_dname_t *zone = NULL;
	size_t kept = 0;

	int code = session_name(s, s->zone, &zone, "--zone");
	if (code != 0)
		return code;
	const char **list = arena_take(&s->arena, (configured_count + 1) * sizeof(*list));
	if (list == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	for (size_t i = 0; i < configured_count; i++) {
		knot_dname_t *name = name_parse(&s->arena, NULL, configured[i]);

		if (name == NULL)
			continue;
		knot_dname_to_lower(name);
		knot_dname_storage_t lower;
		knot_dname_copy_lower(lower, zone);
		if (knot_dname_in_bailiwick(name, lower) >= 0)
			list[kept++] = configured[i];
	}
	if (kept == 0)
		list[kept++] = s->zone;
	*ret = list;
	*count = kept;
	return 0;
}

static int find_suffixes(struct session *s, bool isn, const char *const **ret, size_t *count)
{
	const struct conf *conf;
	int code = session_conf(s, &conf);

	if (code != 0)
		return code;
	const char *const *list = conf == NULL ? NULL : isn ? conf->isn : conf->e164;
	size_t list_count = conf == NULL ? 0 : isn ? conf->isn_count : conf->e164_count;
	if (s->zone != NULL)
		return suffixes(s, list, list_count, ret, count);
	if (list_count == 0)
		return command_fail(
			EXIT_INPUT,
			"under which domain are %s published? Write \"number: %s: [DOMAIN]\" "
			"into onnet.yaml, or give --zone DOMAIN",
			isn ? "ISNs" : "numbers", isn ? "isn" : "e164");
	*ret = list;
	*count = list_count;
	return 0;
}

int session_e164(struct session *s, const char *const **ret, size_t *count)
{
	return find_suffixes(s, false, ret, count);
}

int session_isn(struct session *s, const char *const **ret, size_t *count)
{
	return find_suffixes(s, true, ret, count);
}

/* --- what went wrong --- */

int session_failed(struct session *s, int err)
{
	const char *words = s->client != NULL ? client_fault(s->client) : "";

	if (words[0] == '\0')
		words = strerror(-err);
	return command_fail(err == -ENOMEM   ? EXIT_INTERNAL :
			    err == -EMSGSIZE ? EXIT_INPUT :
					       EXIT_UNREACHABLE,
			    "%s", words);
}

int session_refused(struct session *s, const struct client_answer *answer)
{
	struct text words = { 0 };
	enum exit_code code = EXIT_REFUSED;

	switch (answer->rcode) {
	case KNOT_RCODE_NOERROR:
		return 0;
	case KNOT_RCODE_YXDOMAIN:
	case KNOT_RCODE_YXRRSET:
	case KNOT_RCODE_NXDOMAIN:
	case KNOT_RCODE_NXRRSET:
		code = EXIT_PREREQUISITE;
		break;
	}
	client_refusal(&words, s->client, answer);
	command_fail(code, "%s", text_get(&words));
	text_done(&words);
	return (int)code;
}
