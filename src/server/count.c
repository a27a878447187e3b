/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counters by name. Each thread has its own and is the only one to write them, so that counting
 * costs an addition and no lock; whoever wants to know adds up those of all threads.
 *
 * What a query took is told in a histogram by one look at the clock for each run of queries that
 * were read together: they went out together, and a clock for each would cost more than it tells.
 */
#include "server/count.h"

#include <libknot/libknot.h>
#include <stdbool.h>

#include "base/clock.h"

#define QUERY(transport, family)                                                          \
	{                                                                                 \
		"onnet_queries_total{transport=\"" transport "\",family=\"" family "\"}", \
			"Queries by transport and address family."                        \
	}
#define TYPE(type)                                                                             \
	{                                                                                      \
		"onnet_queries_by_type_total{type=\"" type "\"}", "Queries by type of record." \
	}
#define RCODE(rcode)                                                \
	{                                                           \
		"onnet_query_responses_total{rcode=\"" rcode "\"}", \
			"Responses to queries by RCODE."            \
	}
#define CLOSED(reason)                                                                \
	{                                                                             \
		"onnet_tcp_closed_total{reason=\"" reason "\"}",                      \
			"TCP connections that were closed by this server, by reason." \
	}
#define UPDATE(at, rcode)                                                            \
	[COUNT_UPDATE_NOERROR + COUNT_RCODE_##at -                                   \
		COUNT_RCODE_NOERROR] = { "onnet_updates_total{rcode=\"" rcode "\"}", \
					 "Updates by the RCODE they ended with." }
#define REFUSED(reason)                                               \
	{                                                             \
		"onnet_updates_refused_total{reason=\"" reason "\"}", \
			"Updates that failed, by what was wrong."     \
	}

#define TRANSFER(what, direction, help)                                       \
	{                                                                     \
		"onnet_transfers_" what "{direction=\"" direction "\"}", help \
	}
#define NOTIFY(direction, outcome)                                                           \
	{                                                                                    \
		"onnet_notifies_total{direction=\"" direction "\",outcome=\"" outcome "\"}", \
			"NOTIFY messages by direction and by what became of them."           \
	}

