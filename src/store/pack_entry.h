/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_PACK_ENTRY_H
#define STORE_PACK_ENTRY_H

#include "base/text.h"
#include "store/number.h"
#include "store/pack.h"

/*
 * Inside store/ only: an entry as it will stand in the store, but for the tree in front of its
 * key: a length, 0 for a plain name, and the labels; for numbers up to the last slot that the block
 * covers. In a file or buffer its head stands before its octets, in the machine's own order.
 */
struct pack_entry {
	struct slice key;
	struct slice value;
	uint64_t line; /* of the input, for pack_rules.unite; 0: not known */
};

enum { PACK_HEAD = 6, PACK_KEY_MAX = 1 + KEY_MAX };

static inline void pack_head_write(uint8_t *at, const struct pack_entry *entry)
{
	uint32_t value = (uint32_t)entry->value.size;
	uint16_t key = (uint16_t)entry->key.size;

	memcpy(at, &value, sizeof(value));
	memcpy(at + sizeof(value), &key, sizeof(key));
}

/* The sizes of what follows a head; data may be NULL. */
static inline void pack_head_read(const uint8_t *at, struct pack_entry *ret)
{
	uint32_t value;
	uint16_t key;

	memcpy(&value, at, sizeof(value));
	memcpy(&key, at + sizeof(value), sizeof(key));
	ret->key = slice_make(at + PACK_HEAD, key);
	ret->value = slice_make(at + PACK_HEAD + key, value);
	ret->line = 0;
}

static inline bool pack_is_number(const struct pack_entry *entry)
{
	return entry->key.data[0] != 0;
}

/* The order of keys. */
int pack_compare(struct slice a, struct slice b);

/* What two entries have in common that belong together: the name, or the block. */
struct slice pack_group(const struct pack_entry *entry);

static inline bool pack_same_group(const struct pack_entry *a, const struct pack_entry *b)
{
	return slice_equal(pack_group(a), pack_group(b));
}

/* Takes one entry; what it points to lives for the call. */
typedef int pack_emit(void *arg, const struct pack_entry *entry);

/* Makes entries out of several of one group. */
struct pack_union {
	const struct pack_rules *rules;
	struct block_edit *edit; /* NULL until it is needed */
	struct block_room room;
	struct arena arena;
};

void pack_union_done(struct pack_union *u);

/* The entries are in the order of their input. */
int pack_unite(struct pack_union *u, const struct pack_entry *entry, size_t count, pack_emit *emit,
	       void *arg);

/* The same for a slot of edit, which is in use already. */
int pack_unite_slot(struct pack_union *u, struct block_edit *edit, struct slice group, int slot,
		    uint64_t line, const struct node *later);

/* Hands on what edit holds, slots up to the last, in entries of the group. */
int pack_cut(struct block_edit *edit, struct slice group, pack_emit *emit, void *arg);

/* The entries of a batch that is ended, in order; index from 0; false past the last. */
bool pack_batch_at(const struct pack_batch *batch, size_t index, struct pack_entry *ret);

/* Whether there may be a delegation or DNAME among its numbers. */
bool pack_batch_cuts(const struct pack_batch *batch);

#endif
