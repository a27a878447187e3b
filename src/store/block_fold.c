/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Takes a node apart into records, and folds the number's own digits in them: where RDATA has a
 * run of digits that ends in the digits of the block and of the slot ("sip:+12025550123@"), the
 * last three become "000" and their place is noted. So the records of all numbers that go to one
 * gateway are one. Nothing depends on what RDATA means, and its length does not change.
 *
 * A node of another form than node_make() gives to records of class IN below a pointer to the
 * question, or with very many records, is kept whole, as if it were one record.
 */
#include "store/block_fold.h"

#include <errno.h>
#include <libknot/descriptor.h>

#include "base/writer.h"

enum { ODD = 1 }; /* the node is not of the usual form */

static bool is_digit(uint8_t octet)
{
	return octet >= '0' && octet <= '9';
}

/*
 * Whether the run of digits that these three are part of ends with them, and has the prefix
 * before.
 */
static bool is_own(const struct block_fold *fold, const uint8_t *octets, size_t size, size_t at)
{
	if (at + 3 > size || (at + 3 < size && is_digit(octets[at + 3])))
		return false;
	return at >= fold->prefix_size &&
	       memcmp(octets + at - fold->prefix_size, fold->prefix, fold->prefix_size) == 0;
}

/* The highest bit of each octet of word that is zero. */
static uint64_t find_zeros(uint64_t word)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);

	return ~(((word & low) + low) | word | low);
}

/*
 * Makes own digits "000" and puts their places behind the octets; how many. Eight places are
 * looked at at once, which reads up to POOL_SLACK octets more than there are.
 */
static size_t fold_digits(const struct block_fold *fold, int slot, uint8_t *octets, size_t size)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	const uint64_t one = each * (uint64_t)('0' + slot / 100),
		       two = each * (uint64_t)('0' + slot / 10 % 10),
		       three = each * (uint64_t)('0' + slot % 10);
	uint32_t places[FORM_FOLDS_MAX];
	size_t found = 0;

	for (size_t at = 0; at + 3 <= size && found < FORM_FOLDS_MAX; at += 8) {
		uint64_t zeros = find_zeros((form_u64(octets + at) ^ one) |
					    (form_u64(octets + at + 1) ^ two) |
					    (form_u64(octets + at + 2) ^ three));

		for (; zeros != 0 && found < FORM_FOLDS_MAX; zeros &= zeros - 1) {
			size_t place = at + (size_t)__builtin_ctzll(zeros) / 8;

			if (is_own(fold, octets, size, place))
				places[found++] = (uint32_t)place;
		}
	}
	for (size_t i = 0; i < found; i++) {
		uint32_t place = htole32(places[i]);

		memset(octets + places[i], '0', 3);
		memcpy(octets + size + i * sizeof(place), &place, sizeof(place));
	}
	return found;
}

static int add_record(const struct block_fold *fold, struct block_pool *pool, int slot,
		      struct pool_record *record, const uint8_t *data, uint32_t *ret)
{
	uint8_t *octets = pool_record_room(pool, record->size);

	if (octets == NULL)
		return -ENOMEM;
	if (record->size > 0)
		memcpy(octets, data, record->size);
	record->folds = (uint8_t)fold_digits(fold, slot, octets, record->size);
	return pool_record_add(pool, record, ret);
}

/*
 * The record at wire, of a set of this type that has left octets from there on; its size in
 * *used.
 */
static int fold_record(const struct block_fold *fold, struct block_pool *pool, int slot,
		       uint16_t type, struct slice left, size_t *used, uint32_t *ret)
{
	if (left.size < RRSET_RECORD_HEAD)
		return -EBADMSG;

	size_t size = get_u16(left.data + 10);
	if (size > left.size - RRSET_RECORD_HEAD)
		return -EBADMSG;
	if (get_u16(left.data) != RRSET_OWNER || get_u16(left.data + 2) != type ||
	    get_u16(left.data + 4) != KNOT_CLASS_IN)
		return ODD;

	struct pool_record record = { .type = type,
				      .ttl = get_u32(left.data + 6),
				      .size = (uint32_t)size };
	*used = RRSET_RECORD_HEAD + size;
	return add_record(fold, pool, slot, &record, left.data + RRSET_RECORD_HEAD, ret);
}

static int fold_set(const struct block_fold *fold, struct block_pool *pool, int slot,
		    const struct rrset *set, uint32_t ret[FORM_BUNDLE_MAX], size_t *count)
{
	struct slice left = slice_make(set->wire, set->size);

	if (set->count == 0 || set->count > FORM_BUNDLE_MAX - *count)
		return ODD;
	for (size_t i = 0; i < set->count; i++) {
		size_t used = 0;
		int err = fold_record(fold, pool, slot, set->type, left, &used, &ret[*count]);

		if (err != 0)
			return err;
		left = slice_make(left.data + used, left.size - used);
		++*count;
	}
	return left.size == 0 ? 0 : -EBADMSG;
}

/*
 * The usual form: sets that differ in type one after another, of at most FORM_BUNDLE_MAX
 * records.
 */
static int fold_sets(const struct block_fold *fold, struct block_pool *pool, int slot,
		     const struct node *node, uint32_t ret[FORM_BUNDLE_MAX], size_t *count)
{
	struct rrset set;
	size_t used = NODE_HEAD;
	uint16_t type = 0;

	*count = 0;
	for (size_t i = 0; node_at(node, i, &set); i++) {
		used += sizeof(struct node_row) + set.size;
		if (used > node->size || (i > 0 && set.type == type))
			return ODD;
		type = set.type;

		int err = fold_set(fold, pool, slot, &set, ret, count);
		if (err != 0)
			return err;
	}
	return used == node->size && *count > 0 ? 0 : ODD;
}

int fold_node(const struct block_fold *fold, struct block_pool *pool, int slot,
	      const struct node *node, uint32_t ret[FORM_BUNDLE_MAX], size_t *count)
{
	int err = fold_sets(fold, pool, slot, node, ret, count);

	if (err != ODD)
		return err;
	if (!node_valid(node) || node->size > UINT32_MAX)
		return -EBADMSG;

	struct pool_record whole = { .whole = true, .size = (uint32_t)node->size };
	*count = 1;
	return add_record(fold, pool, slot, &whole, node->data, &ret[0]);
}