/* clang-format off */
const struct count_name count_names[COUNTS] = {
	[COUNT_QUERY_UDP] = QUERY("udp", "ipv4"),
	[COUNT_QUERY_UDP_V6] = QUERY("udp", "ipv6"),
	[COUNT_QUERY_TCP] = QUERY("tcp", "ipv4"),
	[COUNT_QUERY_TCP_V6] = QUERY("tcp", "ipv6"),
	[COUNT_QUERY_TLS] = QUERY("tls", "ipv4"),
	[COUNT_QUERY_TLS_V6] = QUERY("tls", "ipv6"),
	[COUNT_QUERY_XDP] = QUERY("xdp", "ipv4"),
	[COUNT_QUERY_XDP_V6] = QUERY("xdp", "ipv6"),
	[COUNT_TYPE_OTHER] = TYPE("other"),
	[COUNT_TYPE_A] = TYPE("A"),
	[COUNT_TYPE_NS] = TYPE("NS"),
	[COUNT_TYPE_CNAME] = TYPE("CNAME"),
	[COUNT_TYPE_SOA] = TYPE("SOA"),
	[COUNT_TYPE_PTR] = TYPE("PTR"),
	[COUNT_TYPE_MX] = TYPE("MX"),
	[COUNT_TYPE_TXT] = TYPE("TXT"),
	[COUNT_TYPE_AAAA] = TYPE("AAAA"),
	[COUNT_TYPE_SRV] = TYPE("SRV"),
	[COUNT_TYPE_NAPTR] = TYPE("NAPTR"),
	[COUNT_TYPE_DS] = TYPE("DS"),
	[COUNT_TYPE_DNSKEY] = TYPE("DNSKEY"),
	[COUNT_TYPE_HTTPS] = TYPE("HTTPS"),
	[COUNT_TYPE_IXFR] = TYPE("IXFR"),
	[COUNT_TYPE_AXFR] = TYPE("AXFR"),
	[COUNT_TYPE_ANY] = TYPE("ANY"),
	[COUNT_RCODE_NOERROR] = RCODE("NOERROR"),
	[COUNT_RCODE_FORMERR] = RCODE("FORMERR"),
	[COUNT_RCODE_SERVFAIL] = RCODE("SERVFAIL"),
	[COUNT_RCODE_NXDOMAIN] = RCODE("NXDOMAIN"),
	[COUNT_RCODE_NOTIMPL] = RCODE("NOTIMP"),
	[COUNT_RCODE_REFUSED] = RCODE("REFUSED"),
	[COUNT_RCODE_YXDOMAIN] = RCODE("YXDOMAIN"),
	[COUNT_RCODE_YXRRSET] = RCODE("YXRRSET"),
	[COUNT_RCODE_NXRRSET] = RCODE("NXRRSET"),
	[COUNT_RCODE_NOTAUTH] = RCODE("NOTAUTH"),
	[COUNT_RCODE_NOTZONE] = RCODE("NOTZONE"),
	[COUNT_RCODE_BADVERS] = RCODE("BADVERS"),
	[COUNT_RCODE_BADCOOKIE] = RCODE("BADCOOKIE"),
	[COUNT_RCODE_OTHER] = RCODE("other"),
	[COUNT_TRUNCATED] = { "onnet_responses_truncated_total",
		"Responses to queries with the TC bit, after which a client asks again over TCP." },
	[COUNT_REQUEST_IGNORED] = { "onnet_requests_ignored_total",
		"Messages that got no response: shorter than a header, or responses themselves." },
	[COUNT_REQUEST_MALFORMED] = { "onnet_requests_malformed_total",
		"Queries that could not be read, and got FORMERR." },
	[COUNT_REQUEST_OPCODE] = { "onnet_requests_other_total",
		"Requests that are neither query nor update." },
	[COUNT_TCP_ACCEPTED] = { "onnet_tcp_accepted_total", "TCP connections that were taken." },
	[COUNT_TCP_CLOSED_LIMIT] = CLOSED("limit"),
	[COUNT_TCP_CLOSED_CLIENT] = CLOSED("client"),
	[COUNT_TCP_CLOSED_FILES] = CLOSED("files"),
	[COUNT_TCP_CLOSED_IDLE] = CLOSED("idle"),
	[COUNT_TCP_CLOSED_SLOW] = CLOSED("slow"),
	UPDATE(NOERROR, "NOERROR"),
	UPDATE(FORMERR, "FORMERR"),
	UPDATE(SERVFAIL, "SERVFAIL"),
	UPDATE(NXDOMAIN, "NXDOMAIN"),
	UPDATE(NOTIMPL, "NOTIMP"),
	UPDATE(REFUSED, "REFUSED"),
	UPDATE(YXDOMAIN, "YXDOMAIN"),
	UPDATE(YXRRSET, "YXRRSET"),
	UPDATE(NXRRSET, "NXRRSET"),
	UPDATE(NOTAUTH, "NOTAUTH"),
	UPDATE(NOTZONE, "NOTZONE"),
	UPDATE(BADVERS, "BADVERS"),
	UPDATE(BADCOOKIE, "BADCOOKIE"),
	UPDATE(OTHER, "other"),
	[COUNT_UPDATE_REPEATED] = { "onnet_updates_repeated_total",
		"Copies of updates that were carried out before, answered and changing nothing." },
	[COUNT_REFUSED_SIGNATURE] = REFUSED("signature"),
	[COUNT_REFUSED_ACCESS] = REFUSED("access"),
	[COUNT_REFUSED_FORM] = REFUSED("form"),
	[COUNT_REFUSED_ZONE] = REFUSED("zone"),
	[COUNT_REFUSED_PREREQUISITE] = REFUSED("prerequisite"),
	[COUNT_REFUSED_QUEUE] = REFUSED("queue"),
	[COUNT_REFUSED_STORE] = REFUSED("store"),
	[COUNT_COMMIT_FAILED] = { "onnet_commits_failed_total",
		"Groups of updates that the store could not take." },
	[COUNT_FORWARDED] = { "onnet_updates_forwarded_total",
			      "Updates of copies that were sent on to a primary." },
	[COUNT_TRANSFER_IN] = TRANSFER("total", "in", "Transfers that went through."),
	[COUNT_TRANSFER_OUT] = TRANSFER("total", "out", "Transfers that went through."),
	[COUNT_TRANSFER_IN_FAILED] = TRANSFER("failed_total", "in",
		"Transfers that began and did not come to their end."),
	[COUNT_TRANSFER_OUT_FAILED] = TRANSFER("failed_total", "out",
		"Transfers that began and did not come to their end."),
	[COUNT_TRANSFER_IN_REFUSED] = TRANSFER("refused_total", "in",
		"Transfers that were asked for and answered with an error."),
	[COUNT_TRANSFER_OUT_REFUSED] = TRANSFER("refused_total", "out",
		"Transfers that were asked for and answered with an error."),
	[COUNT_NOTIFY_TAKEN] = NOTIFY("in", "taken"),
	[COUNT_NOTIFY_REFUSED] = NOTIFY("in", "refused"),
	[COUNT_NOTIFY_SENT] = NOTIFY("out", "sent"),
	[COUNT_NOTIFY_ANSWERED] = NOTIFY("out", "answered"),
	[COUNT_NOTIFY_GIVEN_UP] = NOTIFY("out", "given_up"),
	[COUNT_TLS_GOOD] = { "onnet_tls_handshakes_total{result=\"good\"}",
		"TLS handshakes that ended." },
	[COUNT_TLS_FAILED] = { "onnet_tls_handshakes_total{result=\"failed\"}",
			       "TLS handshakes that ended." },
	[COUNT_LIMITED_DROPPED] = { "onnet_responses_limited_total{action=\"dropped\"}",
		"Responses over UDP held back by rate-limit." },
	[COUNT_LIMITED_SHORT] = { "onnet_responses_limited_total{action=\"truncated\"}",
		"Responses over UDP held back by rate-limit." },
	[COUNT_SIGNATURE_BAD] = { "onnet_signatures_refused_total{reason=\"bad\"}",
		"Signed messages that were refused." },
	[COUNT_SIGNATURE_UNREAD] = { "onnet_signatures_refused_total{reason=\"unread\"}",
		"Signed messages that were refused." },
};

