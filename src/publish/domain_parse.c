/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A server of a SIP domain as it stands on the command line,
 * "sip1.example.net:5080,weight=60,address=192.0.2.1,address=[2001:db8::1]", and the list of
 * transports.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "publish/domain.h"

static int fault_word(struct text *fault, const char *what, struct slice word, const char *remedy)
{
	text_printf(fault, "%s '%.*s': %s", what, (int)word.size, (const char *)word.data, remedy);
	return -EINVAL;
}

static bool slice_is(struct slice s, const char *text)
{
	return strlen(text) == s.size && strncasecmp(text, (const char *)s.data, s.size) == 0;
}

/* What stands before the next mark; *at moves behind it, to NULL at the end. */
static struct slice cut(const char **at, char mark)
{
	const char *start = *at;
	const char *stop = strchr(start, mark);

	*at = stop == NULL ? NULL : stop + 1;
	return slice_make(start, stop == NULL ? strlen(start) : (size_t)(stop - start));
}

static int number_read(uint16_t *ret, struct slice word, uint16_t low)
{
	unsigned value = 0;

	if (word.size == 0 || word.size > 5)
		return -EINVAL;
	for (size_t i = 0; i < word.size; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(word.data[i] - '0');
	}
	if (value < low || value > UINT16_MAX)
		return -EINVAL;
	*ret = (uint16_t)value;
	return 0;
}

/* An address as text, IPv6 with or without brackets; its family and octets. */
static int address_read(struct slice word, int *family, uint8_t octets[16])
{
	char text[INET6_ADDRSTRLEN];

	if (word.size >= 2 && word.data[0] == '[' && word.data[word.size - 1] == ']')
		word = slice_make(word.data + 1, word.size - 2);
	if (word.size == 0 || word.size >= sizeof(text))
		return -EINVAL;
	memcpy(text, word.data, word.size);
	text[word.size] = '\0';

	*family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(*family, text, octets) == 1 ? 0 : -EINVAL;
}

static int server_address(struct domain_server *server, struct arena *arena, struct slice value,
			  struct text *fault)
{
	uint8_t octets[16];
	int family;

	if (address_read(value, &family, octets) < 0)
		return fault_word(fault, "address", value, "not an IPv4 or IPv6 address");
	if (server->address_count == DOMAIN_ADDRESSES_MAX)
		return fault_word(fault, "address", value, "a server can have 16 at most");

	size_t size = family == AF_INET6 ? 16 : 4;
	const uint8_t *data = arena_copy(arena, octets, size);
	if (data == NULL)
		return -ENOMEM;

	server->address[server->address_count++] = (struct domain_address){
		.type = family == AF_INET6 ? KNOT_RRTYPE_AAAA : KNOT_RRTYPE_A,
		.rdata = slice_make(data, size),
	};
	return 0;
}

static int server_option(struct domain_server *server, struct arena *arena, struct slice option,
			 struct text *fault)
{
	const uint8_t *equals = option.size == 0 ? NULL : memchr(option.data, '=', option.size);

	if (equals == NULL)
		return fault_word(fault, "option", option,
				  "allowed are weight=N, tls-port=N and address=IP");

	struct slice name = slice_make(option.data, (size_t)(equals - option.data));
	struct slice value = slice_make(equals + 1, option.size - name.size - 1);

	if (slice_is(name, "address"))
		return server_address(server, arena, value, fault);
	if (slice_is(name, "weight"))
		return number_read(&server->weight, value, 0) == 0 ?
			       0 :
			       fault_word(fault, "weight", value, "a number from 0 to 65535");
	if (slice_is(name, "tls-port"))
		return number_read(&server->tls_port, value, 1) == 0 ?
			       0 :
			       fault_word(fault, "tls-port", value, "a number from 1 to 65535");
	return fault_word(fault, "option", name, "allowed are weight=N, tls-port=N and address=IP");
}

/*
 * A host name (RFC 952, RFC 1123 2.1; "_" is let pass) as a name; without a dot it lies in the
 * domain.
 */
