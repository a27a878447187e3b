/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_COUNT_H
#define SERVER_COUNT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* What is counted since the start; count.c says how each is called outside. */
enum count {
	/* queries by where they came from: for each transport IPv4, then IPv6 */
	COUNT_QUERY_UDP,
	COUNT_QUERY_UDP_V6,
	COUNT_QUERY_TCP,
	COUNT_QUERY_TCP_V6,
	COUNT_QUERY_TLS,
	COUNT_QUERY_TLS_V6,
	COUNT_QUERY_XDP,
	COUNT_QUERY_XDP_V6,

	/* the same queries by type: see count_of_type() */
	COUNT_TYPE_OTHER,
	COUNT_TYPE_A,
	COUNT_TYPE_NS,
	COUNT_TYPE_CNAME,
	COUNT_TYPE_SOA,
	COUNT_TYPE_PTR,
	COUNT_TYPE_MX,
	COUNT_TYPE_TXT,
	COUNT_TYPE_AAAA,
	COUNT_TYPE_SRV,
	COUNT_TYPE_NAPTR,
	COUNT_TYPE_DS,
	COUNT_TYPE_DNSKEY,
	COUNT_TYPE_HTTPS,
	COUNT_TYPE_IXFR,
	COUNT_TYPE_AXFR,
	COUNT_TYPE_ANY,

	/* responses to them by RCODE: see count_of_rcode(); the order is that of the numbers */
	COUNT_RCODE_NOERROR,
	COUNT_RCODE_FORMERR,
	COUNT_RCODE_SERVFAIL,
	COUNT_RCODE_NXDOMAIN,
	COUNT_RCODE_NOTIMPL,
	COUNT_RCODE_REFUSED,
	COUNT_RCODE_YXDOMAIN,
	COUNT_RCODE_YXRRSET,
	COUNT_RCODE_NXRRSET,
	COUNT_RCODE_NOTAUTH,
	COUNT_RCODE_NOTZONE,
	COUNT_RCODE_BADVERS,
	COUNT_RCODE_BADCOOKIE,
	COUNT_RCODE_OTHER,
	COUNT_TRUNCATED,

	/* requests that are no queries, or none that can be read */
	COUNT_REQUEST_IGNORED,
	COUNT_REQUEST_MALFORMED,
	COUNT_REQUEST_OPCODE,

	COUNT_TCP_ACCEPTED,
	COUNT_TCP_CLOSED_LIMIT,  /* one too many */
	COUNT_TCP_CLOSED_CLIENT, /* one too many of its client */
	COUNT_TCP_CLOSED_FILES,  /* the machine gives no more files */
	COUNT_TCP_CLOSED_IDLE,
	COUNT_TCP_CLOSED_SLOW, /* a transfer that is taken too slowly */

	/* updates by RCODE, in the same order as responses to queries */
	COUNT_UPDATE_NOERROR,
	COUNT_UPDATE_OTHER = COUNT_UPDATE_NOERROR + (COUNT_RCODE_OTHER - COUNT_RCODE_NOERROR),
	COUNT_UPDATE_REPEATED, /* answered as the first copy was */

	/* those that failed, by what it was about: see count_update() */
	COUNT_REFUSED_SIGNATURE,
	COUNT_REFUSED_ACCESS,
	COUNT_REFUSED_FORM,
	COUNT_REFUSED_ZONE,
	COUNT_REFUSED_PREREQUISITE,
	COUNT_REFUSED_QUEUE,
	COUNT_REFUSED_STORE,
	COUNT_COMMIT_FAILED,

	COUNT_FORWARDED, /* updates sent on to a primary */

	COUNT_TRANSFER_IN,  /* transfers that came in whole and are stored */
	COUNT_TRANSFER_OUT, /* transfers that went out whole */
	COUNT_TRANSFER_IN_FAILED,
	COUNT_TRANSFER_OUT_FAILED,
	COUNT_TRANSFER_IN_REFUSED, /* by a primary */
	COUNT_TRANSFER_OUT_REFUSED,

