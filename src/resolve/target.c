/* SPDX-License-Identifier: MIT */
/*
 * From hosts to targets: the last step of a location.
 *
 * The order is that of the routes, within a route that of the hosts, within a host that of RFC
 * 6724. So SRV priorities outrank address families (RFC 7984 4.2), and a host without a usable
 * address is passed over, not given up for. The same endpoint is not tried twice. What failed
 * lately goes to the end (grey) or is left out (black), and what the caller wants to stay with
 * comes first.
 */
#include "resolve/avoid.h"
#include "resolve/endpoint.h"
#include "resolve/locate.h"
#include "resolve/order.h"
#include "resolve/trace.h"

struct found {
	union onnet_address addresses[MACHINE_ADDRESSES_MAX];
	size_t count;
	uint32_t ttl;
};

static uint32_t ttl_least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void addresses_read(struct machine *m, const struct question *q, uint16_t port,
			   struct found *found)
{
	size_t size = q->type == MACHINE_A ? 4 : 16;

	if (q->error != ONNET_OK)
		return;
	found->ttl = ttl_least(found->ttl, q->ttl);
	for (size_t i = 0; i < q->count; i++) {
		struct trace *t = trace_record(m, q->trace, q->type, q->records[i]);

		if (q->records[i].size != size) {
			trace_drop(m, t, "RFC 1035 3.4.1", "it is malformed");
		} else if (found->count == MACHINE_ADDRESSES_MAX) {
			trace_drop(m, t, NULL, "there are %d addresses already",
				   MACHINE_ADDRESSES_MAX);
		} else {
			found->addresses[found->count++] =
				size == 4 ? address_v4(q->records[i].data, port) :
					    address_v6(q->records[i].data, port);
		}
	}
}

static void numeric_take(const struct machine *m, const struct hop *hop, struct found *found)
{
	unsigned family = hop->address.any.sa_family == AF_INET6 ? ONNET_FAMILY_V6 :
								   ONNET_FAMILY_V4;

	if ((m->families & family) == 0)
		return;
	found->addresses[0] = hop->address;
	found->count = 1;
}

static const char *hop_host(struct machine *m, const struct hop *hop)
{
	char text[NAME_TEXT_ROOM];

	if (hop->numeric)
		address_format(text, &hop->address);
	else
		name_format(text, hop->name);
	return machine_printf(m, "%s", text);
}

static bool target_known(const struct location *l, const struct onnet_endpoint *e)
{
	for (size_t i = 0; i < l->target_count; i++)
		if (endpoint_equal(&l->targets[i].endpoint, e))
			return true;
	return false;
}

static void endpoint_note(struct machine *m, struct trace *parent, const struct onnet_endpoint *e,
			  const char *what)
{
	char text[ADDRESS_TEXT_ROOM];

	if (!m->explain)
		return;
	address_format(text, &e->address);
	trace_note(m, parent, NULL, "%s port %u over %s %s", text, address_port(&e->address),
		   onnet_transport_name(e->transport), what);
}

/* False: it is not to be tried. */
static bool target_add(struct machine *m, struct location *l, const struct onnet_target *target,
		       struct trace *trace)
{
	struct onnet_target t = *target;
	enum onnet_mark mark = m->avoid != NULL ? avoid_find(m->avoid, &t.endpoint, m->now_ms) :
						  ONNET_MARK_NONE;

	if (mark == ONNET_MARK_BLACK) {
		endpoint_note(m, trace, &t.endpoint, "is left out: black");
		return false;
	}
	t.grey = mark == ONNET_MARK_GREY;
	if (t.grey)
		endpoint_note(m, trace, &t.endpoint, "failed lately: last");
	if (l->target_count < ONNET_TARGETS_MAX && !target_known(l, &t.endpoint))
		l->targets[l->target_count++] = t;
	return true;
}

/* How many of its addresses are not to be tried. */
static size_t hop_targets(struct machine *m, struct location *l, const struct route *route,
			  struct hop *hop)
{
	struct found found = { .ttl = UINT32_MAX };
	size_t black = 0;

