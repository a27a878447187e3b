/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_STAT_H
#define STORE_STAT_H

#include "store/store.h"

/* What the store takes up, and what for, as one snapshot has it. Sizes are in octets. */

/* A B-tree of the data file. */
struct store_table {
	const char *name;
	unsigned depth;
	uint64_t entries;
	uint64_t pages; /* of all kinds */
};

enum { STORE_TABLES = 3 };

struct store_stat {
	uint64_t page_size;
	uint64_t file_size;  /* of the data file */
	uint64_t pages;      /* that it has, in use or free */
	uint64_t pages_free; /* of these: hold nothing; compaction gives them back */
	uint64_t pages_held; /* of the free ones: some reader may still look at them */
	uint64_t snapshot;
	uint64_t map_size; /* address space, which the data file may grow to */
	uint64_t readers;  /* in other processes: for each worker, transfer and checkpoint */
	uint64_t readers_max;
	uint64_t reader_oldest; /* the snapshot of the oldest of them; else snapshot */
	uint64_t journal_size;  /* of its files */
	uint64_t checkpoint;    /* snapshot of the last one; 0: there is none */
	uint64_t checkpoint_s;  /* when it was made, seconds since 1970 */
	struct store_table table[STORE_TABLES];
	size_t tables;
};

int store_stat(struct store_txn *txn, struct store_stat *ret);

/*
 * The zone behind this apex in the order in which the store keeps them; *apex 0xff: the first.
 * -ENOENT: the end.
 */
int store_zone_next(struct store_txn *txn, knot_dname_storage_t apex, struct store_zone *ret);

/* What the entries of a zone's names come to; keys and values, without what pages add. */
struct store_zone_stat {
	uint64_t numbers;        /* names that are packed */
	uint64_t blocks;         /* entries that they are packed in: a block is one, or several */
	uint64_t numbers_octets; /* of these */
	uint64_t names;          /* all other names with records */
	uint64_t names_octets;
};

/* Looks at each entry of the zone once: a second or so for each gigabyte. */
int store_zone_stat(struct store_txn *txn, const struct store_zone *zone,
		    struct store_zone_stat *ret);

#endif
