/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A walk down LMDB's B+ tree. In a large store each level of it costs a look-up some waits for memory,
 * one after another. The look-ups of a batch do not depend on each other: here all take one step, and
 * ask for what the next step needs, before any takes the next. When a look-up's turn comes again, its page is there.
 *
 * This reads pages as LMDB 0.9 lays them out (its data version 1, which has not changed since 2012):
 *
 *   page    u64 number; u16; u16 flags; u16 lower; u16 upper; u16 offset of each node, in key order
 *   node    u16 low, u16 high, u16 flags, u16 key size; key; data
 *           branch: low, high, flags are the number of the child; leaf: low, high are the size of the data, which is
 *           the number of its first own page where flag 1 is set
 *   tree    (a record of the main database) u32; u16 flags; u16 depth; 4 x u64; u64 number of the root page
 *
 * Another version of LMDB, or anything else that is not as expected, and every look-up is made by
 * LMDB's own cursor, as those are that end between two leaves.
 */
#include "store/page.h"

#include <string.h>

#include "store/database.h"

enum {
	PAGE_HEAD = 16,
	PAGE_FLAGS_AT = 10,
	PAGE_LOWER_AT = 12,
	PAGE_BRANCH = 0x01,
	PAGE_LEAF = 0x02,
	PAGE_DIRTY = 0x10,
	CELL_HEAD = 8,
	CELL_OWN_PAGES = 0x01,
	TREE_RECORD = 48,
	TREE_DEPTH_AT = 6,
	TREE_ROOT_AT = 40,
	LINE = 64,
	DEPTH_MAX = 32,
	FETCH_MAX =
		1024, /* octets of an entry that are asked for at once; most blocks have no more */
	FETCH_CELLS = 8, /* a leaf of blocks has no more of them */
};

