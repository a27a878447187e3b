/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#define LATENCY_BUCKETS 3840

/* A histogram of times; all zero is an empty one. */
struct latency {
	uint64_t count;
	uint32_t bucket[LATENCY_BUCKETS];
};

void latency_add(struct latency *l, uint64_t nanoseconds);

/* The time in microseconds below which the part `share` (0..1) of all times lies; 0 if empty. */
double latency_quantile(const struct latency *l, double share);
