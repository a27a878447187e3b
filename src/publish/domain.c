/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A SIP domain as NAPTR, SRV and address records (RFC 3263 4, RFC 2782).
 *
 * The domain has one NAPTR record for each transport, flag "s", in the order in which they are
 * wanted; its replacement is the name of the SRV set, which lists every server. Servers that
 * share the load have one priority and weights, those on stand-by a higher priority value. The
 * preference repeats the order, since there are clients that compare preferences alone.
 *
 * All of it is one update: a client sees the domain as it was or as it is, never half of it. What
 * stands beside it at the domain's name (ENUM records, WebSocket) is nobody's business here and
 * stays.
 */
#include "publish/domain.h"

#include <errno.h>

#include "base/writer.h"
#include "tel/naptr.h"

enum {
	SRV_RDATA_MAX = 6 + KNOT_DNAME_MAXLEN,
	NAPTR_RDATA_MAX = 2 + 2 + 3 * 256 + KNOT_DNAME_MAXLEN
};

const knot_dname_t *domain_srv_owner(struct arena *arena, const struct transport *transport,
				     const knot_dname_t *domain)
{
	return name_parse(arena, domain, transport->prefix);
}

static uint16_t server_port(const struct domain_server *server, const struct transport *transport)
{
	uint16_t port = transport->tls ? server->tls_port : server->port;

	return port != 0 ? port : transport->port;
}

static int srv_rdata(struct arena *arena, struct slice *ret, const struct domain_server *server,
		     const struct transport *transport)
{
	uint8_t buffer[SRV_RDATA_MAX];
	struct writer w = write_begin(buffer, sizeof(buffer));

	write_u16(&w, server->standby ? DOMAIN_PRIORITY_STANDBY : DOMAIN_PRIORITY);
	write_u16(&w, server->weight);
	write_u16(&w, server_port(server, transport));
	write_bytes(&w, server->host, knot_dname_size(server->host));

	const uint8_t *data = arena_copy(arena, buffer, write_size(&w));
	if (data == NULL)
		return -ENOMEM;
	*ret = slice_make(data, write_size(&w));
	return 0;
}

static int naptr_rdata(struct arena *arena, struct slice *ret, const struct transport *transport,
		       uint16_t order, const knot_dname_t *srv)
{
	uint8_t buffer[NAPTR_RDATA_MAX];
	struct writer w = write_begin(buffer, sizeof(buffer));
	struct naptr naptr = {
		.order = order,
		.preference = order,
		.flags = slice_text("s"), /* RFC 3263 4.1: the next look-up is for SRV records */
		.services = slice_text(transport->service),
		.replacement = slice_make(srv, knot_dname_size(srv)),
	};

	int err = naptr_write(&w, &naptr);
	if (err < 0)
		return err;

	const uint8_t *data = arena_copy(arena, buffer, write_size(&w));
	if (data == NULL)
		return -ENOMEM;
	*ret = slice_make(data, write_size(&w));
	return 0;
}

/* Whether a NAPTR record is one of those that are published here. */
static bool naptr_is_ours(struct slice rdata)
{
	struct naptr naptr;

	if (naptr_read(rdata, &naptr) < 0)
		return false;

	const struct transport *t = transport_by_service(naptr.services);
	return t != NULL && t->order != 0;
}

