/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A SIP domain read back from its records, in the order in which a client goes through them:
 * NAPTR by order and preference (RFC 3263 4.1), the SRV records each leads to by priority and
 * weight (RFC 2782), the addresses of each target. Who fetches the records is not known here.
 *
 * A share is what a server gets of the calls that its priority gets: its weight in the sum of
 * weights. What a caller would stumble over (a set that is not there, a host without an address)
 * is gathered as sentences.
 */
#include "publish/domain_view.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/writer.h"
#include "tel/naptr.h"

enum { MISSING_MAX = 64, TRANSPORTS_MAX = 32 };

struct gather {
	struct arena *arena;
	const struct view_source *source;
	struct domain_view view;
	bool failed; /* no memory */
};

static void *gather_take(struct gather *g, size_t size)
{
	void *piece = arena_zero(g->arena, size == 0 ? 1 : size);

	g->failed |= piece == NULL;
	return piece;
}

static const char *gather_name(struct gather *g, const knot_dname_t *name)
{
	struct text text = { 0 };

	name_format(&text, name);
	if (text.size > 1 && !text.failed)
		text.data[text.size - 1] = '\0'; /* the final dot */

	const char *kept = text.failed ? NULL : arena_text(g->arena, text_get(&text));
	text_done(&text);
	g->failed |= kept == NULL;
	return kept != NULL ? kept : "";
}

__attribute__((format(printf, 2, 3))) static void miss(struct gather *g, const char *format, ...)
{
	char sentence[1200];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);

	for (size_t i = 0; i < g->view.missing_count; i++)
		if (strcmp(g->view.missing[i], sentence) == 0)
			return;
	if (g->view.missing_count == MISSING_MAX)
		return;

	const char *kept = arena_text(g->arena, sentence);
	g->failed |= kept == NULL;
	if (kept != NULL)
		g->view.missing[g->view.missing_count++] = kept;
}

/* 0 and the records, or -ENOENT where they are not to be had here; anything else is an end. */
static int lookup(struct gather *g, const knot_dname_t *name, uint16_t type,
		  const struct record **ret, size_t *count)
{
	*ret = NULL;
	*count = 0;
	return g->source->lookup(g->source->arg, name, type, ret, count);
}

static int addresses_of_type(struct gather *g, struct view_server *server, const knot_dname_t *host,
			     uint16_t type)
{
	const struct record *r;
	size_t count;

	int err = lookup(g, host, type, &r, &count);
	if (err < 0)
		return err;

	const char **list = gather_take(g, (server->address_count + count) * sizeof(*list));
	if (list == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < server->address_count; i++)
		list[i] = server->address[i];
	for (size_t i = 0; i < count; i++) {
		char text[INET6_ADDRSTRLEN];

		if (r[i].type != type || r[i].rdata.size != (type == KNOT_RRTYPE_A ? 4u : 16u))
			continue;
		inet_ntop(type == KNOT_RRTYPE_A ? AF_INET : AF_INET6, r[i].rdata.data, text,
			  sizeof(text));
		list[server->address_count] = arena_text(g->arena, text);
		if (list[server->address_count++] == NULL)
			return -ENOMEM;
	}
	server->address = list;
	return 0;
}

static int gather_addresses(struct gather *g, struct view_server *server, const knot_dname_t *host)
{
	const struct record *alias;
	size_t count;

	int err = addresses_of_type(g, server, host, KNOT_RRTYPE_A);
	if (err == 0)
		err = addresses_of_type(g, server, host, KNOT_RRTYPE_AAAA);
	if (err == -ENOENT) {
		server->note = "address not known to this server";
		return 0;
	}
	if (err < 0 || server->address_count > 0)
		return err;

	err = lookup(g, host, KNOT_RRTYPE_CNAME, &alias, &count);
	if (err < 0 && err != -ENOENT)
		return err;
	if (err == 0 && count > 0) {
		/* RFC 2782 "Target": "the name MUST NOT be an alias" */
		server->note = "an alias";
		miss(g, "%s is an alias; an SRV record must name a host that has addresses itself",
		     server->host);
		return 0;
	}
	server->note = "no address";
	miss(g, "no address for %s", server->host);
	return 0;
}

static int compare_servers(const void *a, const void *b)
{
	const struct view_server *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;

	int by_host = strcmp(x->host, y->host);
	return by_host != 0 ? by_host : (x->port > y->port) - (x->port < y->port);
}

/* RFC 2782: lowest priority first; within one, chances in proportion to the weights. */
static void rank_servers(struct view_transport *t)
{
	unsigned rank = 0;

	qsort(t->server, t->server_count, sizeof(*t->server), compare_servers);
	for (size_t i = 0, next; i < t->server_count; i = next, rank++) {
		unsigned sum = 0;

		for (next = i;
		     next < t->server_count && t->server[next].priority == t->server[i].priority;
		     next++)
			sum += t->server[next].weight;
		for (size_t k = i; k < next; k++) {
			t->server[k].rank = rank;
			t->server[k].share = sum == 0 ? 100.0 / (double)(next - i) :
							100.0 * t->server[k].weight / sum;
		}
	}
}

static int gather_server(struct gather *g, struct view_transport *t, struct slice rdata)
{
	struct view_server *server = &t->server[t->server_count];
	const knot_dname_t *host = rdata.data + 6;

	if (rdata.size < 7 || knot_dname_wire_check(host, rdata.data + rdata.size, NULL) <= 0)
		return 0;
	if (host[0] == 0) {
		t->closed = true;
		return 0;
	}
	*server = (struct view_server){
		.host = gather_name(g, host),
		.priority = get_u16(rdata.data),
		.weight = get_u16(rdata.data + 2),
		.port = get_u16(rdata.data + 4),
	};
	t->server_count++;
	return gather_addresses(g, server, host);
}