const struct histogram_name histogram_names[HISTOGRAMS] = {
	[HISTOGRAM_QUERY] = { "onnet_query_duration_seconds",
		"From reading a query to handing its response to the kernel; measured once for all "
		"that are read together.", 1e-6,
		{ 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 500000,
		  1000000 } },
	[HISTOGRAM_COMMIT] = { "onnet_commit_duration_seconds",
		"What it took to have a group of updates on disk.", 1e-6,
		{ 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000,
		  1000000, 5000000 } },
	[HISTOGRAM_GROUP] = { "onnet_commit_updates",
		"Updates that one commit carried out.", 1,
		{ 1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024 } },
};
/* clang-format on */

void count_spread(struct counts *counts, enum histogram what, uint64_t value, uint64_t times)
{
	const uint64_t *bound = histogram_names[what].bound;
	size_t i = 0;

	while (i < BUCKETS - 1 && value > bound[i])
		i++;
	count_plus(&counts->bucket[what][i], times);
	count_plus(&counts->sum[what], value * times);
}

int64_t count_time(struct counts *counts, int64_t began_us)
{
	int64_t now = clock_monotonic_us();

	if (counts->untimed > 0)
		count_spread(counts, HISTOGRAM_QUERY, (uint64_t)(now - began_us), counts->untimed);
	counts->untimed = 0;
	return now;
}

