/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_HISTORY_H
#define ZONE_HISTORY_H

#include "zone/change.h"

/* An entry of the change log: who changed what, and when. */
struct history {
	uint32_t serial_before;
	uint32_t serial_after;
	uint64_t time;        /* seconds since 1970 */
	uint64_t mac;         /* start of the request's MAC, 0: it had none */
	uint64_t signed_at;   /* the request's Time Signed */
	struct slice key;     /* name of the key in wire form; empty: none */
	struct slice peer;    /* address, 4 or 16 octets; empty: the server itself */
	struct slice removed; /* records in wire form, owners whole; the SOA first */
	struct slice added;
};

/*
 * The entry for what a change, whose apex is among its nodes, is about to write; in its arena.
 * -ENOMEM.
 */
int history_write(struct slice *ret, const struct change *change,
		  const struct change_origin *origin);

/* The slices lie within entry. -EBADMSG. */
int history_read(struct slice entry, struct history *ret);

/*
 * For so many seconds an entry is kept, however large the log is: as long as a copy of the update
 * may still be told from a new one by it after a restart (RFC 8945 5.2.3: fudge before and after).
 */
enum { HISTORY_LIFE = 600 };

/*
 * Takes the oldest entries away while the log is larger than the zone's log_size, and they are old
 * enough.
 */
int history_trim(struct store_txn *txn, const struct zone *zone, struct store_zone *record,
		 uint64_t now);

#endif
