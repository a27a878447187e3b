/* SPDX-License-Identifier: MIT */
/*
 * Which transport to take (RFC 3263 4.1): what a domain's NAPTR records offer against what the
 * client has.
 *
 * Each record is judged alone first: is it about SIP, is it sound, does the scheme allow it, does
 * the client have the transport. Those that are left compete by ORDER, which is never crossed once
 * a record of it was accepted (RFC 3403 4.1), and within one order by PREFERENCE; where that is
 * equal, the client's own preference decides. All of the accepted order are kept, for one may stay
 * without SRV records.
 *
 * Where SIP records are there but none for this client, the look-up ends: falling back on SRV
 * would go past what the domain said, for a domain of SIPS alone it would be a downgrade. Records
 * that are malformed, or that are about something else, count as none.
 */
#include "resolve/locate.h"
#include "resolve/trace.h"

#include <stdlib.h>
#include <strings.h>

static const char rule_41[] = "RFC 3263 4.1";
static const char rule_3403[] = "RFC 3403 4.1";

struct offer {
	struct naptr naptr;
	enum transport transport;
	bool with_srv; /* flag s; else flag a */
	size_t at;     /* in the answer */
	unsigned rank; /* of the transport in the client's list */
	struct trace *trace;
};

static bool text_equal(struct slice s, const char *text)
{
	return s.size == strlen(text) && strncasecmp((const char *)s.data, text, s.size) == 0;
}

/* Why the record is none that RFC 3263 4.1 speaks of; NULL: it is one. */
static const char *offer_fault(const struct naptr *n, bool *with_srv)
{
	/* "se" is how Windows and Cisco publish "s"; "a" is of RFC 3404 4.3. */
	*with_srv = text_equal(n->flags, "s") || text_equal(n->flags, "se");
	if (!*with_srv && !text_equal(n->flags, "a"))
		return "its flag is neither s nor a";
	/* 4.1: "the regexp field is empty" in all its records; a replacement is what counts. */
	if (n->regexp.size > 0)
		return "it has a regexp";
	if (name_is_root(n->replacement))
		return "it has no replacement";
	return NULL;
}

/* Whether this client can take the record's transport under this scheme. */
static bool offer_fits(struct machine *m, const struct location *l, struct offer *o)
{
	const struct transport_facts *facts = transport_facts(o->transport);

	if (o->transport == TRANSPORT_NONE) {
		trace_drop(m, o->trace, rule_41, "a transport that nobody knows");
		return false;
	}
	/* "discard any services that do not contain "SIPS" as the protocol" for a SIPS URI */
	if (l->secure && !facts->secure) {
		trace_drop(m, o->trace, rule_41, "a sips: URI goes by SIPS only");
		return false;
	}
	if (!machine_has_transport(m, o->transport)) {
		trace_drop(m, o->trace, rule_41, "the client has no %s", facts->name);
		return false;
	}
	o->rank = machine_transport_rank(m, o->transport);
	return true;
}

/* Reads and judges one record; true: it competes. *sip: it was a sound record about SIP. */
static bool offer_read(struct machine *m, const struct location *l, size_t at, struct offer *ret,
		       bool *sip)
{
	struct offer o = { .at = at };
	struct slice rdata = l->naptr->records[at];
	const char *fault;

	o.trace = trace_record(m, l->naptr->trace, MACHINE_NAPTR, rdata);
	if (naptr_read(rdata, &o.naptr) < 0) {
		trace_drop(m, o.trace, rule_3403, "it is malformed");
		return false;
	}
	if (!transport_service_is_sip(o.naptr.services)) {
		trace_drop(m, o.trace, rule_41, "it is not about SIP");
		return false;
	}
	fault = offer_fault(&o.naptr, &o.with_srv);
	if (fault != NULL) {
		trace_drop(m, o.trace, rule_41, "%s", fault);
		return false;
	}
	*sip = true;
	o.transport = transport_find_service(o.naptr.services);
	if (!offer_fits(m, l, &o))
		return false;
	*ret = o;
	return true;
}

static int offer_compare(const void *a, const void *b)
{
	const struct offer *x = a;
	const struct offer *y = b;

	if (x->naptr.order != y->naptr.order)
		return x->naptr.order < y->naptr.order ? -1 : 1;
	if (x->naptr.preference != y->naptr.preference)
		return x->naptr.preference < y->naptr.preference ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

static void offer_take(struct machine *m, struct location *l, const struct offer *o)
{
	const struct transport_facts *facts = transport_facts(o->transport);
	struct route *r = route_add(l, o->transport, l->naptr->ttl, o->trace);

	if (r == NULL) {
		trace_drop(m, o->trace, NULL, "there are %d ways already", LOCATE_ROUTES_MAX);
		return;
	}
	trace_take(m, o->trace, rule_41, "SIP over %s", facts->name);
	if (o->with_srv)
		r->srv = machine_need(m, o->naptr.replacement, MACHINE_SRV, r->trace);
	else
		route_to_host(m, r, o->naptr.replacement, facts->port);
}

void select_naptr(struct machine *m, struct location *l)
{
	struct offer *offers = machine_take(m, l->naptr->count, sizeof(*offers));
	size_t count = 0;
	bool sip = false;

	if (offers == NULL)
		return;
	for (size_t i = 0; i < l->naptr->count; i++)
		if (offer_read(m, l, i, &offers[count], &sip))
			count++;
	qsort(offers, count, sizeof(*offers), offer_compare);

	for (size_t i = 0; i < count; i++) {
		/* "MUST NOT consider records with a higher ORDER" once one was accepted */
		if (offers[i].naptr.order != offers[0].naptr.order)
			trace_drop(m, offers[i].trace, rule_3403,
				   "a record of order %u was accepted", offers[0].naptr.order);
		else
			offer_take(m, l, &offers[i]);
	}
	if (count > 0)
		l->fallback = offers[0].transport;
	else if (sip)
		l->error = ONNET_NO_SUPPORTED_TRANSPORT;
}

/*
 * "the client constructs SRV queries for those transport protocols it supports": _sip for sip:, and
 * _sips for sips:. A client that has nothing but TLS asks for _sips also under sip:.
 */
void select_transports(struct machine *m, struct location *l)
{
	bool secure = l->secure || transport_facts(select_default(m, l->secure))->secure;

	for (size_t i = 0; i < ONNET_TRANSPORTS && m->transports[i] != TRANSPORT_NONE; i++) {
		const struct transport_facts *facts = transport_facts(m->transports[i]);
		struct name name;

		if (facts->secure != secure || name_below(&name, facts->srv, l->target) < 0)
			continue;

		struct question *srv = machine_need(m, name_slice(&name), MACHINE_SRV, l->trace);
		struct route *r = route_add(l, m->transports[i], UINT32_MAX, srv->trace);
		if (r != NULL)
			r->srv = srv;
	}
}

enum transport select_default(const struct machine *m, bool secure)
{
	enum transport usual = secure ? TRANSPORT_TLS : TRANSPORT_UDP;

	if (machine_has_transport(m, usual))
		return usual;
	/* "However, another transport protocol, such as TCP, MAY be used" */
	for (size_t i = 0; i < ONNET_TRANSPORTS; i++)
		if (m->transports[i] != TRANSPORT_NONE &&
		    transport_facts(m->transports[i])->secure == secure)
			return m->transports[i];
	return secure ? TRANSPORT_NONE : select_default(m, true);
}
