/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_REFRESH_H
#define SERVER_REFRESH_H

#include <stdbool.h>
#include <stdint.h>

/* Of the zone's SOA record, in seconds (RFC 1035 3.3.13). */
struct refresh_timers {
	uint32_t refresh, retry, expire;
};

/*
 * When a copy is to be held against its primary (RFC 1034 4.3.5). Pure: all times are milliseconds of a
 * clock that only goes forward and are given by the caller, as is what is random.
 */
struct refresh {
	bool there;        /* there is a copy, however old */
	bool asked;        /* by NOTIFY, since the last check began */
	bool busy;         /* a check is under way */
	unsigned failures; /* since the last that went well */
	int64_t next_ms;   /* of the next check */
	int64_t expire_ms; /* from then on the copy is no good */
};

/* How long a copy is good after a check that went well. */
int64_t refresh_life_ms(const struct refresh_timers *timers);

/* No copy yet: to be fetched at once. */
void refresh_init_absent(struct refresh *r, int64_t now_ms);

/* A copy that was good at checked_ms; to be checked at once. */
void refresh_init(struct refresh *r, const struct refresh_timers *timers, int64_t checked_ms,
		  int64_t now_ms);

/* A primary says that there is something new (RFC 1996 3.11); however often, it is one check more. */
void refresh_notify(struct refresh *r);

/* Whether a check is to begin now; if so, it has. */
bool refresh_begin(struct refresh *r, int64_t now_ms);

/* How it ended: the copy is what a primary has, or no primary could say. */
void refresh_succeed(struct refresh *r, const struct refresh_timers *timers, int64_t now_ms,
		     uint32_t random);
void refresh_fail(struct refresh *r, const struct refresh_timers *timers, int64_t now_ms,
		  uint32_t random);

bool refresh_expired(const struct refresh *r, int64_t now_ms);

/* When something is to be looked at again: a check, or the expiry. */
int64_t refresh_wake_ms(const struct refresh *r, int64_t now_ms);

#endif
