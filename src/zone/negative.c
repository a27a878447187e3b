/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Negative answers (RFC 2308) are many: who scans a number plan gets little else. What they carry
 * is the same for a whole zone, so it is made once in a snapshot and kept in a view, for the zones
 * that were asked for last.
 *
 * The names in the record are compressed (RFC 1035 4.1.4) against the zone's name, which stands in
 * the message as the end of the name that is not there, and the second against the first. Where
 * these pointers lead is known only when the record is put; where they stand, before.
 */
#include "zone/negative.h"

#include <stdlib.h>

#include "dns/rdata.h"

enum {
	KEPT = 32, /* zones in a view; a power of two */
	POINTER = 0xc000,
	POINTER_REACH = 0x4000,
	OWNER_SIZE = 2,
	TTL_AT = 6,
	LENGTH_AT = 10,
	NUMBERS_SIZE = 20, /* the fields behind the names, RFC 1035 3.3.13 */
};

/* A pointer in the record: to the zone's name, or to a place in the record itself. */
struct pointer {
	uint16_t at;
	uint16_t to; /* 0: the zone's name */
};

struct negative {
	uint64_t snapshot; /* for which the rest holds; 0: for none */
	const struct zone *zone;
	uint16_t size; /* 0: the zone has no SOA */
	uint16_t pointers;
	struct pointer pointer[2];
	uint8_t wire[RRSET_RECORD_HEAD + 2 * KNOT_DNAME_MAXLEN + NUMBERS_SIZE];
};

struct negative *negatives_new(void)
{
	return calloc(KEPT, sizeof(struct negative));
}

void negatives_forget(struct negative *negative)
{
	for (size_t i = 0; i < KEPT; i++)
		negative[i].snapshot = 0;
}

/* A name that is written label by label until the rest of it stands elsewhere. */
static void write_compressed(struct negative *n, struct writer *w, const knot_dname_t *name,
			     const knot_dname_t *apex, const knot_dname_t *other)
{
	for (; *name != 0; name += *name + 1) {
		struct pointer pointer = { .at = (uint16_t)write_size(w) };
		bool found = knot_dname_is_case_equal(name, apex);

		for (const knot_dname_t *at = other; !found && at != NULL && *at != 0;
		     at += *at + 1) {
			if (knot_dname_is_case_equal(at, apex))
				break; /* what is left of it is a pointer itself */
			found = knot_dname_is_case_equal(name, at);
			if (found)
				pointer.to = (uint16_t)(RRSET_RECORD_HEAD + (at - other));
		}
		if (found) {
			n->pointer[n->pointers++] = pointer;
			write_u16(w, 0);
			return;
		}
		write_bytes(w, name, (size_t)*name + 1);
	}
	write_u8(w, 0);
}

static void make_record(struct negative *n, const struct zone *zone,
			const struct rrset_record *record)
{
	const knot_dname_t *primary = record->rdata.data;
	const knot_dname_t *mailbox = primary + knot_dname_size(primary);
	const uint8_t *numbers = mailbox + knot_dname_size(mailbox);
	uint32_t minimum = rdata_soa_minimum(record->rdata);
	struct writer w = write_begin(n->wire, sizeof(n->wire));

	write_bytes(&w, record->wire, RRSET_RECORD_HEAD);
	put_u32(n->wire + TTL_AT, record->ttl < minimum ? record->ttl : minimum);
	write_compressed(n, &w, primary, zone->apex, NULL);
	write_compressed(n, &w, mailbox, zone->apex, primary);
	write_bytes(&w, numbers, NUMBERS_SIZE);
	n->size = (uint16_t)write_size(&w);
	put_u16(n->wire + LENGTH_AT, (uint16_t)(n->size - RRSET_RECORD_HEAD));
}

static const struct negative *find(struct zone_view *view, const struct zone *zone)
{
	struct negative *n = &view->negative[zone->index % KEPT];
	uint64_t snapshot = store_snapshot(view->txn);
	struct rrset_record record;
	struct rrset soa;
	size_t pos = 0;

	if (n->snapshot == snapshot && n->zone == zone)
		return n;
	n->snapshot = snapshot;
	n->zone = zone;
	n->size = 0;
	n->pointers = 0;
	if (zone_view_soa(view, zone, &soa) && rrset_next(&soa, &pos, &record))
		make_record(n, zone, &record);
	return n;
}

/* Where no pointer reaches back, behind a very long chain of aliases. */
static void put_whole(struct zone_view *view, const struct zone *zone, const knot_dname_t *apex,
		      struct reply *reply)
{
	struct rrset_record record;
	struct rrset soa;
	size_t pos = 0;

	if (!zone_view_soa(view, zone, &soa) || !rrset_next(&soa, &pos, &record))
		return;

	uint32_t minimum = rdata_soa_minimum(record.rdata);
	reply_put_ttl(reply, REPLY_AUTHORITY, apex, &soa,
		      record.ttl < minimum ? record.ttl : minimum);
}

void negative_put(struct zone_view *view, const struct zone *zone, const knot_dname_t *apex,
		  struct reply *reply)
{
	const struct negative *n = find(view, zone);
	size_t owner = (size_t)(apex - reply->wire), at = reply->size;
	uint8_t *wire = reply->wire + at;

	if (n->size == 0)
		return;
	if (at + n->size > POINTER_REACH) {
		put_whole(view, zone, apex, reply);
		return;
	}
	if (reply->truncated || n->size > reply->max - at) {
		reply->truncated = true;
		return;
	}
	memcpy(wire, n->wire, n->size);
	put_u16(wire, (uint16_t)(POINTER | owner));
	for (size_t i = 0; i < n->pointers; i++) {
		size_t to = n->pointer[i].to == 0 ? owner : at + n->pointer[i].to;

		put_u16(wire + n->pointer[i].at, (uint16_t)(POINTER | to));
	}
	reply->size += n->size;
	reply->count[REPLY_AUTHORITY]++;
}
