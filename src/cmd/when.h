/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_WHEN_H
#define CMD_WHEN_H

#include <stdbool.h>
#include <stdint.h>

enum { WHEN_ROOM = 64 };

/*
 * A time as people write it, in seconds since 1970: "2026-11-29", "2026-11-29 14:00", "14:00", "30m", "2h", "7d"
 * (so long ago), "today", "yesterday". A Z behind it, or utc, means UTC, else it is local time. A day
 * alone is its first second, or with end its last one. -EINVAL.
 */
int when_parse(uint64_t *ret, const char *text, bool end, bool utc);

/* "2026-11-29 14:00:00 CET" */
void when_format(char ret[WHEN_ROOM], uint64_t time, bool utc);

/* "2026-11-29T13:00:00Z", for programs */
void when_format_json(char ret[WHEN_ROOM], uint64_t time);

#endif
