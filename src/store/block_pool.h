/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_BLOCK_POOL_H
#define STORE_BLOCK_POOL_H

#include "store/block_form.h"

/*
 * Inside store/block*.c only: the distinct records of a block that is being changed, and the
 * bundles of them that its slots have. Numbers of records and bundles stay until pool_sweep().
 */
struct pool_record {
	size_t at; /* in octets; the places of own digits stand behind, four octets each */
	uint32_t size;
	uint32_t hash;
	uint32_t ttl;
	uint32_t mark; /* of whoever walks through, as is the stamp */
	uint64_t stamp;
	uint16_t alone; /* 1 + the bundle of this record alone; 0: there is none */
	uint16_t type;
	uint8_t folds;
	bool whole;
};

struct pool_bundle {
	size_t at; /* in parts */
	uint32_t hash;
	uint16_t count;
	uint32_t mark;
	uint64_t stamp;
};

/* Numbers by hash: 1 + number, 0 where free. The size is a power of two. */
struct pool_table {
	uint32_t *numbers;
	size_t size, room;
};

struct block_pool {
	uint8_t *octets;
	struct pool_record *records;
	struct pool_bundle *bundles;
	uint32_t *parts; /* numbers of the records of bundles */
	size_t octets_size, record_count, bundle_count, part_count;
	size_t octets_room, record_room, bundle_room, part_room;
	struct pool_table record_table, bundle_table;
	size_t swept_octets, swept_bundles; /* what was in use at the last sweep */
};

/* count elements of size unit in an array that has room for *room; doubles. -ENOMEM. */
int array_grow(void **array, size_t *room, size_t unit, size_t count);

/* An empty pool; memory is kept. -ENOMEM. */
int pool_clear(struct block_pool *pool);
void pool_done(struct block_pool *pool);

/*
 * Room for a record's octets and FORM_FOLDS_MAX places, where pool_record_add() expects them;
 * POOL_SLACK octets more may be read and written. NULL: no memory.
 */
enum { POOL_SLACK = FORM_CHUNK };
uint8_t *pool_record_room(struct block_pool *pool, size_t size);

/* The number of this record; hash and at are filled in here. -ENOMEM. */
int pool_record_add(struct block_pool *pool, struct pool_record *record, uint32_t *ret);

/* The number of the bundle of these records; at most FORM_BUNDLE_MAX. -ENOMEM. */
int pool_bundle_add(struct block_pool *pool, const uint32_t *records, size_t count, uint32_t *ret);

static inline struct block_record pool_record_view(const struct block_pool *pool, uint32_t number)
{
	const struct pool_record *record = &pool->records[number];
	const uint8_t *octets = pool->octets + record->at;

	return (struct block_record){
		.own = slice_make(octets, record->size),
		.end = octets + record->size,
		.places = octets + record->size,
		.ttl = record->ttl,
		.type = record->type,
		.folds = record->folds,
		.place_size = 4,
		.patch = FORM_PATCH_NONE,
		.whole = record->whole,
	};
}

/*
 * Where there may be much that no slot has any more: forgets that, and gives the slots the new
 * numbers of their bundles. none: a slot that has nothing.
 */
void pool_sweep(struct block_pool *pool, uint16_t *slots, size_t count, uint16_t none);

#endif
