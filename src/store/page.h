/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_PAGE_H
#define STORE_PAGE_H

#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Inside store/ only: LMDB's pages as they lie in the map, read without its help, so that many
 * look-ups can go down the tree side by side and none waits for memory alone.
 */

/* Where a database's tree starts in one snapshot. */
struct page_tree {
	const uint8_t *map;
	size_t page_size;
	uint64_t root;
	unsigned depth; /* levels; 0: not known, or nothing in it */
};

/* The tree of the database with this name in a read transaction; depth 0 where the pages are not of the form known here. */
int page_tree_find(struct page_tree *ret, MDB_txn *txn, MDB_dbi main, const char *name);

/* A look for the first entry at or after a key. */
struct page_seek {
	MDB_val wanted;
	bool found; /* else it has to be looked for by a cursor */
	MDB_val key, value;
	const uint8_t *page,
		*after; /* on the way: where it is, and the page that follows if known */
};

/* Carries out all of them, wanted being set, level by level. */
void page_seek_all(const struct page_tree *tree, struct page_seek *seek, size_t count);

#endif
