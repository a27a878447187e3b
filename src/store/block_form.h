/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_BLOCK_FORM_H
#define STORE_BLOCK_FORM_H

#include <endian.h>
#include <stdbool.h>

#include "store/block.h"

/*
 * Inside store/block*.c only: the octets of a packed block. Numbers are little-endian.
 *
 *	head     first slot (10 bits), how slots are listed (2), width of offsets (2), wide
 *	         counts (1); last slot (10 bits), bits of an index (5; 31: index is rank)
 *	counts   records, bundles: an octet each, two where counts are wide; bases: an octet;
 *	         slots in use: two octets, where not all from first to last are
 *	bases    a row for each: number of its record (as wide as counts), place of the length
 *	         octet that follows the record's length (255: none)
 *	ranks    for each 128 slots but the last: how many up to there are in use; bitmap only
 *	slots    a bit for each from first to last, or two octets for each in use
 *	indexes  of the slots in use: bundles come first, then records that a slot has alone
 *	offsets  of all entries but the first
 *	entries  records, those that slots have alone before others; then bundles: the numbers
 *	         of their records, as wide as counts
 *
 * A record's entry: flags; type and TTL where they are not the base's; how many octets it shares
 * with the base's head and tail; places of own digits; then the octets between head and tail. A
 * base is a record that has no base; in RDATA own digits are "000".
 */
enum {
	FORM_ALL,    /* all slots from first to last are in use */
	FORM_BITMAP, /* a bit says which */
	FORM_LIST,   /* they are listed */
};

enum {
	FORM_HEAD_MIN = 7,
	FORM_COUNT_WIDE = 1 << 14,
	FORM_BITS_ORDER = 31, /* index is rank */
	FORM_BITS_MAX = 16,
	FORM_RANK_SLOTS = 128,
	FORM_BASES_MAX = 7,
	FORM_BUNDLE_MAX = 32, /* records of a bundle; a node with more is one whole */
	FORM_FOLDS_MAX = 15,
	FORM_ENTRIES_MIN = 7, /* octets of a record; so far may be read behind a region */
	FORM_PATCH_NONE = 255,
	FORM_CHUNK = 32, /* octets that are copied at once */
};

enum form_flags {
	ENTRY_BASE = 7,   /* row of its base, from 1 */
	ENTRY_WHOLE = 8,  /* a whole node instead of a record */
	ENTRY_META = 16,  /* type and TTL of its own */
	ENTRY_WIDE = 128, /* numbers of four octets instead of one */
	ENTRY_FOLDS_SHIFT = 5,
};

/* Where the number's own digits stand. */
enum form_folds { FOLDS_NONE, FOLDS_BASE, FOLDS_ONE, FOLDS_LIST };

static inline unsigned form_u16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return le16toh(value);
}

static inline uint32_t form_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static inline uint64_t form_u64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

/* A packed block whose regions are known to lie inside it; what they say is not. */
struct block_view {
	int first, last;
	unsigned form, width, bits, number_size;
	size_t count, records, bundles, bases;
	const uint8_t *base_rows, *ranks, *slots, *indexes, *offsets;
	struct slice entries;
};

int view_open(struct slice block, struct block_view *ret);

/* How many slots in use stand before this one; -1: it is not in use. */
int view_rank(const struct block_view *view, int slot);

/* All slots in use, in order; as many as view->count says. -EBADMSG. */
int view_slots(const struct block_view *view, uint16_t ret[BLOCK_SLOTS]);

/* The indexes of all slots in use. -EBADMSG. */
int view_indexes(const struct block_view *view, uint16_t ret[BLOCK_SLOTS]);

/* The numbers of the records that an index stands for. -EBADMSG. */
int view_bundle(const struct block_view *view, size_t index, unsigned ret[FORM_BUNDLE_MAX],
		size_t *count);

/* A record in pieces, which lie in the block and in its base. */
struct block_record {
	struct slice head, own, tail;
	const uint8_t *end;    /* octets up to here may be read */
	const uint8_t *places; /* of own digits, each of place_size octets */
	uint32_t ttl;
	uint16_t type;
	uint8_t folds, place_size;
	uint8_t patch;    /* this octet of the head ... */
	uint8_t patch_by; /* ... is so much more; FORM_PATCH_NONE: none is */
	bool whole;       /* a node; it has no type and TTL */
};

/* ret may be changed on failure. -EBADMSG. */
int view_record(const struct block_view *view, size_t number, struct block_record *ret);

static inline size_t record_size(const struct block_record *record)
{
	return record->head.size + record->own.size + record->tail.size;
}

static inline size_t record_place(const struct block_record *record, size_t number)
{
	const uint8_t *at = record->places + number * record->place_size;

	return record->place_size == 1 ? *at : form_u32(at);
}

/*
 * The octets of a record in one piece, own digits as "000"; FORM_CHUNK octets more may be
 * overwritten.
 */
void record_copy(const struct block_record *record, uint8_t *to);

/* Lays out the node of slot that has these records, as block_node() does; 1, -EBADMSG, -ENOMEM. */
int record_lay(const struct block_record *records, size_t count, int slot, struct block_room *room,
	       struct node *ret);

/* At least size octets in room. -ENOMEM. */
int room_grow(struct block_room *room, size_t size);

#endif
