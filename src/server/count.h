/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_COUNT_H
#define SERVER_COUNT_H

#include <stdatomic.h>
#include <stdint.h>

/* What is counted since the start; count.c says how each is called outside. */
enum count {
	COUNT_TRANSFER_OUT,    /* transfers that went out whole */
	COUNT_NOTIFY_SENT,     /* NOTIFY messages, each try */
	COUNT_NOTIFY_ANSWERED, /* answers to them, whatever they say */
	COUNT_NOTIFY_GIVEN_UP, /* changes of which a peer was told in vain */
	COUNT_TLS_GOOD,        /* TLS handshakes */
	COUNT_TLS_FAILED,
	COUNT_LIMITED_DROPPED,
	COUNT_LIMITED_SHORT,
	COUNT_SIGNATURE_BAD,
	COUNT_SIGNATURE_UNREAD,
	COUNTS
};

/* The counters of one thread, which alone adds to them; any may read. All zeros at first. */
struct counts {
	_Atomic uint64_t value[COUNTS];
};

static inline void count_add(struct counts *counts, enum count what, uint64_t more)
{
	uint64_t value = atomic_load_explicit(&counts->value[what], memory_order_relaxed);

	atomic_store_explicit(&counts->value[what], value + more, memory_order_relaxed);
}

static inline uint64_t count_get(const struct counts *counts, enum count what)
{
	return atomic_load_explicit(&counts->value[what], memory_order_relaxed);
}

/* The metric's name with labels, "onnet_transfers_total{direction=\"out\"}", and a sentence about it. */
struct count_name {
	const char *name;
	const char *help;
};

extern const struct count_name count_names[COUNTS];

#endif
