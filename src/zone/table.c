/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which zone a name is in: a hash table of the apexes, asked for each end of the name, the longest
 * first. How many labels any apex has is kept as a set of bits, so that the eleven labels of a
 * number cost one or two look-ups and not twelve.
 */
#include "zone/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"

struct zone_table {
	struct zone *zone;
	size_t count;
	uint32_t *slot; /* index + 1 of a zone, 0: empty */
	size_t mask;
	uint64_t depths[2]; /* bit n: there is an apex of n labels */
};

int zone_table_new(struct zone_table **ret, size_t count)
{
	struct zone_table *table = calloc(1, sizeof(*table));
	size_t slots = 4;

	while (slots < count * 2)
		slots *= 2;
	if (table != NULL) {
		table->zone = calloc(count > 0 ? count : 1, sizeof(*table->zone));
		table->slot = calloc(slots, sizeof(*table->slot));
	}
	if (table == NULL || table->zone == NULL || table->slot == NULL) {
		zone_table_free(table);
		return -ENOMEM;
	}
	table->count = count;
	table->mask = slots - 1;
	*ret = table;
	return 0;
}

void zone_table_free(struct zone_table *table)
{
	if (table == NULL)
		return;
	free(table->zone);
	free(table->slot);
	free(table);
}

struct zone *zone_table_at(struct zone_table *table, size_t index)
{
	return &table->zone[index];
}

size_t zone_table_count(const struct zone_table *table)
{
	return table->count;
}

static uint8_t fold(uint8_t octet)
{
	return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet | 0x20) : octet;
}

static const struct zone *find(const struct zone_table *table, const uint8_t *name, size_t size)
{
	for (size_t i = name_hash(name, size);; i++) {
		uint32_t index = table->slot[i & table->mask];

		if (index == 0)
			return NULL;

		const struct zone *zone = &table->zone[index - 1];
		size_t k = 0;
		while (zone->apex_size == size && k < size && zone->apex[k] == fold(name[k]))
			k++;
		if (k == size)
			return zone;
	}
}

int zone_table_index(struct zone_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct zone *zone = &table->zone[i];

		knot_dname_to_lower(zone->apex);
		zone->apex_size = knot_dname_size(zone->apex);
		zone->apex_labels = knot_dname_labels(zone->apex, NULL);
		zone->index = i;
		if (find(table, zone->apex, zone->apex_size) != NULL)
			return -EEXIST;

		size_t at = name_hash(zone->apex, zone->apex_size);
		while (table->slot[at & table->mask] != 0)
			at++;
		table->slot[at & table->mask] = (uint32_t)i + 1;
		table->depths[zone->apex_labels / 64] |= (uint64_t)1 << zone->apex_labels % 64;
	}
	return 0;
}

const struct zone *zone_table_find(const struct zone_table *table, const knot_dname_t *apex)
{
	return find(table, apex, knot_dname_size(apex));
}

const struct zone *zone_table_above(const struct zone_table *table, const knot_dname_t *name)
{
	const knot_dname_t *end = name;
	size_t labels = 0, size;

	for (; *end != 0; end += *end + 1)
		labels++;
	size = (size_t)(end - name) + 1;
	for (;; labels--) {
		if ((table->depths[labels / 64] >> labels % 64 & 1) != 0) {
			const struct zone *zone = find(table, name, size);

			if (zone != NULL)
				return zone;
		}
		if (labels == 0)
			return NULL;
		size -= (size_t)*name + 1;
		name += *name + 1;
	}
}
