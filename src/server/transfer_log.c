/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines about transfers. Whoever asks again and again does not fill the log with it. */
#include "server/transfer_log.h"

#include <netinet/in.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/name.h"
#include "server/exchange.h"
#include "server/peer.h"

static uint64_t hash_name(const knot_dname_t *name)
{
	return name_hash(name, knot_dname_size(name));
}

/* A number for zone, address, key and outcome. */
static uint64_t hash(const struct exchange *x, const knot_dname_t *apex, uint64_t outcome)
{
	const struct sockaddr_in *v4 = (const void *)x->peer;
	const struct sockaddr_in6 *v6 = (const void *)x->peer;
	uint64_t key = x->tsig.key != NULL ? hash_name(x->tsig.key->tsig.name) : 0;
	uint64_t peer = x->peer->sa_family == AF_INET6 ?
				name_hash(v6->sin6_addr.s6_addr, sizeof(v6->sin6_addr)) :
				name_hash((const void *)&v4->sin_addr, sizeof(v4->sin_addr));

	return ((hash_name(apex) * 31 + peer) * 31 + key) * 31 + outcome;
}

static bool may_say(struct transfer_pace *pace, uint64_t who)
{
	int64_t second = clock_monotonic_ms() / 1000;
	size_t slot = who % PACE_SLOTS;

	if (pace->slot[slot].who != who || pace->slot[slot].second != second)
		pace->slot[slot].lines = 0;
	if (pace->second != second)
		pace->lines = 0;
	pace->second = second;
	pace->slot[slot].who = who;
	pace->slot[slot].second = second;
	return pace->slot[slot].lines++ < PACE_SAME && pace->lines++ < PACE_LINES;
}

void transfer_log_refused(struct transfer_pace *pace, const struct exchange *x,
			  const knot_dname_t *apex, const char *why)
{
	knot_dname_txt_storage_t name = "";
	char peer[PEER_TEXT_ROOM];

	if (!may_say(pace, hash(x, apex, 0)))
		return;
	peer_format(peer, x->peer);
	knot_dname_to_str(name, apex, sizeof(name));
	log_info("transfer refused: zone=%s peer=%s key=%s kind=%s: %s", name, peer,
		 x->tsig.key != NULL ? x->tsig.key->id : "-",
		 x->qtype == KNOT_RRTYPE_IXFR ? "IXFR" : "AXFR", why);
}

void transfer_log_sent(struct transfer_pace *pace, const struct exchange *x,
		       const knot_dname_t *apex, const struct transfer_sum *sum)
{
	knot_dname_txt_storage_t name = "";
	char peer[PEER_TEXT_ROOM], from[16] = "-";

	if (!may_say(pace, hash(x, apex, 1)))
		return;
	peer_format(peer, x->peer);
	knot_dname_to_str(name, apex, sizeof(name));
	if (x->qtype == KNOT_RRTYPE_IXFR)
		snprintf(from, sizeof(from), "%u", sum->from);
	log_info("transfer sent: zone=%s peer=%s key=%s kind=%s from=%s to=%u records=%llu "
		 "octets=%llu ms=%lld",
		 name, peer, x->tsig.key != NULL ? x->tsig.key->id : "-", sum->kind, from, sum->to,
		 (unsigned long long)sum->records, (unsigned long long)sum->octets,
		 (long long)sum->ms);
}
