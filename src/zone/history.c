/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Entries of the change log. Records are kept as an incremental transfer sends them: those that
 * went, the old SOA first, then those that came, the new SOA first (RFC 1995 4).
 *
 * An entry begins with its version. Version 1 knew changes alone, and had MAC and time of the signature,
 * which are now kept apart (server/receipt.h), so that the log can be as short as one likes.
 *
 *     version 2: kind, serials before and after, time, key, peer; then
 *                of a change: octets of removed, removed, added; else: names (8 octets)
 */
#include "zone/history.h"

#include <errno.h>
#include <libknot/libknot.h>

#include "base/reader.h"
#include "base/writer.h"
#include "dns/rdata.h"
#include "dns/rrset_index.h"

enum { VERSION = 2, HEAD_MAX = 1 + 1 + 4 + 4 + 8 + 256 + 17 + 8 };

/* Octets that all records of a node take at the most, with their owner whole. */
static size_t records_room(const struct change_node *owner, const struct node *node)
{
	size_t records = 0;
	struct rrset set;

	for (size_t i = 0; node_at(node, i, &set); i++)
		records += set.count;
	return node->size + records * owner->name_size;
}

static void write_record(struct writer *w, const struct change_node *owner,
			 const struct rrset_record *record)
{
	write_bytes(w, owner->name, owner->name_size);
	write_bytes(w, record->wire + 2, RRSET_RECORD_HEAD - 2 + record->rdata.size);
}

/* Records of set that other does not have, or has with another TTL. */
static void write_missing(struct writer *w, struct arena *arena, const struct change_node *owner,
			  const struct rrset *set, const struct rrset *other)
{
	bool same_ttl = rrset_ttl(set) == rrset_ttl(other);
	struct rrset_index index;
	struct rrset_record record;
	size_t at;

	rrset_index_begin(&index, arena, other);
	for (size_t pos = 0; rrset_next(set, &pos, &record);)
		if (!same_ttl || !rrset_index_find(&index, record.rdata, &at))
			write_record(w, owner, &record);
}

/* A node of a change and its two states, in the direction of the side that is written. */
struct side {
	const struct change_node *owner;
	const struct node *from, *to;
};

static struct side side_of(const struct change_node *node, bool removed)
{
	return (struct side){ .owner = node,
			      .from = removed ? &node->before : &node->after,
			      .to = removed ? &node->after : &node->before };
}

/* What from has and to has not; the SOA, which stands at the apex alone, or all else. */
static void write_difference(struct writer *w, struct arena *arena, const struct side *side,
			     bool soa)
{
	struct rrset set, other;

	for (size_t i = 0; node_at(side->from, i, &set); i++) {
		if ((set.type == KNOT_RRTYPE_SOA) != soa)
			continue;
		if (!node_find(side->to, set.type, &other))
			other = (struct rrset){ .type = set.type };
		if (!rrset_identical(&set, &other))
			write_missing(w, arena, side->owner, &set, &other);
	}
}

/* One side of the entry; returns its size. */
static size_t write_side(struct writer *w, const struct change *change, bool removed)
{
	const uint8_t *start = w->pos;
	struct side side = side_of(change->apex, removed);

	write_difference(w, change->arena, &side, true);
	for (const struct change_node *node = change->first; node != NULL; node = node->next) {
		side = side_of(node, removed);
		if (node->changed)
			write_difference(w, change->arena, &side, false);
	}
	return (size_t)(w->pos - start);
}

static uint32_t node_serial(const struct node *apex)
{
	struct rrset_record record;

	return apex_soa(apex, &record) ? rdata_soa_serial(record.rdata) : 0;
}

static void write_peer(struct writer *w, const struct sockaddr_storage *peer)
{
	const struct sockaddr_in *v4 = (const void *)peer;
	const struct sockaddr_in6 *v6 = (const void *)peer;

	if (peer->ss_family == AF_INET) {
		write_u8(w, sizeof(v4->sin_addr));
		write_bytes(w, &v4->sin_addr, sizeof(v4->sin_addr));
	} else if (peer->ss_family == AF_INET6) {
		write_u8(w, sizeof(v6->sin6_addr));
		write_bytes(w, &v6->sin6_addr, sizeof(v6->sin6_addr));
	} else {
		write_u8(w, 0);
	}
}

