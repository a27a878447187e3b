/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the slots of a block have, each thing once: records found by the hash of their octets,
 * and bundles by that of their records' numbers. A bundle of one record, which nearly all are,
 * is found through the record itself.
 *
 * What is not in use any more stays, since it may come back (a number that is moved to and fro),
 * until there may be much of it. Then everything moves down within its array, which needs no
 * memory, and the tables are filled anew.
 */
#include "store/block_pool.h"

#include <errno.h>
#include <stdlib.h>

enum {
	TABLE_MIN = 64,
	LITTER_BUNDLES = 1000, /* so many are no reason to sweep */
	LITTER_OCTETS = 1024 * 1024,
	KEEP_MAX = 4 * 1024 * 1024, /* octets that an empty pool holds on to */
};

int array_grow(void **array, size_t *room, size_t unit, size_t count)
{
	enum { COUNT_MIN = 64 };
	size_t wanted = *room * 2 > count ? *room * 2 : count;

	if (count <= *room)
		return 0;
	if (wanted < COUNT_MIN)
		wanted = COUNT_MIN;

	void *grown = reallocarray(*array, wanted, unit);
	if (grown == NULL)
		return -ENOMEM;
	*array = grown;
	*room = wanted;
	return 0;
}

static int table_clear(struct pool_table *table, size_t size)
{
	if (array_grow((void **)&table->numbers, &table->room, sizeof(*table->numbers), size) != 0)
		return -ENOMEM;
	memset(table->numbers, 0, size * sizeof(*table->numbers));
	table->size = size;
	return 0;
}

static void table_put(struct pool_table *table, uint32_t hash, size_t number)
{
	size_t at = hash & (table->size - 1);

	while (table->numbers[at] != 0)
		at = (at + 1) & (table->size - 1);
	table->numbers[at] = (uint32_t)number + 1;
}

int pool_clear(struct block_pool *pool)
{
	if (pool->octets_room > KEEP_MAX) {
		free(pool->octets);
		pool->octets = NULL;
		pool->octets_room = 0;
	}
	pool->octets_size = pool->record_count = pool->bundle_count = pool->part_count = 0;
	pool->swept_octets = pool->swept_bundles = 0;
	if (table_clear(&pool->record_table, TABLE_MIN) != 0)
		return -ENOMEM;
	return table_clear(&pool->bundle_table, TABLE_MIN);
}

void pool_done(struct block_pool *pool)
{
	free(pool->octets);
	free(pool->records);
	free(pool->bundles);
	free(pool->parts);
	free(pool->record_table.numbers);
	free(pool->bundle_table.numbers);
}

static uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Odd constants without a pattern: fractions of the square roots of 2, 3 and 5. */
static const uint64_t HASH_1 = 0x6a09e667f3bcc909, HASH_2 = 0xbb67ae8584caa73b,
		      HASH_3 = 0x3c6ef372fe94f82b;

static uint64_t load_64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t hash_octets(const uint8_t *data, size_t size, uint64_t seed)
{
	uint64_t hash = seed ^ HASH_1, last[2] = { 0 };

	for (; size > 16; data += 16, size -= 16)
		hash = hash_mix(load_64(data) ^ HASH_2, load_64(data + 8) ^ hash);
	if (size > 0)
		memcpy(last, data, size);
	hash = hash_mix(last[0] ^ HASH_3, last[1] ^ hash);
	return (uint32_t)hash_mix(hash, HASH_2 ^ size);
}

/* Room for one more in the table, which stays at most half full. */
static int records_table_grow(struct block_pool *pool)
{
	struct pool_table *table = &pool->record_table;

	if (pool->record_count < table->size / 2)
		return 0;
	if (table_clear(table, table->size * 2) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < pool->record_count; i++)
		table_put(table, pool->records[i].hash, i);
	return 0;
}

static int bundles_table_grow(struct block_pool *pool)
{
	struct pool_table *table = &pool->bundle_table;

	if (pool->bundle_count < table->size / 2)
		return 0;
	if (table_clear(table, table->size * 2) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < pool->bundle_count; i++)
		table_put(table, pool->bundles[i].hash, i);
	return 0;
}

