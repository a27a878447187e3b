/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_BOUND_H
#define BASE_LOG_BOUND_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Keeps lines about one kind of event within a bound a second, so that whoever provokes them fills no disk and
 * holds up nobody who writes them. It belongs to one thread. All zeros but for what: ready for use.
 */
struct log_bound {
	const char *what; /* "updates refused", for the line about those that got none */
	int64_t second;
	unsigned lines, more;
};

enum { LOG_BOUND_LINES = 100 };

/* Whether there may be a line about an event of now; may write one about those before it that got none. */
bool log_bound_pass(struct log_bound *bound, int64_t now_ms);

/* Writes that line where its time has come. Returns how many milliseconds are left to it, -1: there is none. */
int log_bound_expire(struct log_bound *bound, int64_t now_ms);

#endif
