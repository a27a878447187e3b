/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_UPSTREAM_H
#define RESOLVE_UPSTREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/slice.h"
#include "onnet/resolve.h"
#include "resolve/loop.h"
#include "resolve/machine.h"

/* The name servers, with the cache of what they said: a context of libunbound. */
struct upstream;

/*
 * A question on its way; part of whatever asks, which sets answered and leaves the rest alone. From
 * upstream_ask() until answered runs it stays where it is.
 */
struct upstream_question {
	/* Once for each question. answer: NULL without memory for it; it is gone afterwards. */
	void (*answered)(struct upstream_question *question, const struct machine_answer *answer);
	struct upstream *upstream;
	LIST_ENTRY(upstream_question) link;
	uint64_t heard;   /* loop_heard() when it was asked, */
	uint64_t starved; /* and loop_starved() */
	uint16_t type;
};

/*
 * options: of these what is about name servers, DNSSEC and the cache; they need not outlive the
 * call. -EINVAL: no address, no trust anchor; -ENOMEM; or what opening a file said.
 */
int upstream_new(struct upstream **ret, struct loop *loop,
		 const struct onnet_resolver_options *options);

/* Questions on their way are answered with MACHINE_FAILED. Not from within answered. */
void upstream_free(struct upstream *upstream);

/*
 * Asks for records of a name in wire form. What is known already is answered before it returns.
 * Not from within answered. -ENOMEM: it will not be answered.
 */
int upstream_ask(struct upstream *upstream, struct upstream_question *question, struct slice name,
		 uint16_t type);

#endif
