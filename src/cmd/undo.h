/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_UNDO_H
#define CMD_UNDO_H

#include "cmd/trail.h"

/* A change that is to be turned round. */
struct undo {
	struct session *session;
	uint32_t serial;
	const char *text; /* DOMAIN|NUMBER as it was typed; NULL: not */
	bool utc;
	const struct trail_target *target;
	struct trail trail;        /* the entry */
	struct trail_entry *entry; /* of it */
	const char *zone_text;     /* without its final dot */
};

/* An exit code: 0 where nothing stands in the way of the undo, else it has been said what does. */
int undo_check(struct undo *u);

/* Makes the session's update. An exit code. */
int undo_make(struct undo *u);

/* What both are made of: sets of records in lists. */
bool undo_same_name(const struct record *a, const struct record *b);
bool undo_same_set(const struct record *a, const struct record *b);

/* The record with this RDATA in the list; NULL: none. Letter case counts in RDATA, as in the store. */
const struct record *undo_find(const struct trail_list *list, const struct record *r);

/* How many records of the same set the list has. */
size_t undo_count(const struct trail_list *list, const struct record *r);

/* Whether more of the SOA record was changed than its serial. */
bool undo_changed_soa(const struct trail_entry *entry);

#endif
