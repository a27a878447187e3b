/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that only goes forward; for time-outs and rates. */
int64_t clock_monotonic_ms(void);

/* The same in microseconds. */
int64_t clock_monotonic_us(void);

/* clock_monotonic_ms(), a few milliseconds late, for a fifth of the price. */
int64_t clock_coarse_ms(void);

/* Seconds since 1970 (UTC); for TSIG and records of what happened. */
uint64_t clock_wall_s(void);

#endif
