/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_BLOCK_EDIT_H
#define STORE_BLOCK_EDIT_H

#include "store/block_fold.h"
#include "store/block_pool.h"

/* Inside store/block*.c only. */
enum { SLOT_FREE = 0xffff, EDIT_WORDS = (BLOCK_SLOTS + 63) / 64 };

/* A record that others may be written as a difference to. */
struct draft_base {
	uint32_t record; /* number in the pool */
	uint32_t place;  /* among the draft's records */
	uint8_t row;     /* 1 + its row in the table; 0: nobody refers to it */
	uint8_t patch;   /* place of the length octet, FORM_PATCH_NONE */
};

struct draft_record {
	uint32_t record; /* number in the pool */
	uint32_t number; /* in the octets */
	size_t start;    /* of its entry */
	bool alone;      /* a slot has nothing else */
};

/* How far a draft is. */
struct draft_mark {
	int first, last;
	size_t slots, seen, records, alone, bundles, parts, entries_size;
	struct draft_base bases[FORM_BASES_MAX];
	size_t base_count, row_count;
	bool in_order; /* each slot has the record of its rank */
};

/*
 * Octets on their way: what the slots so far have, in the order in which they have it first. Whether a
 * record or bundle of the pool is among it, its mark says: its place here, if that is really it.
 */
struct block_draft {
	struct draft_mark now;
	uint16_t slots[BLOCK_SLOTS];
	uint16_t indexes[BLOCK_SLOTS]; /* places of records; of bundles with DRAFT_BUNDLE set */
	uint16_t seen[BLOCK_SLOTS];    /* bundles in the pool, those of one record too */
	uint16_t seen_indexes[BLOCK_SLOTS];
	uint16_t bundles[BLOCK_SLOTS]; /* in the pool, of several records */
	struct draft_record *records;
	size_t records_room;
	struct block_room entries;
};

enum { DRAFT_BUNDLE = 0x8000 };

/* Empties a draft. */
void draft_begin(struct block_draft *draft);

/* The slot, which comes behind those before, has this bundle. -ENOMEM. */
int draft_add(struct block_draft *draft, struct block_pool *pool, int slot, unsigned bundle);

/* Whether it takes at most limit octets; not for an empty one. */
bool draft_fits(const struct block_draft *draft, size_t limit);

/* Writes the octets. -ENOMEM. */
int draft_write(struct block_draft *draft, const struct block_pool *pool, struct block_room *room,
		struct slice *ret);

/* Adds a record's entry to the entries, as difference to a base where that is smaller. -ENOMEM. */
int draft_entry(struct block_draft *draft, const struct block_pool *pool, uint32_t number);

struct block_edit {
	struct block_fold fold;
	struct block_pool pool;
	size_t count;
	uint64_t used[EDIT_WORDS];   /* a bit for each slot in use */
	uint16_t slots[BLOCK_SLOTS]; /* numbers of bundles; SLOT_FREE */
	uint16_t loaded[BLOCK_SLOTS];
	struct block_draft draft;
	struct block_room octets; /* what was written */
};

#endif
