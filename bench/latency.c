/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Times of answers, kept as a histogram.
 *
 * A run sees millions of answers; keeping each time would fill the caches of the very core whose
 * work is being timed. A histogram whose buckets grow with the value needs 15 KiB for any number
 * of answers: below 128 ns a bucket is one nanosecond wide, above it each doubling is cut into 64
 * equal parts, so that a quantile is off by 1/64 at most, less than a shared machine's noise.
 */

#include "latency.h"

#define PARTS_LOG2 6
#define PARTS (1u << PARTS_LOG2)

static unsigned int bucket_find(uint64_t ns)
{
	if (ns < 2 * PARTS)
		return (unsigned int)ns;

	unsigned int doubling = 63 - (unsigned int)__builtin_clzll(ns);
	unsigned int part = (unsigned int)(ns >> (doubling - PARTS_LOG2)) & (PARTS - 1);

	return (doubling - PARTS_LOG2 + 1) * PARTS + part;
}

/* The middle of a bucket, in nanoseconds. */
static double bucket_middle(unsigned int index)
{
	if (index < 2 * PARTS)
		return index;

	unsigned int shift = index / PARTS - 1;
	uint64_t low = (uint64_t)(PARTS + index % PARTS) << shift;

	return (double)low + (double)(UINT64_C(1) << shift) / 2;
}

void latency_add(struct latency *l, uint64_t nanoseconds)
{
	l->bucket[bucket_find(nanoseconds)]++;
	l->count++;
}

double latency_quantile(const struct latency *l, double share)
{
	uint64_t below = 0;
	uint64_t wanted = (uint64_t)(share * (double)l->count);

	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++) {
		below += l->bucket[i];
		if (below > wanted || (below == l->count && below > 0))
			return bucket_middle(i) / 1000;
	}
	return 0;
}
