/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_ZONE_CHECK_H
#define CMD_ZONE_CHECK_H

#include "base/arena.h"
#include "cmd/records.h"

/*
 * Something wrong with a zone file: an error keeps it from being served as meant, a warning is
 * worth a look.
 */
struct zone_finding {
	const char *file;
	uint64_t line; /* 0: the file as a whole */
	bool error;
	const char *text;
};

struct zone_findings {
	struct arena *arena;
	struct zone_finding *at;
	size_t count;
	size_t room;
	size_t errors;
	bool failed; /* out of memory */
};

/* Where and what, from any of the text functions' forms. */
void zone_findings_add(struct zone_findings *f, bool error, const struct master_place *place,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Looks through a sorted zone. apex: its name; file: for what stands nowhere. */
void zone_check(struct zone_findings *f, const struct records *zone, const knot_dname_t *apex,
		const char *file);

/* By file and line. */
void zone_findings_sort(struct zone_findings *f);

void zone_findings_done(struct zone_findings *f);

#endif
