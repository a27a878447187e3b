/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_TRAIL_H
#define CMD_TRAIL_H

#include "cmd/place.h"
#include "dns/audit.h"

/* What a change log says, in memory: entries of one zone or several. All of it lies in the session's arena. */
struct trail_record {
	struct trail_record *next;
	struct record record;
	bool cut; /* it was too large to be sent: no RDATA */
};

struct trail_list {
	struct trail_record *first, **last;
	size_t count;
};

struct trail_entry {
	const knot_dname_t *zone;
	struct audit_head head;
	struct trail_list removed, added, now;
};

struct trail {
	struct trail_entry *entry; /* of each zone the newest first, until trail_sort() */
	size_t count, room;
	struct audit_end end; /* of the last zone that was fetched */
	bool more;            /* of some zone older entries were left out */
};

/* Where to look: a zone, or what lies at and below a name in it. */
struct trail_target {
	const knot_dname_t *zone;
	const knot_dname_t *name; /* NULL: all of the zone */
};

/*
 * What a person means by a zone, a name or a number; NULL: all zones of the configuration. A number is meant
 * under each of its suffixes. An exit code.
 */
int trail_targets(struct session *s, const char *text, struct trail_target **ret, size_t *count);

/* Adds what the server says to a question about the target. An exit code. */
int trail_fetch(struct session *s, struct trail *trail, const struct trail_target *target,
		const struct audit_question *question);

/* Oldest first, and no more than the newest ones; 0: all. */
void trail_sort(struct trail *trail, size_t limit);

/* --- for people and programs --- */

struct trail_style {
	bool utc;
	bool full;  /* all records of an entry */
	bool zones; /* say which zone it is */
};

/* A table on stdout, or a JSON array; exit codes. */
int trail_table(struct session *s, const struct trail *trail, const struct trail_style *style);
int trail_json(struct session *s, const struct trail *trail);

/* An entry's records alone, indented, before and after; swapped: what was added is shown as removed. */
int trail_records(struct session *s, struct text *out, const struct trail_entry *entry,
		  const struct trail_style *style, bool swapped);

/* Who it was: "ops from 192.0.2.7" */
void trail_who(struct text *out, const struct audit_head *head);

/* What a record's owner is called: "+12025550123", "a.example.net". */
void trail_label(struct session *s, struct text *out, const struct record *r);

/* The number or range that a NAPTR record is of; false: none. */
bool trail_place(struct session *s, const struct record *r, struct entry_place *ret);

/* A name without its final dot; an address, "-" where it is empty. */
void trail_name(struct text *out, const knot_dname_t *name);
void trail_peer(struct text *out, struct slice peer);

/* Whether two SOA records differ in nothing but the serial. */
bool trail_same_soa(const struct record *a, const struct record *b);

/* The first record of a type in the list; NULL: none. */
const struct record *trail_find(const struct trail_list *list, uint16_t type);

#endif
