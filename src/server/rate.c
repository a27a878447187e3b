/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Token buckets in a table of fixed size, without locks or allocation: a prefix falls into a set of four
 * buckets, one line of a cache, by a hash that nobody outside can compute and so nobody can aim at. Where all four
 * are somebody else's, the fullest one is given away. Least is lost by that: a full bucket is what
 * an unknown prefix has anyway, while those that are kept empty by a flood stay. A flood from ever new
 * prefixes thus drives out others that are quiet, and nobody who is limited.
 *
 * What is in a bucket is worked out when it is looked at, from the time that went by.
 */
#include "server/rate.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	SETS = 1 << 14, /* a power of two */
	WAYS = 4,
	LINE = 64,
	UNIT = 1000, /* what one costs, so that a millisecond can bring a part of one */
};

struct bucket {
	uint32_t tag; /* more of the hash; 0: free */
	uint32_t credit;
	uint32_t seen_ms; /* when that was; of the clock's lower bits */
	uint32_t misses;  /* in a row */
};

struct rate {
	struct bucket (*set)[WAYS]; /* in memory, where a line of a cache begins */
	void *memory;
	uint8_t key[SIPHASH_KEY];
};

_Static_assert(sizeof(struct bucket[WAYS]) == LINE, "a set is a line of a cache");

int rate_new(struct rate **ret)
{
	struct rate *rate = calloc(1, sizeof(*rate));
	int err = 0;

	if (rate == NULL)
		return -ENOMEM;
	rate->memory = calloc(SETS + 1, LINE); /* not touched yet, and so not taken yet */
	if (rate->memory == NULL)
		err = -ENOMEM;
	else if (getrandom(rate->key, sizeof(rate->key), 0) != sizeof(rate->key))
		err = -EIO;
	if (err != 0) {
		rate_free(rate);
		return err;
	}
	rate->set = (void *)(((uintptr_t)rate->memory + LINE - 1) & ~(uintptr_t)(LINE - 1));
	*ret = rate;
	return 0;
}

void rate_free(struct rate *rate)
{
	if (rate != NULL)
		free(rate->memory);
	free(rate);
}

static uint32_t credit_now(const struct bucket *bucket, const struct rate_limit *limit,
			   int64_t now_ms)
{
	uint64_t full = (uint64_t)limit->burst * UNIT;
	uint64_t elapsed = (uint32_t)((uint32_t)now_ms - bucket->seen_ms);
	uint64_t credit = bucket->credit + elapsed * limit->per_second;

	return (uint32_t)(credit < full ? credit : full);
}

/* Where the prefix's bucket is, or would be: the set, and the tag in it. */
static size_t find_set(const struct rate *rate, const struct rate_limit *limit,
		       const struct sockaddr *peer, uint32_t *tag)
{
	uint64_t hash = peer_hash(rate->key, peer, limit->bits);

	*tag = (uint32_t)(hash >> 32) | 1;
	return hash & (SETS - 1);
}

/* The prefix's bucket; one that is given away to it where there is none. */
static struct bucket *find_bucket(struct rate *rate, const struct rate_limit *limit,
				  const struct sockaddr *peer, int64_t now_ms)
{
	uint32_t tag, most = 0;
	struct bucket *set = rate->set[find_set(rate, limit, peer, &tag)], *fullest = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];

		uint32_t credit = set[i].tag == 0 ? UINT32_MAX : credit_now(&set[i], limit, now_ms);
		if (credit > most) {
			most = credit;
			fullest = &set[i];
		}
	}
	*fullest = (struct bucket){ .tag = tag,
				    .credit = limit->burst * UNIT,
				    .seen_ms = (uint32_t)now_ms };
	return fullest;
}

unsigned rate_take(struct rate *rate, const struct rate_limit *limit, const struct sockaddr *peer,
		   int64_t now_ms)
{
	struct bucket *bucket = find_bucket(rate, limit, peer, now_ms);

	bucket->credit = credit_now(bucket, limit, now_ms);
	bucket->seen_ms = (uint32_t)now_ms;
	if (bucket->credit < UNIT)
		return ++bucket->misses;
	bucket->credit -= UNIT;
	bucket->misses = 0;
	return 0;
}

bool rate_has(const struct rate *rate, const struct rate_limit *limit, const struct sockaddr *peer,
	      int64_t now_ms)
{
	uint32_t tag;
	const struct bucket *set = rate->set[find_set(rate, limit, peer, &tag)];

	for (int i = 0; i < WAYS; i++)
		if (set[i].tag == tag)
			return credit_now(&set[i], limit, now_ms) >= UNIT;
	return true;
}
