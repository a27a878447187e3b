/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes records of a block as differences. The first record of a kind stands as it is; the next
 * ones are compared with the few that stand so, and where head and tail are shared, only what
 * lies between is kept. Digits of the number are folded already, so the records of gateways
 * differ in the gateway's name, and those of subscribers in the user and host part.
 *
 * RDATA often has the length of a string before it: without more that octet would end the shared
 * head wherever the string is longer than the base's. So it is known where it stands, for the
 * types that there are in numbers, and it is held to grow with the record.
 */
#include "store/block_edit.h"

#include <errno.h>
#include <libknot/descriptor.h>

enum { OWN_FEW = 8 }; /* so few octets of its own are good enough to look no further */

/* The place of the length octet of the last string in RDATA. */
static uint8_t patch_place(const struct block_record *record)
{
	static const struct {
		uint16_t type;
		uint8_t fixed;   /* octets before the strings */
		uint8_t strings; /* before the last one */
	} table[] = {
		{ KNOT_RRTYPE_NAPTR, 4, 2 }, /* order, preference, flags, services (RFC 3403 4.1) */
		{ KNOT_RRTYPE_TXT, 0, 0 },   /* as if there were one (RFC 1035 3.3.14) */
	};
	struct slice rdata = record->own;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && !record->whole; i++) {
		size_t at = table[i].fixed;

		if (table[i].type != record->type)
			continue;
		for (size_t k = 0; k < table[i].strings && at < rdata.size; k++)
			at += 1U + rdata.data[at];
		return at < rdata.size && at < FORM_PATCH_NONE ? (uint8_t)at : FORM_PATCH_NONE;
	}
	return FORM_PATCH_NONE;
}

/* How many octets a and b share from their starts on. */
static size_t shared_head(const uint8_t *a, const uint8_t *b, size_t size)
{
	size_t at = 0;

	for (; at + 8 <= size; at += 8) {
		uint64_t differ = form_u64(a + at) ^ form_u64(b + at);

		if (differ != 0)
			return at + (size_t)__builtin_ctzll(differ) / 8;
	}
	while (at < size && a[at] == b[at])
		at++;
	return at;
}

/* How many octets before a and b are the same. */
static size_t shared_tail(const uint8_t *a, const uint8_t *b, size_t size)
{
	size_t at = 0;

	for (; at + 8 <= size; at += 8) {
		uint64_t differ = form_u64(a - at - 8) ^ form_u64(b - at - 8);

		if (differ != 0)
			return at + (size_t)__builtin_clzll(differ) / 8;
	}
	while (at < size && a[-1 - (ptrdiff_t)at] == b[-1 - (ptrdiff_t)at])
		at++;
	return at;
}

/* What an entry will be. */
struct entry {
	unsigned base; /* 1 + place among the draft's bases; 0: none */
	size_t head, tail;
	bool meta, wide;
	enum form_folds folds;
	size_t size;
};

static size_t patched_head(struct slice own, struct slice base, uint8_t patch, size_t size)
{
	uint8_t by = (uint8_t)(own.size - base.size);
	size_t head = shared_head(own.data, base.data, size);

	if (patch == FORM_PATCH_NONE || patch >= size || head < patch || by == 0)
		return head;
	if (own.data[patch] != (uint8_t)(base.data[patch] + by))
		return patch;
	head = (size_t)patch + 1;
	return head + shared_head(own.data + head, base.data + head, size - head);
}

static bool folds_equal(const struct block_record *a, const struct block_record *b)
{
	return a->folds == b->folds &&
	       memcmp(a->places, b->places, a->folds * sizeof(uint32_t)) == 0;
}