/* The servers of a transport, from the SRV set of that name. -ENODATA: there is no such set. */
static int gather_servers(struct gather *g, struct view_transport *t, const knot_dname_t *name)
{
	const struct record *r;
	size_t count;

	t->name = gather_name(g, name);

	int err = lookup(g, name, KNOT_RRTYPE_SRV, &r, &count);
	if (err == -ENOENT) {
		miss(g, "the SRV records at %s are not known to this server", t->name);
		return 0;
	}
	if (err < 0)
		return err;
	if (count == 0)
		return -ENODATA;

	t->server = gather_take(g, count * sizeof(*t->server));
	if (t->server == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		err = r[i].type == KNOT_RRTYPE_SRV ? gather_server(g, t, r[i].rdata) : 0;
		if (err < 0)
			return err;
	}
	rank_servers(t);
	return 0;
}

/* RFC 3263 4.1 knows flag "s" alone; the field also has "a", where the name is that of a host. */
static int gather_host(struct gather *g, struct view_transport *t, const knot_dname_t *host)
{
	t->name = gather_name(g, host);
	t->server = gather_take(g, sizeof(*t->server));
	if (t->server == NULL)
		return -ENOMEM;
	t->server[t->server_count++] =
		(struct view_server){ .host = t->name, .port = t->transport->port, .share = 100.0 };
	return gather_addresses(g, &t->server[0], host);
}

static int gather_naptr(struct gather *g, struct slice rdata)
{
	struct naptr naptr;

	if (naptr_read(rdata, &naptr) < 0 || g->view.transport_count == TRANSPORTS_MAX)
		return 0;

	const struct transport *transport = transport_by_service(naptr.services);
	if (transport == NULL)
		return 0; /* ENUM and other uses of NAPTR may stand beside it */

	struct view_transport *t = &g->view.transport[g->view.transport_count++];
	*t = (struct view_transport){
		.transport = transport,
		.naptr = true,
		.order = naptr.order,
		.preference = naptr.preference,
		.flags = arena_printf(g->arena, "%.*s", (int)naptr.flags.size,
				      (const char *)naptr.flags.data),
	};
	if (t->flags == NULL)
		return -ENOMEM;
	if (naptr.flags.size == 1 && (naptr.flags.data[0] | 0x20) == 'a')
		return gather_host(g, t, naptr.replacement.data);

	int err = gather_servers(g, t, naptr.replacement.data);
	if (err == -ENODATA) {
		miss(g, "the NAPTR record for %s leads to %s, where no SRV records are",
		     transport->title, t->name);
		return 0;
	}
	return err;
}

/* SRV records under the domain that no NAPTR record of their service leads to. */
static int gather_bare(struct gather *g, const struct transport *transport,
		       const knot_dname_t *name, bool any_naptr)
{
	const char *text = gather_name(g, name);

	for (size_t i = 0; i < g->view.transport_count; i++)
		if (strcasecmp(g->view.transport[i].name, text) == 0)
			return 0;
	if (g->view.transport_count == TRANSPORTS_MAX)
		return 0;

	struct view_transport *t = &g->view.transport[g->view.transport_count];
	*t = (struct view_transport){ .transport = transport, .flags = "" };
	int err = gather_servers(g, t, name);
	if (err == -ENODATA)
		return 0;
	if (err < 0)
		return err;
	if (t->server_count == 0 && !t->closed)
		return 0;
	g->view.transport_count++;
	if (any_naptr)
		miss(g, "SRV records at %s, but no NAPTR record leads there", t->name);
	return 0;
}

static int compare_transports(const void *a, const void *b)
{
	const struct view_transport *x = a, *y = b;

	if (x->naptr != y->naptr)
		return x->naptr ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	/* neither has a NAPTR record: as the table has them */
	return (x->transport > y->transport) - (x->transport < y->transport);
}

static int gather_transports(struct gather *g, const knot_dname_t *domain)
{
	const struct record *r;
	size_t count;

	int err = lookup(g, domain, KNOT_RRTYPE_NAPTR, &r, &count);
	for (size_t i = 0; err == 0 && i < count; i++)
		if (r[i].type == KNOT_RRTYPE_NAPTR)
			err = gather_naptr(g, r[i].rdata);

	size_t by_naptr = g->view.transport_count;
	for (const struct transport *t = transports; err == 0 && t->name != NULL; t++) {
		const knot_dname_t *name = name_parse(g->arena, domain, t->prefix);

		if (name != NULL)
			err = gather_bare(g, t, name, by_naptr > 0);
	}
	if (err == 0 && by_naptr == 0 && g->view.transport_count > 0)
		miss(g, "no NAPTR records at %s: which transport is wanted stays open",
		     g->view.domain);
	return err;
}

int domain_view(struct arena *arena, struct domain_view *ret, const knot_dname_t *domain,
		const struct view_source *source)
{
	struct gather g = { .arena = arena, .source = source };

	g.view.transport = gather_take(&g, TRANSPORTS_MAX * sizeof(*g.view.transport));
	g.view.missing = gather_take(&g, MISSING_MAX * sizeof(*g.view.missing));
	g.view.domain = gather_name(&g, domain);
	if (g.failed)
		return -ENOMEM;

	int err = gather_transports(&g, domain);
	if (err < 0)
		return err;
	if (g.failed)
		return -ENOMEM;
	qsort(g.view.transport, g.view.transport_count, sizeof(*g.view.transport),
	      compare_transports);
	*ret = g.view;
	return 0;
}
