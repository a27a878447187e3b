/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_TRANSFER_LOG_H
#define SERVER_TRANSFER_LOG_H

#include <stdint.h>

#include "zone/table.h"

struct exchange;

/*
 * One line for each transfer, but no more than PACE_SAME in a second for the same zone, address, key and outcome,
 * and no more than PACE_LINES in all. One thread's; all zeros at first.
 */
enum { PACE_SLOTS = 64, PACE_SAME = 4, PACE_LINES = 100 };

struct transfer_pace {
	struct {
		uint64_t who;
		int64_t second;
		unsigned lines; /* in it */
	} slot[PACE_SLOTS];
	int64_t second;
	unsigned lines; /* in it */
};

/* What went out. */
struct transfer_sum {
	const char *kind;
	uint32_t from,
		to; /* serials; from the one that the client has where it asked for a difference */
	uint64_t records, octets;
	int64_t ms;
};

void transfer_log_refused(struct transfer_pace *pace, const struct exchange *x,
			  const knot_dname_t *apex, const char *why);
void transfer_log_sent(struct transfer_pace *pace, const struct exchange *x,
		       const knot_dname_t *apex, const struct transfer_sum *sum);

#endif