static uint16_t u16_at(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t u64_at(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static const uint8_t *page_at(const struct page_tree *tree, uint64_t number)
{
	return tree->map + number * tree->page_size;
}

static unsigned cell_count(const uint8_t *page)
{
	return (unsigned)(u16_at(page + PAGE_LOWER_AT) - PAGE_HEAD) / 2;
}

static const uint8_t *cell_at(const uint8_t *page, unsigned index)
{
	return page + u16_at(page + PAGE_HEAD + 2 * index);
}

static bool is_page(const uint8_t *page, uint16_t kind)
{
	return (u16_at(page + PAGE_FLAGS_AT) & ~PAGE_DIRTY) == kind;
}

static bool is_known_version(void)
{
	int major, minor;

	mdb_version(&major, &minor, NULL);
	return major == 0 && minor == 9;
}

int page_tree_find(struct page_tree *ret, MDB_txn *txn, MDB_dbi main, const char *name)
{
	MDB_val key = { .mv_data = (void *)(uintptr_t)name, .mv_size = strlen(name) }, value;
	MDB_stat stat;
	struct page_tree tree;

	*ret = (struct page_tree){ 0 };
	if (!is_known_version())
		return 0;

	int err = mdb_get(txn, main, &key, &value);
	if (err == 0)
		err = mdb_stat(txn, main, &stat);
	if (err != 0)
		return database_error(err);
	if (value.mv_size != TREE_RECORD)
		return 0;

	const uint8_t *record = value.mv_data;
	const uint8_t *page = record - (uintptr_t)record % stat.ms_psize;
	if (!is_page(page, PAGE_LEAF))
		return 0;
	tree.page_size = stat.ms_psize;
	tree.map = page - u64_at(page) * stat.ms_psize;
	tree.root = u64_at(record + TREE_ROOT_AT);
	tree.depth = u16_at(record + TREE_DEPTH_AT);
	if (tree.depth == 0 || tree.depth > DEPTH_MAX ||
	    u64_at(page_at(&tree, tree.root)) != tree.root)
		return 0;
	*ret = tree;
	return 0;
}

static int compare(const uint8_t *node, const MDB_val *wanted)
{
	size_t size = u16_at(node + 6);
	int order = memcmp(node + CELL_HEAD, wanted->mv_data,
			   size < wanted->mv_size ? size : wanted->mv_size);

	return order != 0 ? order : (size > wanted->mv_size) - (size < wanted->mv_size);
}

/* The first node of those from index low on whose key is at or after the wanted one. */
static unsigned search(const uint8_t *page, unsigned low, const MDB_val *wanted, bool *equal)
{
	unsigned high = cell_count(page);

	*equal = false;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		int order = compare(cell_at(page, middle), wanted);

		if (order == 0) {
			*equal = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take_cell(const struct page_tree *tree, struct page_seek *seek, const uint8_t *node)
{
	size_t key_size = u16_at(node + 6);
	const uint8_t *data = node + CELL_HEAD + key_size;

	seek->key =
		(MDB_val){ .mv_data = (void *)(uintptr_t)(node + CELL_HEAD), .mv_size = key_size };
	seek->value.mv_size = u16_at(node) | (size_t)u16_at(node + 2) << 16;
	if ((u16_at(node + 4) & CELL_OWN_PAGES) != 0)
		data = page_at(tree, u64_at(data)) + PAGE_HEAD;
	seek->value.mv_data = (void *)(uintptr_t)data;
	for (size_t at = 0; at < seek->value.mv_size && at < FETCH_MAX; at += LINE)
		__builtin_prefetch(data + at);
	seek->found = true;
}

/* The keys that a search of a leaf may look at: its middle, or all where they are few. */
static void fetch_cells(const uint8_t *page)
{
	unsigned count = cell_count(page);

	if (count > FETCH_CELLS)
		__builtin_prefetch(cell_at(page, count / 2));
	for (unsigned i = 0; count <= FETCH_CELLS && i < count; i++)
		__builtin_prefetch(cell_at(page, i));
}

/* Ends here, or at the first entry of the leaf that follows. */
static void seek_leaf(const struct page_tree *tree, struct page_seek *seek)
{
	bool equal;
	unsigned index = search(seek->page, 0, &seek->wanted, &equal);

	if (index < cell_count(seek->page)) {
		take_cell(tree, seek, cell_at(seek->page, index));
		seek->after = NULL;
	} else if (seek->after != NULL) {
		__builtin_prefetch(seek->after);
		__builtin_prefetch(seek->after + tree->page_size / 2);
	}
}

static void seek_after(const struct page_tree *tree, struct page_seek *seek)
{
	const uint8_t *page = seek->after;

	if (page != NULL && is_page(page, PAGE_LEAF) && cell_count(page) > 0)
		take_cell(tree, seek, cell_at(page, 0));
}

static uint64_t child_of(const uint8_t *node)
{
	return u16_at(node) | (uint64_t)u16_at(node + 2) << 16 | (uint64_t)u16_at(node + 4) << 32;
}

static void seek_branch(const struct page_tree *tree, struct page_seek *seek)
{
	bool equal;
	unsigned index = search(seek->page, 1, &seek->wanted,
				&equal); /* the first key stands for all before */
	const uint8_t *page = seek->page;

	index += equal;
	seek->page = page_at(tree, child_of(cell_at(page, index - 1)));
	seek->after = index < cell_count(page) ? page_at(tree, child_of(cell_at(page, index))) :
						 NULL;
	__builtin_prefetch(seek->page);
	__builtin_prefetch(seek->page + tree->page_size / 2);
}

void page_seek_all(const struct page_tree *tree, struct page_seek *seek, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		seek[i].found = false;
		seek[i].after = NULL;
		seek[i].page = tree->depth > 0 ? page_at(tree, tree->root) : NULL;
	}
	for (unsigned level = 0; level < tree->depth; level++) {
		for (size_t i = 0; level > 0 && i < count; i++)
			if (seek[i].page != NULL && is_page(seek[i].page, PAGE_LEAF))
				fetch_cells(seek[i].page);
		for (size_t i = 0; i < count; i++) {
			const uint8_t *page = seek[i].page;

			if (page == NULL)
				continue;
			if (is_page(page, PAGE_BRANCH)) {
				seek_branch(tree, &seek[i]);
				continue;
			}
			if (is_page(page, PAGE_LEAF))
				seek_leaf(tree, &seek[i]);
			seek[i].page = NULL;
		}
	}
	for (size_t i = 0; i < count; i++)
		seek_after(tree, &seek[i]);
}
