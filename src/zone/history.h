/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_HISTORY_H
#define ZONE_HISTORY_H

#include "zone/change.h"

/* What an entry of the change log tells of. */
enum history_kind {
	HISTORY_CHANGE,   /* records went and came: removed and added */
	HISTORY_MADE,     /* the zone was made: empty, or out of a file */
	HISTORY_REPLACED, /* all of it was replaced by an import or a transfer */
	HISTORY_NUMBERS,  /* its numbers were, by an import */
};

enum { HISTORY_WITH_MAC = 1 };

/*
 * An entry of the change log: who changed what, and when. Those of another kind than HISTORY_CHANGE
 * have no records: no difference leads over them from one serial to the next.
 */
struct history {
	enum history_kind kind;
	uint32_t serial_before; /* HISTORY_MADE: 0 */
	uint32_t serial_after;
	uint64_t time;        /* seconds since 1970 */
	struct slice key;     /* name of the key in wire form; empty: none */
	struct slice peer;    /* address, 4 or 16 octets; empty: the server itself */
	struct slice removed; /* records in wire form (audit_record_read()); the SOA first */
	struct slice added;
	uint64_t names; /* of other kinds: how many the zone had afterwards */

	/* Of entries of version HISTORY_WITH_MAC, which were the memory of signed updates as well. */
	uint8_t version;
	uint64_t mac;       /* start of the request's MAC, 0: it had none */
	uint64_t signed_at; /* the request's Time Signed */
};

/*
 * The entry for what a change, whose apex is among its nodes, is about to write; in its arena.
 * -ENOMEM.
 */
int history_write(struct slice *ret, const struct change *change,
		  const struct change_origin *origin);

/* Adds an entry without records to the log: kind, serials, names and, where by is not NULL, who it was. */
int history_tell(struct store_txn *txn, struct store_zone *record, const struct history *what,
		 const struct change_origin *by);

/* The slices lie within entry. -EBADMSG. */
int history_read(struct slice entry, struct history *ret);

/*
 * Takes the oldest entries away while the log is larger than the zone's log_size, or they are older than its
 * log_age, but no more than budget of them. 1: there are more to be taken away; 0: there are none.
 */
int history_trim(struct store_txn *txn, const struct zone *zone, struct store_zone *record,
		 uint64_t now, size_t budget);

#endif
