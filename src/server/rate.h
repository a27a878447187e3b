/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_RATE_H
#define SERVER_RATE_H

#include <stdbool.h>

#include "server/peer.h"

/* How often something may happen for each prefix of addresses: one thread's table of token buckets. */
struct rate;

/* So many a second, and so many at once; each from 1 to 1,000,000. */
struct rate_limit {
	unsigned per_second, burst;
	struct peer_bits bits;
};

/* A table for some 65,000 prefixes, 1 MiB. -ENOMEM, -EIO. */
int rate_new(struct rate **ret);
void rate_free(struct rate *rate);

/*
 * Takes one from the bucket of peer's prefix: 0. Where it is empty: how many times in a row it was, this one
 * included. The time only goes forward.
 */
unsigned rate_take(struct rate *rate, const struct rate_limit *limit, const struct sockaddr *peer,
		   int64_t now_ms);

/* Whether rate_take() would be 0; takes nothing. */
bool rate_has(const struct rate *rate, const struct rate_limit *limit, const struct sockaddr *peer,
	      int64_t now_ms);

#endif