enum count count_of_type(uint16_t type)
{
	static const uint8_t row[KNOT_RRTYPE_ANY + 1] = {
		[KNOT_RRTYPE_A] = COUNT_TYPE_A,         [KNOT_RRTYPE_NS] = COUNT_TYPE_NS,
		[KNOT_RRTYPE_CNAME] = COUNT_TYPE_CNAME, [KNOT_RRTYPE_SOA] = COUNT_TYPE_SOA,
		[KNOT_RRTYPE_PTR] = COUNT_TYPE_PTR,     [KNOT_RRTYPE_MX] = COUNT_TYPE_MX,
		[KNOT_RRTYPE_TXT] = COUNT_TYPE_TXT,     [KNOT_RRTYPE_AAAA] = COUNT_TYPE_AAAA,
		[KNOT_RRTYPE_SRV] = COUNT_TYPE_SRV,     [KNOT_RRTYPE_NAPTR] = COUNT_TYPE_NAPTR,
		[KNOT_RRTYPE_DS] = COUNT_TYPE_DS,       [KNOT_RRTYPE_DNSKEY] = COUNT_TYPE_DNSKEY,
		[KNOT_RRTYPE_HTTPS] = COUNT_TYPE_HTTPS, [KNOT_RRTYPE_IXFR] = COUNT_TYPE_IXFR,
		[KNOT_RRTYPE_AXFR] = COUNT_TYPE_AXFR,   [KNOT_RRTYPE_ANY] = COUNT_TYPE_ANY,
	};
	_Static_assert(COUNT_TYPE_ANY <= UINT8_MAX, "a row's number is an octet");

	return type <= KNOT_RRTYPE_ANY && row[type] != 0 ? row[type] : COUNT_TYPE_OTHER;
}

enum count count_of_rcode(enum count first, uint16_t rcode)
{
	enum count row = COUNT_RCODE_OTHER;

	if (rcode <= KNOT_RCODE_NOTZONE)
		row = COUNT_RCODE_NOERROR + rcode;
	else if (rcode == KNOT_RCODE_BADVERS)
		row = COUNT_RCODE_BADVERS;
	else if (rcode == KNOT_RCODE_BADCOOKIE)
		row = COUNT_RCODE_BADCOOKIE;
	return first + (row - COUNT_RCODE_NOERROR);
}

/* What was wrong with an update that ended so; COUNTS: nothing was. */
static enum count refusal(uint16_t rcode, uint16_t error)
{
	if (error != 0)
		return COUNT_REFUSED_SIGNATURE;
	switch (rcode) {
	case KNOT_RCODE_REFUSED:
		return COUNT_REFUSED_ACCESS;
	case KNOT_RCODE_YXDOMAIN:
	case KNOT_RCODE_YXRRSET:
	case KNOT_RCODE_NXDOMAIN:
	case KNOT_RCODE_NXRRSET:
		return COUNT_REFUSED_PREREQUISITE;
	case KNOT_RCODE_NOTAUTH:
	case KNOT_RCODE_NOTZONE:
		return COUNT_REFUSED_ZONE;
	case KNOT_RCODE_SERVFAIL:
		return COUNT_REFUSED_STORE;
	case KNOT_RCODE_NOERROR:
		return COUNTS;
	default:
		return COUNT_REFUSED_FORM;
	}
}

void count_refusal(struct counts *counts, uint16_t rcode, enum count why)
{
	count_add(counts, count_of_rcode(COUNT_UPDATE_NOERROR, rcode), 1);
	if (why != COUNTS)
		count_add(counts, why, 1);
}

void count_update(struct counts *counts, uint16_t rcode, uint16_t error)
{
	count_refusal(counts, rcode, refusal(rcode, error));
}

void counts_join(const struct counts **list, struct counts *counts)
{
	counts->next = *list;
	*list = counts;
}

uint64_t counts_sum(const struct counts *list, enum count what)
{
	uint64_t sum = 0;

	for (; list != NULL; list = list->next)
		sum += count_get(list, what);
	return sum;
}

uint64_t counts_spread(const struct counts *list, enum histogram what, uint64_t ret[BUCKETS])
{
	uint64_t below = 0, sum = 0;

	for (const struct counts *c = list; c != NULL; c = c->next)
		sum += atomic_load_explicit(&c->sum[what], memory_order_relaxed);
	for (size_t i = 0; i < BUCKETS; i++) {
		for (const struct counts *c = list; c != NULL; c = c->next)
			below += atomic_load_explicit(&c->bucket[what][i], memory_order_relaxed);
		ret[i] = below;
	}
	return sum;
}
