/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_TRIMMER_H
#define SERVER_TRIMMER_H

#include "server/state.h"
#include "store/store.h"

/*
 * Shortens the change logs of zones that nobody updates (those of others become shorter with each update), now
 * and then, in the writer's thread. All zeros but for the state is one that has to begin.
 */
struct trimmer {
	const struct state *state; /* whose zones and bounds */
	size_t next;               /* the zone to be looked at */
	int64_t due_ms;            /* when to begin again; a time of clock_monotonic_ms() */
};

enum { TRIMMER_PAUSE_MS = 60 * 1000 };

/* Does a little of it. true: there is more to be done now. */
bool trimmer_step(struct trimmer *trimmer, struct store *store);

/* Microseconds until there is something to be done. */
int64_t trimmer_pause_us(const struct trimmer *trimmer);

#endif
