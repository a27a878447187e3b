/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_BLOCK_EDIT_H
#define STORE_BLOCK_EDIT_H

#include "store/block_fold.h"
#include "store/block_pool.h"

/* Inside store/block*.c only. */
enum { SLOT_FREE = 0xffff };

/* A record that others may be written as a difference to. */
struct draft_base {
	uint32_t record; /* number in the pool */
	uint32_t place;  /* among the draft's records */
	uint8_t row;     /* 1 + its row in the table; 0: nobody refers to it */
	uint8_t patch;   /* place of the length octet, FORM_PATCH_NONE */
};

struct draft_record {
	uint32_t number; /* in the octets */
	size_t start;    /* of its entry */
	bool alone;      /* a slot has nothing else */
};

/* How far a draft is. */
struct draft_mark {
	size_t slots;   /* in use */
	size_t bundles; /* those of one record too */
	size_t alone;   /* of these, of one record */
	size_t parts;   /* records of the others */
	size_t records, entries_size;
	struct draft_base bases[FORM_BASES_MAX];
	size_t base_count, row_count;
};

/*
 * Octets on their way: what the slots so far have, in the order in which they have it first.
 * Bundles and records of the pool that are among it bear the draft's stamp, and their place here
 * as mark.
 */
struct block_draft {
	uint64_t stamp;
	struct draft_mark now;
	uint16_t slots[BLOCK_SLOTS];
	uint16_t marks[BLOCK_SLOTS];   /* of their bundles */
	uint16_t bundles[BLOCK_SLOTS]; /* in the pool, by mark */
	uint16_t indexes[BLOCK_SLOTS]; /* the same in the octets */
	struct draft_record *records;
	size_t records_room;
	struct block_room entries;
};

/* Begins a draft of slots first to last that are not SLOT_FREE. -ENOMEM. */
int draft_slots(struct block_draft *draft, struct block_pool *pool, const uint16_t *slots,
		int first, int last);

/* Writes the octets. -ENOMEM. */
int draft_write(struct block_draft *draft, const struct block_pool *pool, struct block_room *room,
		struct slice *ret);

/* Adds a record's entry to the entries, as difference to a base where that is smaller. -ENOMEM. */
int draft_entry(struct block_draft *draft, const struct block_pool *pool, uint32_t number);

/*
 * Octets that are loaded into an empty edit stay packed, in packed, as long as they can be read
 * or changed so; the slots are empty then. Of many changes the first ones at the most are made
 * that way.
 */
struct block_edit {
	struct block_fold fold;
	struct slice packed; /* in rooms[place] */
	struct block_room rooms[2];
	unsigned place;
	unsigned spliced; /* how often the packed octets were changed */
	struct block_pool pool;
	size_t count;
	uint16_t slots[BLOCK_SLOTS]; /* numbers of bundles; SLOT_FREE */
	struct block_draft draft;
	struct block_room octets; /* what was written */
	struct block_room known;  /* of a block that is being loaded */
};

#endif
