/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_AUDIT_H
#define DNS_AUDIT_H

#include "dns/record.h"

/*
 * How a change log is asked for and sent, over TCP: a question of class IN for the zone's apex and a type
 * of our own (65280 to 65534 are for private use, RFC 6895 3.1), with an EDNS option of our own
 * (65001 to 65534, RFC 6891 9). Without the option it is a question for records of that type like any other.
 *
 * The answer is a run of messages as for a zone transfer, from the zone's SOA record to the same one. Between them
 * all records are of that type and owned by the apex. The first octet of their RDATA is a tag that
 * says what follows. Entries come newest first, each with its records behind it.
 */
enum {
	AUDIT_TYPE = 65284,
	OPTION_AUDIT = 65285,
	AUDIT_VERSION = 1,
	AUDIT_QUESTION_MAX = 2 + 8 + 8 + 4 + 4 + 2 * KNOT_DNAME_MAXLEN, /* octets */
	AUDIT_HEAD_MAX = 2 + 4 + 4 + 8 + 8 + 8 + 17 + KNOT_DNAME_MAXLEN,
	AUDIT_END_SIZE = 1 + 1 + 8 + 8 + 4,
};

enum audit_tag {
	AUDIT_ENTRY = 1, /* struct audit_head */
	AUDIT_REMOVED, /* a record that went: owner, type, class, TTL, RDLENGTH, RDATA; names whole */
	AUDIT_ADDED,   /* one that came */
	AUDIT_NOW,     /* one that is there now, where the question is for one entry */
	AUDIT_SEARCHING, /* nothing yet: so far back (8 octets of time) there was nothing that was asked for */
	AUDIT_END, /* struct audit_end */
	AUDIT_CUT =
		0x80, /* beside the tag of a record: it was too large, and comes without RDATA */
};

/* What is asked for; in the option, in this order, behind the version. */
struct audit_question {
	bool one;        /* the entry that made the serial, and what is at its names now */
	uint32_t serial; /* where one */
	uint64_t since;  /* seconds since 1970 */
	uint64_t until;
	uint32_t limit;           /* entries; 0: all */
	const knot_dname_t *name; /* records at or below this name alone; the root: all */
	const knot_dname_t *key;  /* changes by this key alone; the root: by anybody */
};

struct audit_head {
	uint8_t kind; /* enum history_kind */
	uint32_t serial_before, serial_after;
	uint64_t time;           /* seconds since 1970 */
	uint64_t names;          /* where the zone was made or replaced: what it had then */
	uint64_t others;         /* records that were changed but not asked for */
	struct slice peer;       /* 4 or 16 octets; empty: the server itself */
	const knot_dname_t *key; /* the root: none */
};

/* The end of the answer: how much there is. */
struct audit_end {
	bool more;        /* older entries were left out for the limit */
	uint64_t entries; /* in the log */
	uint64_t time;    /* of the oldest one, and the serial before it */
	uint32_t serial;
};

/* How many octets were written. */
size_t audit_question_write(uint8_t ret[AUDIT_QUESTION_MAX], const struct audit_question *question);
size_t audit_head_write(uint8_t ret[AUDIT_HEAD_MAX], const struct audit_head *head);
size_t audit_end_write(uint8_t ret[AUDIT_END_SIZE], const struct audit_end *end);

/* Names and slices lie within octets, which start behind the tag. -EBADMSG; -ENOTSUP: another version. */
int audit_question_read(struct audit_question *ret, struct slice octets);
int audit_head_read(struct audit_head *ret, struct slice octets);
int audit_end_read(struct audit_end *ret, struct slice octets);

/*
 * A record in wire form, names whole, at *offset, which moves behind it. 1; 0: the end; -EBADMSG. Class and
 * lengths are as they stand; what is in the RDATA is not looked at.
 */
int audit_record_read(struct record *ret, struct slice octets, size_t *offset);

#endif
