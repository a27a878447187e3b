/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Entries of the change log. Records are kept as an incremental transfer sends them: those that
 * went, the old SOA first, then those that came, the new SOA first (RFC 1995 4).
 */
#include "zone/history.h"

#include <errno.h>
#include <libknot/libknot.h>

#include "base/reader.h"
#include "base/writer.h"
#include "dns/rdata.h"

enum { VERSION = 1, HEAD_MAX = 1 + 4 + 4 + 8 + 8 + 8 + 256 + 17 + 4 };

static bool is_soa(const struct rrset *set)
{
	return set->type == KNOT_RRTYPE_SOA;
}

/* Records of set that other does not have, or has with another TTL; w may be NULL to count octets. */
static size_t write_missing(struct writer *w, const knot_dname_t *owner, const struct rrset *set,
			    const struct rrset *other)
{
	size_t owner_size = knot_dname_size(owner), total = 0;
	bool same_ttl = rrset_ttl(set) == rrset_ttl(other);
	struct rrset_record record;

	for (size_t pos = 0; rrset_next(set, &pos, &record);) {
		if (same_ttl && rrset_has(other, record.rdata))
			continue;
		if (w != NULL) {
			write_bytes(w, owner, owner_size);
			write_bytes(w, record.wire + 2, RRSET_RECORD_HEAD - 2 + record.rdata.size);
		}
		total += owner_size + RRSET_RECORD_HEAD - 2 + record.rdata.size;
	}
	return total;
}

/* What from has and to has not. */
static size_t write_difference(struct writer *w, const knot_dname_t *owner, const struct node *from,
			       const struct node *to, bool soa)
{
	size_t total = 0;
	struct rrset set, other;

	for (size_t i = 0; node_at(from, i, &set); i++) {
		if (is_soa(&set) != soa)
			continue;
		if (!node_find(to, set.type, &other))
			other = (struct rrset){ .type = set.type };
		if (!rrset_identical(&set, &other))
			total += write_missing(w, owner, &set, &other);
	}
	return total;
}

static size_t write_side(struct writer *w, const struct change *change, bool removed)
{
	size_t total = 0;

	for (int soa = 1; soa >= 0; soa--)
		for (const struct change_node *node = change->first; node != NULL;
		     node = node->next)
			total += write_difference(w, node->name,
						  removed ? &node->before : &node->after,
						  removed ? &node->after : &node->before, soa != 0);
	return total;
}

static uint32_t node_serial(const struct node *apex)
{
	struct rrset soa;
	struct rrset_record record;
	size_t pos = 0;

	if (!node_find(apex, KNOT_RRTYPE_SOA, &soa) || !rrset_next(&soa, &pos, &record))
		return 0;
	return rdata_soa_serial(record.rdata);
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

static const struct change_node *find_apex(const struct change *change)
{
	for (const struct change_node *node = change->first; node != NULL; node = node->next)
		if (knot_dname_is_equal(node->name, change->zone->apex))
			return node;
	return NULL;
}

int history_write(struct slice *ret, const struct change *change,
		  const struct change_origin *origin)
{
	const struct change_node *apex = find_apex(change);
	size_t removed = write_side(NULL, change, true), added = write_side(NULL, change, false);
	uint8_t *data = arena_take(change->arena, HEAD_MAX + removed + added);
	size_t key_size = origin->key != NULL ? knot_dname_size(origin->key) : 0;

	if (data == NULL)
		return -ENOMEM;

	struct writer w = write_begin(data, HEAD_MAX + removed + added);
	write_u8(&w, VERSION);
	write_u32(&w, apex != NULL ? node_serial(&apex->before) : 0);
	write_u32(&w, apex != NULL ? node_serial(&apex->after) : 0);
	write_u64(&w, origin->time);
	write_u64(&w, origin->mac);
	write_u64(&w, origin->signed_at);
	write_u8(&w, (uint8_t)key_size);
	write_bytes(&w, origin->key, key_size);
	write_peer(&w, &origin->peer);
	write_u32(&w, (uint32_t)removed);
	write_side(&w, change, true);
	write_side(&w, change, false);
	if (w.full)
		return -EMSGSIZE;
	*ret = slice_make(data, write_size(&w));
	return 0;
}

static bool is_needed(const struct history *history, uint64_t now)
{
	/* a time far ahead is one of a clock that was wrong */
	return now - history->time < HISTORY_LIFE || history->time - now < HISTORY_LIFE;
}

int history_trim(struct change *change, uint64_t now)
{
	struct store_zone *record = &change->record;
	int err = 0;

	while (err == 0 && record->log_size > change->zone->log_size) {
		struct slice entry;
		struct history history;

		err = store_log_get(change->txn, record, record->log_first, &entry);
		if (err == 0 && history_read(entry, &history) == 0 && is_needed(&history, now))
			break;
		if (err == 0)
			err = store_log_drop(change->txn, record);
	}
	return err;
}

int history_read(struct slice entry, struct history *ret)
{
	struct reader r = read_begin(entry.data, entry.size);
	struct history h;

	if (read_u8(&r) != VERSION)
		return -EBADMSG;
	h.serial_before = read_u32(&r);
	h.serial_after = read_u32(&r);
	h.time = read_u64(&r);
	h.mac = read_u64(&r);
	h.signed_at = read_u64(&r);
	h.key = read_string(&r);
	h.peer = read_string(&r);

	uint32_t size = read_u32(&r);
	h.removed = read_bytes(&r, size);
	h.added = read_bytes(&r, read_left(&r));

	int err = read_end(&r);
	if (err == 0)
		*ret = h;
	return err;
}
