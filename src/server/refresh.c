/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The timers of a copy (RFC 1034 4.3.5). After a check that went well the next one is due REFRESH later, after one
 * that failed RETRY later; EXPIRE after the last good one "the secondary must assume that its copy is obsolete".
 *
 * An EXPIRE that ends before a check has failed and was tried again would close a zone whose primary lives, so
 * that it is no shorter than REFRESH and RETRY together.
 *
 * Where checks fail again and again the time between them doubles, up to REFRESH, or up to five minutes where there
 * is no copy at all: then, nothing is known of how often to ask. Times are a little shorter than said, by chance, so that
 * a thousand zones of one primary do not ask in one moment for ever.
 */
#include "server/refresh.h"

enum {
	SECOND_MS = 1000,
	ABSENT_FIRST_MS = 1000,
	ABSENT_MOST_MS = 300 * 1000,
	REFRESH_MOST_S = 30 * 86400,
	DOUBLINGS_MAX = 16,
	JITTER = 8, /* an eighth of a time at most */
};

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static int64_t jitter(int64_t time_ms, uint32_t random)
{
	return time_ms - time_ms / JITTER * (random & 0xffff) / 0x10000;
}

static int64_t seconds(uint32_t value)
{
	return clamp(value, 1, REFRESH_MOST_S) * SECOND_MS;
}

int64_t refresh_life_ms(const struct refresh_timers *timers)
{
	int64_t least = seconds(timers->refresh) + seconds(timers->retry);
	int64_t life = (int64_t)timers->expire * SECOND_MS;

	return life < least ? least : life;
}

void refresh_init_absent(struct refresh *r, int64_t now_ms)
{
	*r = (struct refresh){ .next_ms = now_ms };
}

void refresh_init(struct refresh *r, const struct refresh_timers *timers, int64_t checked_ms,
		  int64_t now_ms)
{
	*r = (struct refresh){ .there = true,
			       .next_ms = now_ms,
			       .expire_ms = checked_ms + refresh_life_ms(timers) };
}

void refresh_notify(struct refresh *r)
{
	r->asked = true;
}

bool refresh_begin(struct refresh *r, int64_t now_ms)
{
	if (r->busy || (!r->asked && now_ms < r->next_ms))
		return false;
	r->busy = true;
	r->asked = false;
	return true;
}

void refresh_succeed(struct refresh *r, const struct refresh_timers *timers, int64_t now_ms,
		     uint32_t random)
{
	r->busy = false;
	r->there = true;
	r->failures = 0;
	r->next_ms = now_ms + jitter(seconds(timers->refresh), random);
	r->expire_ms = now_ms + refresh_life_ms(timers);
}

void refresh_fail(struct refresh *r, const struct refresh_timers *timers, int64_t now_ms,
		  uint32_t random)
{
	int64_t first = r->there ? seconds(timers->retry) : ABSENT_FIRST_MS;
	int64_t most = r->there ? seconds(timers->refresh) : ABSENT_MOST_MS;
	unsigned doublings = r->failures < DOUBLINGS_MAX ? r->failures : DOUBLINGS_MAX;

	most = most < first ? first : most;
	r->busy = false;
	r->failures++;
	r->next_ms = now_ms + jitter(clamp(first << doublings, first, most), random);
}

bool refresh_expired(const struct refresh *r, int64_t now_ms)
{
	return r->there && now_ms >= r->expire_ms;
}

int64_t refresh_wake_ms(const struct refresh *r, int64_t now_ms)
{
	int64_t wake = r->busy ? INT64_MAX : r->asked ? now_ms : r->next_ms;

	if (r->there && !refresh_expired(r, now_ms) && r->expire_ms < wake)
		wake = r->expire_ms;
	return wake;
}