uint8_t *pool_record_room(struct block_pool *pool, size_t size)
{
	size_t wanted = pool->octets_size + size + FORM_FOLDS_MAX * sizeof(uint32_t) + POOL_SLACK;

	if (array_grow((void **)&pool->octets, &pool->octets_room, 1, wanted) != 0)
		return NULL;
	return pool->octets + pool->octets_size;
}

static size_t record_octets(const struct pool_record *record)
{
	return record->size + record->folds * sizeof(uint32_t);
}

static bool record_equal(const struct block_pool *pool, const struct pool_record *a,
			 const struct pool_record *b)
{
	return a->hash == b->hash && a->size == b->size && a->folds == b->folds &&
	       a->type == b->type && a->ttl == b->ttl && a->whole == b->whole &&
	       memcmp(pool->octets + a->at, pool->octets + b->at, record_octets(a)) == 0;
}

int pool_record_add(struct block_pool *pool, struct pool_record *record, uint32_t *ret)
{
	const struct pool_table *table = &pool->record_table;
	size_t octets = record_octets(record);
	uint64_t seed = (uint64_t)record->ttl << 32 | (uint32_t)record->type << 16 |
			(uint32_t)record->folds << 1 | record->whole;

	record->at = pool->octets_size;
	record->hash = hash_octets(pool->octets + record->at, octets, seed);
	for (size_t at = record->hash;; at++) {
		uint32_t found = table->numbers[at & (table->size - 1)];

		if (found == 0)
			break;
		if (record_equal(pool, record, &pool->records[found - 1])) {
			*ret = found - 1;
			return 0;
		}
	}
	if (records_table_grow(pool) != 0 ||
	    array_grow((void **)&pool->records, &pool->record_room, sizeof(*record),
		       pool->record_count + 1) != 0)
		return -ENOMEM;
	record->alone = 0;
	pool->records[pool->record_count] = *record;
	pool->octets_size += octets;
	table_put(&pool->record_table, record->hash, pool->record_count);
	*ret = (uint32_t)pool->record_count++;
	return 0;
}

static uint32_t hash_parts(const uint32_t *records, size_t count)
{
	uint64_t hash = HASH_1 ^ count;

	for (size_t i = 0; i < count; i++)
		hash = hash_mix(records[i] ^ HASH_2, hash ^ HASH_3);
	return (uint32_t)hash;
}

static bool bundle_find(const struct block_pool *pool, const uint32_t *records, size_t count,
			uint32_t hash, uint32_t *ret)
{
	const struct pool_table *table = &pool->bundle_table;

	for (size_t at = hash;; at++) {
		uint32_t found = table->numbers[at & (table->size - 1)];

		if (found == 0)
			return false;

		const struct pool_bundle *bundle = &pool->bundles[found - 1];
		if (bundle->hash == hash && bundle->count == count &&
		    memcmp(pool->parts + bundle->at, records, count * sizeof(*records)) == 0) {
			*ret = found - 1;
			return true;
		}
	}
}

int pool_bundle_add(struct block_pool *pool, const uint32_t *records, size_t count, uint32_t *ret)
{
	uint16_t *alone = &pool->records[records[0]].alone;

	if (count == 1 && *alone != 0) {
		*ret = *alone - 1U;
		return 0;
	}

	uint32_t hash = hash_parts(records, count);
	if (count > 1 && bundle_find(pool, records, count, hash, ret))
		return 0;
	if (bundles_table_grow(pool) != 0 ||
	    array_grow((void **)&pool->bundles, &pool->bundle_room, sizeof(*pool->bundles),
		       pool->bundle_count + 1) != 0 ||
	    array_grow((void **)&pool->parts, &pool->part_room, sizeof(*pool->parts),
		       pool->part_count + count) != 0)
		return -ENOMEM;
	pool->bundles[pool->bundle_count] = (struct pool_bundle){ .at = pool->part_count,
								  .hash = hash,
								  .count = (uint16_t)count };
	memcpy(pool->parts + pool->part_count, records, count * sizeof(*records));
	pool->part_count += count;
	table_put(&pool->bundle_table, hash, pool->bundle_count);
	*ret = (uint32_t)pool->bundle_count++;
	if (count == 1)
		*alone = (uint16_t)(*ret + 1);
	return 0;
}

