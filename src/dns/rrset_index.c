/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hash table over the records of a set, made where there are enough of them and they are
 * searched often enough for it to pay. A slot knows where its record begins within the set, not
 * where its octets lie, since a set that grows moves.
 */
#include "dns/rrset_index.h"

#include <string.h>

#include "base/writer.h"
#include "dns/rdata.h"

enum { TABLE_RECORDS = 16, TABLE_SEARCHES = 4 };

struct rrset_index_slot {
	uint32_t hash;
	uint32_t next; /* offset of the record + 1; 0: free */
};

void rrset_index_begin(struct rrset_index *ret, struct arena *arena, const struct rrset *set)
{
	*ret = (struct rrset_index){ .arena = arena, .set = set };
}

void rrset_index_clear(struct rrset_index *index)
{
	index->slot = NULL;
	index->searches = 0;
}

/* Records that are equal as names are have the same hash. */
static uint32_t rdata_hash(struct slice rdata)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (size_t i = 0; i < rdata.size; i++) {
		uint8_t octet = rdata.data[i];

		if (octet >= 'A' && octet <= 'Z')
			octet |= 0x20;
		hash = (hash ^ octet) * 0x100000001b3u;
	}
	return (uint32_t)(hash ^ hash >> 32);
}

static void slot_put(struct rrset_index *index, size_t at, struct slice rdata)
{
	uint32_t hash = rdata_hash(rdata);
	size_t i = hash;

	while (index->slot[i & (index->slots - 1)].next != 0)
		i++;
	index->slot[i & (index->slots - 1)] = (struct rrset_index_slot){ hash, (uint32_t)at + 1 };
	index->used++;
}

static void slots_take(struct rrset_index *index, size_t slots)
{
	if (slots <= index->spares) {
		index->slot = memset(index->spare, 0, slots * sizeof(*index->slot));
	} else {
		index->slot = arena_zero(index->arena, slots * sizeof(*index->slot));
		index->spare = index->slot;
		index->spares = index->slot != NULL ? slots : 0;
	}
	index->slots = slots;
	index->used = 0;
}

/* A table of all records, with room for as many again. */
static void table_make(struct rrset_index *index)
{
	struct rrset_record record;
	size_t slots = 4 * TABLE_RECORDS;

	while (slots < (size_t)index->set->count * 4)
		slots *= 2;
	slots_take(index, slots);
	if (index->slot == NULL)
		return;
	for (size_t pos = 0, at = 0; rrset_next(index->set, &pos, &record); at = pos)
		if (get_u16(record.wire) == RRSET_OWNER)
			slot_put(index, at, record.rdata);
}

static bool is_record(const struct rrset *set, size_t at, struct slice rdata)
{
	struct rrset_record record;

	return rrset_next(set, &at, &record) && get_u16(record.wire) == RRSET_OWNER &&
	       rdata_equal(set->type, record.rdata, rdata);
}

static bool scan(const struct rrset *set, struct slice rdata, size_t *ret)
{
	struct rrset_record record;

	for (size_t pos = 0, at = 0; rrset_next(set, &pos, &record); at = pos) {
		if (is_record(set, at, rdata)) {
			*ret = at;
			return true;
		}
	}
	return false;
}

bool rrset_index_find(struct rrset_index *index, struct slice rdata, size_t *at)
{
	if (index->slot == NULL && index->set->count >= TABLE_RECORDS &&
	    ++index->searches >= TABLE_SEARCHES)
		table_make(index);
	if (index->slot == NULL)
		return scan(index->set, rdata, at);

	uint32_t hash = rdata_hash(rdata);
	for (size_t i = hash;; i++) {
		const struct rrset_index_slot *slot = &index->slot[i & (index->slots - 1)];

		if (slot->next == 0)
			return false;
		if (slot->hash == hash && is_record(index->set, slot->next - 1, rdata)) {
			*at = slot->next - 1;
			return true;
		}
	}
}

void rrset_index_add(struct rrset_index *index, size_t at)
{
	struct rrset_record record;
	size_t pos = at;

	if (index->slot == NULL)
		return;
	if (index->used * 2 >= index->slots)
		table_make(index);
	else if (rrset_next(index->set, &pos, &record))
		slot_put(index, at, record.rdata);
}
