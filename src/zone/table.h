/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_TABLE_H
#define ZONE_TABLE_H

#include <libknot/dname.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A zone that is served. */
struct zone {
	knot_dname_storage_t apex; /* in lower case */
	size_t apex_size;
	size_t apex_labels;
	bool naptr_check;   /* refuse NAPTR records that would not work */
	bool number_ranges; /* wildcards answer as zone/range.h says */
	uint64_t log_size;  /* octets of change log to keep */
	uint64_t log_age;   /* seconds that its entries are kept; 0: any time */
	bool consumed;      /* a catalog that is followed (zone/membership.h) */
	/* NULL: it is ours. Else it is a copy; while this is set, one that has expired (RFC 1034 4.3.5). */
	const atomic_bool *closed;
	size_t index; /* in the table */
};

/* All zones that are served; never changed once made. */
struct zone_table;

int zone_table_new(struct zone_table **ret, size_t count);
void zone_table_free(struct zone_table *table);

/* The zone at index, to be filled in; then zone_table_index(), -EEXIST where an apex is there twice. */
struct zone *zone_table_at(struct zone_table *table, size_t index);
int zone_table_index(struct zone_table *table);
size_t zone_table_count(const struct zone_table *table);

/* The zone with this apex; NULL: none. */
const struct zone *zone_table_find(const struct zone_table *table, const knot_dname_t *apex);

/* The deepest zone at or above name; NULL: none. */
const struct zone *zone_table_above(const struct zone_table *table, const knot_dname_t *name);

#endif