	COUNT_NOTIFY_TAKEN, /* NOTIFY from primaries */
	COUNT_NOTIFY_REFUSED,
	COUNT_NOTIFY_SENT,     /* NOTIFY messages, each try */
	COUNT_NOTIFY_ANSWERED, /* answers to them, whatever they say */
	COUNT_NOTIFY_GIVEN_UP, /* changes of which a peer was told in vain */

	COUNT_TLS_GOOD, /* TLS handshakes */
	COUNT_TLS_FAILED,
	COUNT_LIMITED_DROPPED,
	COUNT_LIMITED_SHORT,
	COUNT_SIGNATURE_BAD,
	COUNT_SIGNATURE_UNREAD,
	COUNTS
};

/* What has a distribution. */
enum histogram {
	HISTOGRAM_QUERY,  /* microseconds from reading a query to handing its response over */
	HISTOGRAM_COMMIT, /* microseconds that a commit took */
	HISTOGRAM_GROUP,  /* updates in a commit */
	HISTOGRAMS
};

enum { BUCKETS = 16 }; /* the last one has no bound */

/*
 * The counters of one thread, or of those that hold one lock, which alone add to them; any may read.
 * All zeros at first.
 */
struct counts {
	_Atomic uint64_t value[COUNTS];
	_Atomic uint64_t bucket[HISTOGRAMS][BUCKETS];
	_Atomic uint64_t sum[HISTOGRAMS];
	uint64_t untimed;          /* the thread's own: see count_time() */
	const struct counts *next; /* of those that are shown together: counts_join() */
};

static inline void count_plus(_Atomic uint64_t *value, uint64_t more)
{
	uint64_t old = atomic_load_explicit(value, memory_order_relaxed);

	atomic_store_explicit(value, old + more, memory_order_relaxed);
}

static inline void count_add(struct counts *counts, enum count what, uint64_t more)
{
	count_plus(&counts->value[what], more);
}

static inline uint64_t count_get(const struct counts *counts, enum count what)
{
	return atomic_load_explicit(&counts->value[what], memory_order_relaxed);
}

/* Notes so many times the same value, in the unit of the histogram. */
void count_spread(struct counts *counts, enum histogram what, uint64_t value, uint64_t times);

/*
 * Gives all queries that were counted since the last call the time from began_us to now, which is
 * returned: the clock is looked at once for a run of them.
 */
int64_t count_time(struct counts *counts, int64_t began_us);

/* The rows of a record type, and of an RCODE among those that begin with first. */
enum count count_of_type(uint16_t type);
enum count count_of_rcode(enum count first, uint16_t rcode);

/* Counts how an update ended; error is that of its TSIG record, and says what was wrong with it. */
void count_update(struct counts *counts, uint16_t rcode, uint16_t error);

/* The same where the RCODE does not tell what was wrong. */
void count_refusal(struct counts *counts, uint16_t rcode, enum count why);

/* What is shown outside: a list, to which threads' counters are added before they are read. */
void counts_join(const struct counts **list, struct counts *counts);

/* The sum over a list. */
uint64_t counts_sum(const struct counts *list, enum count what);

/* A histogram of a list: its buckets, each with those below it (as Prometheus has them); the sum of all values. */
uint64_t counts_spread(const struct counts *list, enum histogram what, uint64_t ret[BUCKETS]);

/* The metric's name with labels, "onnet_transfers_total{direction=\"out\"}", and a sentence about it. */
struct count_name {
	const char *name;
	const char *help; /* that of the first row holds for all rows of a metric */
};

extern const struct count_name count_names[COUNTS];

struct histogram_name {
	const char *name;
	const char *help;
	double unit; /* what a value is multiplied with for the outside */
	uint64_t bound[BUCKETS - 1];
};

extern const struct histogram_name histogram_names[HISTOGRAMS];

#endif
