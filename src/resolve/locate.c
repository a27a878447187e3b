/* SPDX-License-Identifier: MIT */
/*
 * The servers of a SIP URI (RFC 3263 4) and of a Via (5), as a state machine:
 *
 *	NAPTR      which transports has the domain? (4.1)
 *	SRV        which hosts and ports serve them? (4.2)
 *	ADDRESSES  where are these? (4.2, RFC 7984)
 *	DONE
 *
 * A URI enters where what it says is not to be asked any more: an address goes straight to the end,
 * an explicit port to ADDRESSES, a transport to SRV. In each state all questions go out together.
 *
 * The rules that are easily got wrong: an explicit port means neither NAPTR nor SRV, also where it
 * is 5060. Where an SRV set was found, and be it that none of its hosts has an address, the
 * domain's own addresses do not come in again; they count only where no SRV set was there at all,
 * and then with the transport that NAPTR or the URI chose already. A NAPTR set that cannot be had
 * is taken as none, for SRV says where the servers are anyway; an SRV set that cannot be had is an
 * error.
 */
#include "resolve/locate.h"

#include "resolve/endpoint.h"
#include "resolve/input.h"
#include "resolve/trace.h"

static const char rule_41[] = "RFC 3263 4.1";
static const char rule_42[] = "RFC 3263 4.2";
static const char rule_5[] = "RFC 3263 5";

static const char *host_text(struct machine *m, const struct sip_host *host)
{
	struct slice s = host->text;

	if (s.size > 1 && s.data[s.size - 1] == '.')
		s.size--;
	return machine_printf(m, "%.*s", (int)s.size, (const char *)s.data);
}

static void locate_end(struct machine *m, struct location *l, enum onnet_error error)
{
	l->state = LOCATE_DONE;
	l->error = error;
	if (l->reason == NULL)
		l->reason = onnet_error_text(error);
	trace_note(m, l->trace, NULL, "%s", l->reason);
}

static struct location *location_new(struct machine *m, const struct sip_host *domain)
{
	struct location *l = machine_take(m, 1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->routes = machine_take(m, LOCATE_ROUTES_MAX, sizeof(*l->routes));
	l->domain = host_text(m, domain);
	return l->routes != NULL ? l : NULL;
}

struct route *route_add(struct location *l, enum transport t, uint32_t ttl, struct trace *trace)
{
	if (l->route_count == LOCATE_ROUTES_MAX)
		return NULL;

	struct route *r = &l->routes[l->route_count++];
	*r = (struct route){ .transport = t, .ttl = ttl, .trace = trace };
	return r;
}

void route_to_host(struct machine *m, struct route *route, struct slice name, uint16_t port)
{
	struct hop *hop = machine_take(m, 1, sizeof(*hop));

	if (hop == NULL)
		return;
	*hop = (struct hop){
		.name = name,
		.port = port,
		.share = 1000000,
		.ttl = UINT32_MAX,
		.trace = route->trace,
	};
	route->hops = hop;
	route->hop_count = 1;
}

static uint16_t port_or_usual(uint16_t port, enum transport t)
{
	return port != 0 ? port : transport_facts(t)->port;
}

/* Straight to what the URI or the Via names: an address, or a name that becomes the TARGET. */
static struct route *route_to_named(struct machine *m, struct location *l,
				    const struct sip_host *host, enum transport t, uint16_t port)
{
	struct route *r = route_add(l, t, UINT32_MAX, l->trace);

	if (r == NULL)
		return NULL;
	route_to_host(m, r, l->target, port_or_usual(port, t));
	if (host->kind != SIP_HOST_NAME && r->hops != NULL) {
		r->hops->numeric = true;
		r->hops->address = host->kind == SIP_HOST_IPV4 ?
					   address_v4(host->address, r->hops->port) :
					   address_v6(host->address, r->hops->port);
	}
	return r;
}

/* The name as TARGET; a name that DNS cannot have leads nowhere. */
static bool target_set(struct machine *m, struct location *l, const struct sip_host *host)
{
	struct name name;

	if (host->kind != SIP_HOST_NAME)
		return true;
	if (name_parse(&name, host->text) < 0)
		return false;
	l->target = slice_make(arena_copy(&m->arena, name.wire, name.size), name.size);
	if (l->target.data == NULL)
		m->no_memory = true;
	return !m->no_memory;
}

static void srv_need(struct machine *m, struct location *l, enum transport t)
{
	struct name name;

	l->state = LOCATE_SRV;
	if (name_below(&name, transport_facts(t)->srv, l->target) < 0)
		return; /* too long to exist */

	struct question *srv = machine_need(m, name_slice(&name), MACHINE_SRV, l->trace);
	struct route *r = route_add(l, t, UINT32_MAX, srv->trace);
	if (r != NULL)
		r->srv = srv;
}

/* The transport that the URI says, or that its form says (4.1); TRANSPORT_NONE: ask NAPTR. */
static enum transport transport_named(const struct location *l, const struct sip_uri *uri,
				      const struct sip_host *target)
{
	if (uri->has_transport)
		return uri->secure ? transport_facts(uri->transport)->secured : uri->transport;
	/* "if the TARGET is a numeric IP address", "or has an explicit port": UDP, or TLS */
	if (target->kind != SIP_HOST_NAME || uri->port != 0)
		return l->fallback;
	return TRANSPORT_NONE;
}

static void locate_begin(struct machine *m, struct location *l, const struct sip_uri *uri)
{
	const struct sip_host *target = uri->has_maddr ? &uri->maddr : &uri->host;

	l->secure = uri->secure;
	l->fallback = select_default(m, l->secure);

	enum transport t = transport_named(l, uri, target);
	if (l->fallback == TRANSPORT_NONE || (uri->has_transport && !machine_has_transport(m, t))) {
		locate_end(m, l, ONNET_NO_SUPPORTED_TRANSPORT);
		return;
	}
	if (!target_set(m, l, target)) {
		locate_end(m, l, ONNET_NXDOMAIN);
		return;
	}
	if (t == TRANSPORT_NONE) {
		l->naptr = machine_need(m, l->target, MACHINE_NAPTR, l->trace);
		l->state = LOCATE_NAPTR;
		return;
	}
	l->fallback = t;
	trace_note(m, l->trace, rule_41, "the URI says %s", transport_facts(t)->name);
	if (target->kind == SIP_HOST_NAME && uri->port == 0) {
		srv_need(m, l, t);
		return;
	}
	trace_note(m, l->trace, rule_42,
		   target->kind != SIP_HOST_NAME ? "an address is not looked up" :
						   "an explicit port: addresses only");
	route_to_named(m, l, target, t, uri->port);
	l->state = LOCATE_SRV; /* where nothing is to be waited for */
}

struct location *locate_uri(struct machine *m, const struct sip_uri *uri, struct trace *parent)
{
	struct location *l = location_new(m, &uri->host);

