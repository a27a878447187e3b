/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_RRSET_INDEX_H
#define DNS_RRSET_INDEX_H

#include "base/arena.h"
#include "dns/rrset.h"

struct rrset_index_slot;

/*
 * Finds records of a set by their data, also where there are thousands. Memory is the arena's;
 * where there is none all records are looked at, one by one. A record whose owner is not
 * RRSET_OWNER is not found.
 */
struct rrset_index {
	struct arena *arena;
	const struct rrset *set; /* its octets may move; what they hold stays where it begins */
	struct rrset_index_slot *slot;
	size_t slots, used, searches;
	struct rrset_index_slot *spare; /* memory for a table */
	size_t spares;
};

void rrset_index_begin(struct rrset_index *ret, struct arena *arena, const struct rrset *set);

/* Whether a record that is rdata_equal() is in the set; *at is where it begins. */
bool rrset_index_find(struct rrset_index *index, struct slice rdata, size_t *at);

/* A record was put at the end of the set; it begins at at. */
void rrset_index_add(struct rrset_index *index, size_t at);

/* Records have moved, or are gone. */
void rrset_index_clear(struct rrset_index *index);

/* Whether there is a table, so that records must stay where they begin. */
static inline bool rrset_index_is_table(const struct rrset_index *index)
{
	return index->slot != NULL;
}

#endif
