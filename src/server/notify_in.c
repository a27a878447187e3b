/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RFC 1996 3.10: "a NOTIFY request from a source other than a known primary should be ignored, and an error message
 * logged". Known is who stands under primary:, by its address, whatever its port, since nobody sends from the
 * port on which it listens; and where it has a key there, by its signature, which every unsigned datagram
 * with its address lacks. It is answered with an error, so that whoever has set this up wrongly can see it.
 *
 * The serial in it (3.7) is a hint that anybody could have made up: the SOA is asked for in any case, and
 * nothing is transferred that is not newer.
 */
#include "server/notify_in.h"

#include <netinet/in.h>

#include "base/log.h"
#include "server/peer.h"
#include "server/secondary.h"

static void refuse(struct responder *r, struct exchange *x, uint16_t rcode, const char *why)
{
	knot_dname_txt_storage_t zone = "?";
	char peer[PEER_TEXT_ROOM];

	x->rcode = rcode;
	x->why_code = KNOT_EDNS_EDE_OTHER;
	x->why = why;
	count_add(&r->counts, COUNT_NOTIFY_REFUSED, 1);
	if (!log_bound_pass(&r->refused, r->now_ms))
		return;
	peer_format(peer, x->peer);
	if (x->question_size > KNOT_WIRE_HEADER_SIZE)
		knot_dname_to_str(zone, x->wire + KNOT_WIRE_HEADER_SIZE, sizeof(zone));
	log_warning("NOTIFY refused: zone=%s peer=%s key=%s: %s", zone, peer,
		    x->tsig.key != NULL ? x->tsig.key->id : "-", why);
}

static bool same_address(const struct conf_address *a, const struct sockaddr *b)
{
	const struct sockaddr_in *v4 = (const void *)&a->socket, *from4 = (const void *)b;
	const struct sockaddr_in6 *v6 = (const void *)&a->socket, *from6 = (const void *)b;

	if (a->socket.ss_family != b->sa_family)
		return false;
	if (b->sa_family == AF_INET)
		return v4->sin_addr.s_addr == from4->sin_addr.s_addr;
	return memcmp(&v6->sin6_addr, &from6->sin6_addr, sizeof(v6->sin6_addr)) == 0;
}

/* 1 + index of the primary that says this; 0: none does, and *known tells whether only the signature lacks. */
static unsigned find_primary(const struct state *state, const struct zone *zone,
			     const struct exchange *x, bool *known)
{
	const struct conf_zone *conf = &state->conf->zone[zone->index];

	for (size_t i = 0; i < conf->primary_count; i++) {
		const struct server_key *key = state_key(state, conf->primary[i].key);

		if (!same_address(&conf->primary[i].address, x->peer))
			continue;
		*known = true;
		if (key == NULL || key == x->tsig.key)
			return (unsigned)i + 1;
	}
	return 0;
}

void notify_take(struct responder *r, struct exchange *x)
{
	const struct zone *zone = NULL;
	bool known = false;

	if (x->qtype != KNOT_RRTYPE_SOA || x->qclass != KNOT_CLASS_IN) {
		refuse(r, x, KNOT_RCODE_NOTIMPL, "it tells of something other than a SOA record");
		return;
	}
	zone = zone_table_find(r->view.table, x->wire + KNOT_WIRE_HEADER_SIZE);
	if (zone == NULL || zone->closed == NULL) {
		refuse(r, x, KNOT_RCODE_NOTAUTH,
		       zone == NULL ? "no zone of this name is served here" :
				      "this server is the zone's primary");
		return;
	}

	unsigned primary = find_primary(r->state, zone, x, &known);
	if (primary == 0) {
		refuse(r, x, KNOT_RCODE_REFUSED,
		       known ? "it is not signed with the key that this primary has here" :
			       "it does not come from a primary of the zone");
		return;
	}
	count_add(&r->counts, COUNT_NOTIFY_TAKEN, 1);
	if (atomic_exchange(&r->state->gate[zone->index].notified, primary) == 0)
		secondary_wake(r->secondary);
}
