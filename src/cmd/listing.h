/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_LISTING_H
#define CMD_LISTING_H

#include "cmd/place.h"

/* One NAPTR record of a number or a range; kept small, since there may be millions. */
struct listing_item {
	const char *number; /* as number_format() has it; of a range its prefix */
	struct slice rdata;
	uint32_t ttl;
	uint32_t digits; /* of a range */
};

/* What the zones of all suffixes hold, sorted by number. */
struct listing {
	bool ranges;          /* ranges are listed, else numbers */
	struct number prefix; /* what is listed starts with it, where filtered */
	bool filtered;
	struct arena arena; /* owns all of it */
	struct listing_item *item;
	size_t count, room;
	size_t passed_over; /* ranges where numbers are listed, and the other way round */
};

/* Fetches it by zone transfer. prefix NULL: everything. An exit code. */
int listing_read(struct session *s, struct listing *ret, const char *prefix, bool ranges);
void listing_done(struct listing *listing);

/* The items of the number at *pos, which moves behind them; 0 at the end. */
size_t listing_next(const struct listing *listing, size_t *pos, const struct listing_item **ret);

#endif