static void write_head(struct writer *w, const struct history *what, const struct change_origin *by)
{
	size_t key_size = by->key != NULL ? knot_dname_size(by->key) : 0;

	write_u8(w, VERSION);
	write_u8(w, (uint8_t)what->kind);
	write_u32(w, what->serial_before);
	write_u32(w, what->serial_after);
	write_u64(w, by->time);
	write_u8(w, (uint8_t)key_size);
	write_bytes(w, by->key, key_size);
	write_peer(w, &by->peer);
}

int history_write(struct slice *ret, const struct change *change,
		  const struct change_origin *origin)
{
	struct history what = { .kind = HISTORY_CHANGE,
				.serial_before = node_serial(&change->apex->before),
				.serial_after = node_serial(&change->apex->after) };
	size_t room = HEAD_MAX;

	for (const struct change_node *node = change->first; node != NULL; node = node->next)
		if (node->changed)
			room += records_room(node, &node->before) +
				records_room(node, &node->after);

	uint8_t *data = arena_take(change->arena, room);
	if (data == NULL)
		return -ENOMEM;

	struct writer w = write_begin(data, room);
	write_head(&w, &what, origin);

	uint8_t *removed_size = w.pos;
	write_u32(&w, 0);
	put_u32(removed_size, (uint32_t)write_side(&w, change, true));
	write_side(&w, change, false);
	if (w.full)
		return -EMSGSIZE;
	*ret = slice_make(data, write_size(&w));
	return 0;
}

int history_tell(struct store_txn *txn, struct store_zone *record, const struct history *what,
		 const struct change_origin *by)
{
	const struct change_origin nobody = { .time = what->time };
	uint8_t entry[HEAD_MAX];
	struct writer w = write_begin(entry, sizeof(entry));

	write_head(&w, what, by != NULL ? by : &nobody);
	write_u64(&w, what->names);
	return store_log_add(txn, record, slice_make(entry, write_size(&w)));
}

/* Whether the oldest entry is to go; 1, 0, or a negative errno. */
static int is_due(struct store_txn *txn, const struct zone *zone, const struct store_zone *record,
		  uint64_t now)
{
	struct history history;
	struct slice entry;

	if (record->log_first == record->log_next)
		return 0;
	if (record->log_size > zone->log_size)
		return 1;
	if (zone->log_age == 0)
		return 0;

	int err = store_log_get(txn, record, record->log_first, &entry);
	if (err != 0)
		return err;
	return history_read(entry, &history) != 0 ||
	       (now > history.time && now - history.time > zone->log_age);
}

int history_trim(struct store_txn *txn, const struct zone *zone, struct store_zone *record,
		 uint64_t now, size_t budget)
{
	int due = is_due(txn, zone, record, now);

	for (; due > 0 && budget > 0; budget--) {
		int err = store_log_drop(txn, record);

		due = err == 0 ? is_due(txn, zone, record, now) : err;
	}
	return due;
}

static int read_rest(struct reader *r, struct history *h)
{
	if (h->kind == HISTORY_CHANGE) {
		uint32_t size = read_u32(r);

		h->removed = read_bytes(r, size);
		h->added = read_bytes(r, read_left(r));
	} else {
		h->names = read_u64(r);
	}
	return read_end(r);
}

int history_read(struct slice entry, struct history *ret)
{
	struct reader r = read_begin(entry.data, entry.size);
	struct history h = { .version = read_u8(&r) };

	if (h.version != VERSION && h.version != HISTORY_WITH_MAC)
		return -EBADMSG;
	if (h.version == VERSION)
		h.kind = read_u8(&r);
	h.serial_before = read_u32(&r);
	h.serial_after = read_u32(&r);
	h.time = read_u64(&r);
	if (h.version == HISTORY_WITH_MAC) {
		h.mac = read_u64(&r);
		h.signed_at = read_u64(&r);
	}
	h.key = read_string(&r);
	h.peer = read_string(&r);

	int err = read_rest(&r, &h);
	if (err != 0 || h.kind > HISTORY_NUMBERS)
		return -EBADMSG;
	*ret = h;
	return 0;
}