	if (l == NULL)
		return NULL;
	l->trace = parent;
	locate_begin(m, l, uri);
	return l;
}

/*
 * RFC 3261 18.2.2: a response goes to maddr (without connections), else to received, and over
 * connections also to sent-by where received fails; RFC 3581 4 puts rport beside received.
 */
struct location *locate_via(struct machine *m, const struct sip_via *via)
{
	struct location *l = location_new(m, &via->sent_by);
	bool datagrams = via->transport == TRANSPORT_UDP;
	const struct sip_host *host = datagrams && via->has_maddr ? &via->maddr : &via->sent_by;

	if (l == NULL)
		return NULL;
	l->trace = m->trace;
	l->fallback = via->transport;
	l->state = LOCATE_SRV;
	if (via->transport == TRANSPORT_NONE) {
		locate_end(m, l, ONNET_NO_SUPPORTED_TRANSPORT);
		return l;
	}
	if (host == &via->sent_by && via->has_received) {
		struct route *r = route_to_named(m, l, &via->received, via->transport,
						 via->rport != 0 ? via->rport : via->port);

		trace_note(m, l->trace, "RFC 3261 18.2.2", "to where the request came from");
		if (r == NULL || datagrams)
			return l;
		r->aside = true;
	}
	if (!target_set(m, l, host)) {
		locate_end(m, l, ONNET_NXDOMAIN);
	} else if (host->kind != SIP_HOST_NAME || via->port != 0) {
		trace_note(m, l->trace, rule_5, "sent-by has an address or a port: no SRV");
		route_to_named(m, l, host, via->transport, via->port);
	} else {
		srv_need(m, l, via->transport);
	}
	return l;
}

struct location **locate_uris(struct machine *m, const struct onnet_uri *uris, size_t count)
{
	struct location **list = machine_take(m, count, sizeof(struct location *));