/* How large the entry is; fills in the form of its numbers. base: NULL for none. */
static void plan(struct entry *entry, const struct block_record *record,
		 const struct block_record *base)
{
	size_t numbers = base != NULL ? 2 : 0;

	entry->meta = !record->whole &&
		      (base == NULL || base->type != record->type || base->ttl != record->ttl);
	if (record->folds == 0)
		entry->folds = FOLDS_NONE;
	else if (base != NULL && folds_equal(record, base))
		entry->folds = FOLDS_BASE;
	else
		entry->folds = record->folds == 1 ? FOLDS_ONE : FOLDS_LIST;

	entry->wide = entry->head > UINT8_MAX || entry->tail > UINT8_MAX;
	if (entry->folds == FOLDS_ONE || entry->folds == FOLDS_LIST) {
		numbers += record->folds;
		entry->wide = entry->wide || record_place(record, record->folds - 1U) > UINT8_MAX;
	}
	entry->size = 1 + (entry->meta ? 6U : 0U) + numbers * (entry->wide ? 4U : 1U) +
		      (entry->folds == FOLDS_LIST ? 1U : 0U) + record->own.size - entry->head -
		      entry->tail;
}

/* The smallest entry for record, among those with bases and the one without. */
static struct entry choose(const struct block_draft *draft, const struct block_pool *pool,
			   const struct block_record *record)
{
	enum { ROW_SIZE = 3 };
	struct entry best = { 0 };

	plan(&best, record, NULL);
	for (size_t i = 0; i < draft->now.base_count; i++) {
		const struct draft_base *known = &draft->now.bases[i];
		struct block_record base = pool_record_view(pool, known->record);
		struct entry entry = { .base = (unsigned)i + 1 };
		size_t size = record->own.size < base.own.size ? record->own.size : base.own.size;

		if (base.whole != record->whole)
			continue;
		entry.head = patched_head(record->own, base.own, known->patch, size);
		entry.tail = shared_tail(record->own.data + record->own.size,
					 base.own.data + base.own.size, size - entry.head);
		plan(&entry, record, &base);
		if (entry.size + (known->row == 0 ? ROW_SIZE : 0) < best.size)
			best = entry;
		if (best.base != 0 && record->own.size - best.head - best.tail <= OWN_FEW)
			break;
	}
	return best;
}

static uint8_t *put_number(uint8_t *at, size_t number, bool wide)
{
	uint32_t value = htole32((uint32_t)number);

	if (!wide) {
		*at = (uint8_t)number;
		return at + 1;
	}
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static void put_entry(uint8_t *at, const struct entry *entry, unsigned row,
		      const struct block_record *record)
{
	uint16_t type = htole16(record->type);
	uint32_t ttl = htole32(record->ttl);

	*at++ = (uint8_t)(row | (record->whole ? ENTRY_WHOLE : 0U) |
			  (entry->meta ? ENTRY_META : 0U) | (entry->wide ? ENTRY_WIDE : 0U) |
			  (unsigned)entry->folds << ENTRY_FOLDS_SHIFT);
	if (entry->meta) {
		memcpy(at, &type, sizeof(type));
		memcpy(at + 2, &ttl, sizeof(ttl));
		at += 6;
	}
	if (row != 0) {
		at = put_number(at, entry->head, entry->wide);
		at = put_number(at, entry->tail, entry->wide);
	}
	if (entry->folds == FOLDS_LIST)
		*at++ = record->folds;
	if (entry->folds == FOLDS_ONE || entry->folds == FOLDS_LIST)
		for (size_t i = 0; i < record->folds; i++)
			at = put_number(at, record_place(record, i), entry->wide);
	if (record->own.size > entry->head + entry->tail)
		memcpy(at, record->own.data + entry->head,
		       record->own.size - entry->head - entry->tail);
}

int draft_entry(struct block_draft *draft, const struct block_pool *pool, uint32_t number)
{
	struct draft_mark *now = &draft->now;
	struct block_record record = pool_record_view(pool, number);
	struct entry entry = choose(draft, pool, &record);
	unsigned row = 0;

	if (room_grow(&draft->entries, now->entries_size + entry.size) != 0)
		return -ENOMEM;
	if (entry.base != 0) {
		struct draft_base *base = &now->bases[entry.base - 1];

		if (base->row == 0)
			base->row = (uint8_t)++now->row_count;
		row = base->row;
	} else if (now->base_count < FORM_BASES_MAX) {
		now->bases[now->base_count++] = (struct draft_base){
			.record = number,
			.place = (uint32_t)now->records,
			.patch = patch_place(&record),
		};
	}
	put_entry(draft->entries.data + now->entries_size, &entry, row, &record);
	now->entries_size += entry.size;
	return 0;
}