/*
 * Gives each bundle with slots, and each record of these, in mark 1 + the number that it will
 * have.
 */
static void mark_used(struct block_pool *pool, const uint16_t *slots, size_t count, uint16_t none)
{
	uint32_t records = 0, bundles = 0;

	for (size_t i = 0; i < pool->record_count; i++)
		pool->records[i].mark = 0;
	for (size_t i = 0; i < pool->bundle_count; i++)
		pool->bundles[i].mark = 0;
	for (size_t i = 0; i < count; i++)
		if (slots[i] != none)
			pool->bundles[slots[i]].mark = 1;
	for (size_t i = 0; i < pool->bundle_count; i++) {
		struct pool_bundle *bundle = &pool->bundles[i];

		if (bundle->mark != 0)
			bundle->mark = ++bundles;
		for (size_t k = 0; bundle->mark != 0 && k < bundle->count; k++)
			pool->records[pool->parts[bundle->at + k]].mark = 1;
	}
	for (size_t i = 0; i < pool->record_count; i++) {
		struct pool_record *record = &pool->records[i];

		if (record->mark != 0)
			record->mark = ++records;
		if (record->alone != 0)
			record->alone = (uint16_t)pool->bundles[record->alone - 1].mark;
	}
}

static void move_bundles(struct block_pool *pool)
{
	size_t count = 0, parts = 0;

	for (size_t i = 0; i < pool->bundle_count; i++) {
		struct pool_bundle bundle = pool->bundles[i];

		if (bundle.mark == 0)
			continue;
		for (size_t k = 0; k < bundle.count; k++)
			pool->parts[parts + k] = pool->records[pool->parts[bundle.at + k]].mark - 1;
		bundle.at = parts;
		bundle.hash = hash_parts(pool->parts + parts, bundle.count);
		parts += bundle.count;
		pool->bundles[count++] = bundle;
	}
	pool->bundle_count = count;
	pool->part_count = parts;
}

static void move_records(struct block_pool *pool)
{
	size_t count = 0, octets = 0;

	for (size_t i = 0; i < pool->record_count; i++) {
		struct pool_record record = pool->records[i];

		if (record.mark == 0)
			continue;
		memmove(pool->octets + octets, pool->octets + record.at, record_octets(&record));
		record.at = octets;
		octets += record_octets(&record);
		pool->records[count++] = record;
	}
	pool->record_count = count;
	pool->octets_size = octets;
}

static void tables_fill(struct block_pool *pool)
{
	memset(pool->record_table.numbers, 0, pool->record_table.size * sizeof(uint32_t));
	for (size_t i = 0; i < pool->record_count; i++)
		table_put(&pool->record_table, pool->records[i].hash, i);
	memset(pool->bundle_table.numbers, 0, pool->bundle_table.size * sizeof(uint32_t));
	for (size_t i = 0; i < pool->bundle_count; i++)
		table_put(&pool->bundle_table, pool->bundles[i].hash, i);
}

void pool_sweep(struct block_pool *pool, uint16_t *slots, size_t count, uint16_t none)
{
	if (pool->bundle_count <= LITTER_BUNDLES + 2 * pool->swept_bundles &&
	    pool->octets_size <= LITTER_OCTETS + 2 * pool->swept_octets)
		return;
	mark_used(pool, slots, count, none);
	for (size_t i = 0; i < count; i++)
		if (slots[i] != none)
			slots[i] = (uint16_t)(pool->bundles[slots[i]].mark - 1);
	move_bundles(pool);
	move_records(pool);
	tables_fill(pool);
	pool->swept_octets = pool->octets_size;
	pool->swept_bundles = pool->bundle_count;
}