/* Takes away the NAPTR records of the three transports, and no others. */
static void naptr_clear(struct changes *c, const knot_dname_t *domain, const struct record *naptr,
			size_t count)
{
	size_t ours = 0;

	for (size_t i = 0; i < count; i++)
		ours += naptr_is_ours(naptr[i].rdata);
	if (naptr == NULL || ours == count) {
		changes_delete_set(c, domain, KNOT_RRTYPE_NAPTR);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (naptr_is_ours(naptr[i].rdata))
			changes_delete(c, domain, KNOT_RRTYPE_NAPTR, naptr[i].rdata);
}

/*
 * The orders of the field where the transports stand in its order; else the same values by place,
 * so that the person's order holds.
 */
static uint16_t transport_order(const struct domain_plan *plan, size_t at)
{
	for (size_t i = 1; i < plan->transport_count; i++)
		if (plan->transport[i]->order < plan->transport[i - 1]->order)
			return transports[at].order;
	return plan->transport[at]->order;
}

static int transport_changes(struct changes *c, const struct domain_plan *plan, size_t at)
{
	const struct transport *transport = plan->transport[at];
	const knot_dname_t *srv = domain_srv_owner(c->arena, transport, plan->domain);
	struct slice rdata;

	if (srv == NULL)
		return -ENOMEM;

	int err = naptr_rdata(c->arena, &rdata, transport, transport_order(plan, at), srv);
	if (err < 0)
		return err;
	changes_add(c, plan->domain, plan->ttl, KNOT_RRTYPE_NAPTR, rdata);

	for (size_t i = 0; i < plan->server_count; i++) {
		err = srv_rdata(c->arena, &rdata, &plan->server[i], transport);
		if (err < 0)
			return err;
		changes_add(c, srv, plan->ttl, KNOT_RRTYPE_SRV, rdata);
	}
	return 0;
}

/* Names compare without regard to case (RFC 4343). */
static bool name_is_below(const knot_dname_t *name, const knot_dname_t *zone)
{
	size_t labels = knot_dname_labels(name, NULL), above = knot_dname_labels(zone, NULL);

	if (labels < above)
		return false;
	return knot_dname_is_case_equal(
		name + knot_dname_prefixlen(name, (unsigned)(labels - above), NULL), zone);
}

/*
 * A host may stand in the plan twice, with two ports: all that was there goes before anything
 * comes.
 */
static int address_changes(struct changes *c, const struct domain_plan *plan,
			   const knot_dname_t *zone, struct text *fault)
{
	for (size_t i = 0; i < plan->server_count; i++) {
		const struct domain_server *server = &plan->server[i];

		if (server->address_count == 0)
			continue;
		if (!name_is_below(server->host, zone)) {
			name_format(fault, server->host);
			text_puts(fault, " is not in the zone ");
			name_format(fault, zone);
			text_puts(fault, "; leave address= away, and set it in its own zone");
			return -EINVAL;
		}
		changes_delete_set(c, server->host, KNOT_RRTYPE_A);
		changes_delete_set(c, server->host, KNOT_RRTYPE_AAAA);
	}
	for (size_t i = 0; i < plan->server_count; i++)
		for (size_t k = 0; k < plan->server[i].address_count; k++)
			changes_add(c, plan->server[i].host, plan->ttl,
				    plan->server[i].address[k].type,
				    plan->server[i].address[k].rdata);
	return 0;
}

int domain_unset_changes(struct changes *c, const knot_dname_t *domain, const struct record *naptr,
			 size_t naptr_count)
{
	naptr_clear(c, domain, naptr, naptr_count);
	for (const struct transport *t = transports; t->name != NULL; t++) {
		if (t->order == 0)
			continue;

		const knot_dname_t *srv = domain_srv_owner(c->arena, t, domain);
		if (srv == NULL)
			return -ENOMEM;
		changes_delete_set(c, srv, KNOT_RRTYPE_SRV);
	}
	return c->failed ? -ENOMEM : 0;
}

int domain_changes(struct changes *c, const struct domain_plan *plan, const knot_dname_t *zone,
		   const struct record *naptr, size_t naptr_count, struct text *fault)
{
	if (plan->server_count == 0 || plan->transport_count == 0) {
		text_puts(fault, "a domain needs at least one server and one transport");
		return -EINVAL;
	}
	if (knot_dname_size(plan->domain) + strlen("_sips._tcp") + 1 > KNOT_DNAME_MAXLEN) {
		text_puts(fault, "the domain is too long: no room for _sips._tcp in front of it");
		return -EINVAL;
	}

	int err = domain_unset_changes(c, plan->domain, naptr, naptr_count);
	for (size_t i = 0; err == 0 && i < plan->transport_count; i++)
		err = transport_changes(c, plan, i);
	if (err == 0)
		err = address_changes(c, plan, zone, fault);
	return err == 0 && c->failed ? -ENOMEM : err;
}
