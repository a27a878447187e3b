/* SPDX-License-Identifier: MIT */
/* Seconds are those of a clock that only goes forward, each counted for itself. */
#include "base/log_bound.h"

#include "base/log.h"

enum { SECOND_MS = 1000 };

int log_bound_expire(struct log_bound *bound, int64_t now_ms)
{
	int64_t second = now_ms / SECOND_MS;

	if (bound->more == 0)
		return -1;
	if (bound->second == second)
		return (int)((second + 1) * SECOND_MS - now_ms);
	log_warning("%s: and %u more within a second", bound->what, bound->more);
	bound->more = 0;
	return -1;
}

bool log_bound_pass(struct log_bound *bound, int64_t now_ms)
{
	int64_t second = now_ms / SECOND_MS;

	log_bound_expire(bound, now_ms);
	if (bound->second != second)
		bound->lines = 0;
	bound->second = second;
	if (bound->lines < LOG_BOUND_LINES) {
		bound->lines++;
		return true;
	}
	bound->more++;
	return false;
}