	if (hop->v6 != NULL)
		addresses_read(m, hop->v6, hop->port, &found);
	if (hop->v4 != NULL)
		addresses_read(m, hop->v4, hop->port, &found);
	if (hop->numeric)
		numeric_take(m, hop, &found);
	if (found.count == 0) {
		trace_note(m, hop->trace, "RFC 7984 4.2", "no usable address: passed over");
		return 0;
	}
	addresses_order(found.addresses, found.count, m->source, m->source_arg);

	uint32_t ttl = ttl_least(found.ttl, ttl_least(route->ttl, hop->ttl));
	struct onnet_target target = {
		.endpoint.transport = (enum onnet_transport)route->transport,
		.host = hop_host(m, hop),
		.domain = l->domain,
		.ttl = ttl == UINT32_MAX ? 0 : ttl,
		.priority = hop->priority,
		.weight = hop->weight,
		.share = hop->share,
	};
	for (size_t i = 0; i < found.count; i++) {
		target.endpoint.address = found.addresses[i];
		black += !target_add(m, l, &target, hop->trace);
	}
	return black;
}

/* Stable: what is not grey before what is. */
static void grey_last(struct location *l, struct onnet_target *spare)
{
	size_t count = 0;

	for (unsigned grey = 0; grey <= 1; grey++)
		for (size_t i = 0; i < l->target_count; i++)
			if (l->targets[i].grey == (grey == 1))
				spare[count++] = l->targets[i];
	l->targets = spare;
}

static void preferred_first(struct machine *m, struct location *l)
{
	for (size_t i = 0; m->has_prefer && i < l->target_count; i++) {
		struct onnet_target t = l->targets[i];

		if (t.grey || !endpoint_equal(&t.endpoint, &m->prefer))
			continue;
		memmove(l->targets + 1, l->targets, i * sizeof(t));
		l->targets[0] = t;
		endpoint_note(m, l->trace, &t.endpoint, "comes first: the caller stays with it");
		return;
	}
}

/*
 * Why there is no address: of an SRV target's name only that it has none. An SRV set that could not
 * be had might have had some.
 */
static enum onnet_error addresses_error(const struct location *l)
{
	enum onnet_error error = ONNET_NXDOMAIN;

	for (size_t i = 0; i < l->route_count; i++) {
		if (l->routes[i].srv != NULL)
			error = error_worse(error, l->routes[i].srv->error);
		for (size_t j = 0; j < l->routes[i].hop_count; j++) {
			const struct hop *hop = &l->routes[i].hops[j];

			if (l->routes[i].srv != NULL || hop->numeric)
				error = error_worse(error, ONNET_NO_RECORDS);
			if (hop->v4 != NULL)
				error = error_worse(error, hop->v4->error);
			if (hop->v6 != NULL)
				error = error_worse(error, hop->v6->error);
		}
	}
	return error == ONNET_NXDOMAIN || error_worse(ONNET_LOOP, error) == error ?
		       error :
		       ONNET_NO_RECORDS;
}

/* How many targets there can be. */
static size_t targets_count(const struct location *l)
{
	size_t count = 0;

	for (size_t i = 0; i < l->route_count; i++) {
		for (size_t j = 0; j < l->routes[i].hop_count; j++) {
			const struct hop *hop = &l->routes[i].hops[j];

			count += hop->numeric + (hop->v4 != NULL ? hop->v4->count : 0) +
				 (hop->v6 != NULL ? hop->v6->count : 0);
		}
	}
	return count < ONNET_TARGETS_MAX ? count : ONNET_TARGETS_MAX;
}

void targets_make(struct machine *m, struct location *l)
{
	size_t room = targets_count(l);
	struct onnet_target *spare = machine_take(m, room, sizeof(*spare));
	size_t black = 0;

	l->targets = machine_take(m, room, sizeof(*l->targets));
	if (spare == NULL || l->targets == NULL)
		return;
	for (size_t i = 0; i < l->route_count; i++)
		for (size_t j = 0; j < l->routes[i].hop_count; j++)
			black += hop_targets(m, l, &l->routes[i], &l->routes[i].hops[j]);
	if (l->target_count > 0) {
		grey_last(l, spare);
		preferred_first(m, l);
		return;
	}
	l->error = addresses_error(l);
	if (black > 0) {
		l->error = ONNET_SERVICE_NOT_AVAILABLE;
		l->reason = "all servers are left out for now";
	}
}