static int host_read(struct arena *arena, const knot_dname_t **ret, struct slice host,
		     const knot_dname_t *domain, struct text *fault)
{
	char text[KNOT_DNAME_MAXLEN + 1];
	knot_dname_storage_t name;

	for (size_t i = 0; i < host.size; i++)
		if (!isalnum(host.data[i]) && strchr("-._", host.data[i]) == NULL)
			return fault_word(fault, "server", host, "not a host name");
	if (host.size == 0 || host.size >= sizeof(text))
		return fault_word(fault, "server", host, "not a host name");
	memcpy(text, host.data, host.size);
	text[host.size] = '\0';
	if (knot_dname_from_str(name, text, sizeof(name)) == NULL || name[0] == 0)
		return fault_word(fault, "server", host, "not a host name");
	if (strchr(text, '.') == NULL) {
		size_t label = 1 + (size_t)name[0];

		if (label + knot_dname_size(domain) > sizeof(name))
			return fault_word(fault, "server", host, "too long below the domain");
		memcpy(name + label, domain, knot_dname_size(domain));
	}

	const knot_dname_t *kept = arena_copy(arena, name, knot_dname_size(name));
	if (kept == NULL)
		return -ENOMEM;
	*ret = kept;
	return 0;
}

/* "HOST" or "HOST:PORT". */
static int server_host(struct domain_server *server, struct arena *arena, struct slice word,
		       const knot_dname_t *domain, struct text *fault)
{
	uint8_t octets[16];
	int family;
	const char *at = arena_printf(arena, "%.*s", (int)word.size, (const char *)word.data);

	if (at == NULL)
		return -ENOMEM;
	if (word.size > 0 && (word.data[0] == '[' || address_read(word, &family, octets) == 0))
		return fault_word(fault, "server", word,
				  "SRV records name hosts; write NAME,address=IP");

	struct slice host = cut(&at, ':');
	if (at != NULL && number_read(&server->port, slice_text(at), 1) < 0)
		return fault_word(fault, "port", slice_text(at), "a number from 1 to 65535");
	if (address_read(host, &family, octets) == 0)
		return fault_word(fault, "server", host,
				  "SRV records name hosts; write NAME,address=IP");

	return host_read(arena, &server->host, host, domain, fault);
}

int domain_server_parse(struct domain_plan *plan, struct arena *arena, const char *text,
			bool standby, struct text *fault)
{
	struct domain_server server = { .weight = DOMAIN_WEIGHT, .standby = standby };
	const char *at = text;

	if (plan->server_count == DOMAIN_SERVERS_MAX) {
		text_printf(fault, "a domain can have %d servers at most", DOMAIN_SERVERS_MAX);
		return -EINVAL;
	}

	int err = server_host(&server, arena, cut(&at, ','), plan->domain, fault);
	while (err == 0 && at != NULL)
		err = server_option(&server, arena, cut(&at, ','), fault);
	if (err < 0)
		return err;

	for (size_t i = 0; i < plan->server_count; i++)
		if (knot_dname_is_case_equal(plan->server[i].host, server.host) &&
		    plan->server[i].port == server.port)
			return fault_word(fault, "server", slice_text(text), "it is named twice");
	plan->server[plan->server_count++] = server;
	return 0;
}

int domain_transports_parse(struct domain_plan *plan, const char *text, struct text *fault)
{
	const char *at = text;

	plan->transport_count = 0;
	while (at != NULL) {
		struct slice word = cut(&at, ',');
		const struct transport *t = transport_by_name((const char *)word.data, word.size);

		if (t == NULL || t->order == 0)
			return fault_word(fault, "transport", word, "allowed are tls, tcp and udp");
		for (size_t i = 0; i < plan->transport_count; i++)
			if (plan->transport[i] == t)
				return fault_word(fault, "transport", word, "it is named twice");
		plan->transport[plan->transport_count++] = t;
	}
	return 0;
}