	for (size_t i = 0; list != NULL && i < count; i++) {
		struct trace *note;
		struct input input;

		if (!input_read_sip(uris[i].uri, &input))
			continue;
		note = trace_note(m, m->trace, NULL, "servers of %s", uris[i].uri);
		if (input.has_uri) {
			list[i] = locate_uri(m, &input.uri, note);
			continue;
		}
		list[i] = machine_take(m, 1, sizeof(struct location));
		if (list[i] == NULL)
			break;
		list[i]->trace = note;
		list[i]->reason = input.reason;
		locate_end(m, list[i], ONNET_BAD_URI);
	}
	return list;
}

static void naptr_answered(struct machine *m, struct location *l)
{
	if (l->naptr->error == ONNET_BOGUS) {
		locate_end(m, l, ONNET_BOGUS);
		return;
	}
	l->state = LOCATE_SRV;
	if (l->naptr->error == ONNET_OK)
		select_naptr(m, l);
	if (l->error != ONNET_OK) {
		locate_end(m, l, l->error);
		return;
	}
	if (l->route_count > 0)
		return;
	trace_note(m, l->trace, rule_41, "no NAPTR records for SIP: SRV for each transport");
	select_transports(m, l);
}

/* No SRV set anywhere: the domain's own addresses, by the transport that was chosen. */
static void fall_back(struct machine *m, struct location *l, enum onnet_error why)
{
	const struct transport_facts *facts = transport_facts(l->fallback);

	/* That nobody answered does not say that there is none. */
	if (error_worse(ONNET_LOOP, why) == why) {
		locate_end(m, l, why);
		return;
	}
	l->fell_back = true;
	struct route *r = route_add(l, l->fallback, UINT32_MAX, NULL);
	if (r == NULL)
		return;
	r->trace = trace_note(m, l->trace, rule_42, "no SRV records: addresses, with %s at port %u",
			      facts->name, facts->port);
	if (l->naptr != NULL && l->naptr->error == ONNET_OK)
		r->ttl = l->naptr->ttl;
	route_to_host(m, r, l->target, facts->port);
}

static void addresses_need(struct machine *m, struct location *l)
{
	l->state = LOCATE_ADDRESSES;
	for (size_t i = 0; i < l->route_count; i++) {
		for (size_t j = 0; j < l->routes[i].hop_count; j++) {
			struct hop *hop = &l->routes[i].hops[j];

			/* RFC 7984 4.2: both families, whatever the other one gave */
			if (!hop->numeric && (m->families & ONNET_FAMILY_V6) != 0)
				hop->v6 = machine_need(m, hop->name, MACHINE_AAAA, hop->trace);
			if (!hop->numeric && (m->families & ONNET_FAMILY_V4) != 0)
				hop->v4 = machine_need(m, hop->name, MACHINE_A, hop->trace);
		}
	}
}

static void srv_answered(struct machine *m, struct location *l)
{
	enum onnet_error worst = ONNET_NXDOMAIN;
	bool found = false;
	bool unavailable = false;
	size_t hops = 0;

	for (size_t i = 0; i < l->route_count; i++) {
		struct route *r = &l->routes[i];

		if (r->srv != NULL && r->srv->error == ONNET_OK)
			srv_read(m, r);
		else if (r->srv != NULL)
			worst = error_worse(worst, r->srv->error);
		found = found || (!r->aside && (r->srv == NULL || r->srv->error == ONNET_OK));
		unavailable = unavailable || r->unavailable;
		hops += r->hop_count;
	}
	if (!found)
		fall_back(m, l, worst);
	else if (hops == 0 && error_worse(ONNET_LOOP, worst) == worst)
		locate_end(m, l, worst); /* what another set has is not known */
	else if (hops == 0)
		locate_end(m, l, unavailable ? ONNET_SERVICE_NOT_AVAILABLE : ONNET_NO_RECORDS);
	if (l->state != LOCATE_DONE)
		addresses_need(m, l);
}

static bool srv_waiting(const struct location *l)
{
	for (size_t i = 0; i < l->route_count; i++)
		if (l->routes[i].srv != NULL && !l->routes[i].srv->answered)
			return true;
	return false;
}

static bool addresses_waiting(const struct location *l)
{
	for (size_t i = 0; i < l->route_count; i++) {
		for (size_t j = 0; j < l->routes[i].hop_count; j++) {
			const struct hop *hop = &l->routes[i].hops[j];

			if ((hop->v4 != NULL && !hop->v4->answered) ||
			    (hop->v6 != NULL && !hop->v6->answered))
				return true;
		}
	}
	return false;
}

/* What was asked for, for people whose domain has nothing yet. */
static const char *nothing_found(struct machine *m, const struct location *l)
{
	struct text text = { 0 };
	char name[NAME_TEXT_ROOM];

	text_printf(&text, "%s; asked for", onnet_error_text(l->error));
	for (const struct question *q = m->questions; q != NULL; q = q->next) {
		name_format(name, q->name);
		text_printf(&text, "%s %s %s", q == m->questions ? "" : ",", name,
			    trace_type(q->type));
	}
	const char *reason = machine_printf(m, "%s", text_get(&text));
	if (text.failed)
		m->no_memory = true;
	text_done(&text);
	return reason;
}

static void addresses_answered(struct machine *m, struct location *l)
{
	targets_make(m, l);
	l->state = LOCATE_DONE;
	if (l->error == ONNET_OK) {
		l->reason = "";
		return;
	}
	if (l->fell_back && l->reason == NULL && m->state == MACHINE_LOCATE)
		l->reason = nothing_found(m, l);
	locate_end(m, l, l->error);
}

bool locate_step(struct machine *m, struct location *l)
{
	if (l->state == LOCATE_NAPTR && l->naptr->answered)
		naptr_answered(m, l);
	if (l->state == LOCATE_SRV && !m->no_memory && !srv_waiting(l))
		srv_answered(m, l);
	if (l->state == LOCATE_ADDRESSES && !m->no_memory && !addresses_waiting(l))
		addresses_answered(m, l);
	return l->state == LOCATE_DONE;
}
