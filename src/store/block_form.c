/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The octets of a packed block (block_form.h says what they are): where its regions lie, and
 * what an index and an entry say.
 *
 * This runs for each query, so nothing is looked at that the slot does not need: the head, a word
 * of the bitmap and the rank before it, one index, one offset, one entry and its base. It may be
 * a damaged file, so each number is held against the octets that there are before it is used. The
 * regions before the entries are read in words of up to eight octets; that there are enough entries to
 * read that far is checked once.
 */
#include "store/block_form.h"

#include <errno.h>

/* Steps over size octets that come next. */
static const uint8_t *step(size_t *at, const uint8_t *data, size_t size)
{
	const uint8_t *region = data + *at;

	*at += size;
	return region;
}

/* Numbers behind the two words of the head; false where octets are missing. */
static bool read_counts(struct block_view *view, struct slice block, size_t *at)
{
	const uint8_t *counts = block.data + *at;

	if (view->number_size == 1) {
		view->records = counts[0];
		view->bundles = counts[1];
		view->bases = counts[2];
		*at += 3;
	} else {
		if (block.size < *at + 5)
			return false;
		view->records = form_u16(counts);
		view->bundles = form_u16(counts + 2);
		view->bases = counts[4];
		*at += 5;
	}
	view->count = (size_t)(view->last - view->first) + 1;
	if (view->form == FORM_ALL)
		return true;
	if (block.size < *at + 2)
		return false;
	view->count = form_u16(step(at, block.data, 2));
	return true;
}

/* Sets where the regions begin; how many octets they take. */
static size_t set_regions(struct block_view *view, const uint8_t *data, size_t at)
{
	size_t span = (size_t)(view->last - view->first) + 1;
	size_t bits = view->bits == FORM_BITS_ORDER ? 0 : view->bits;

	view->base_rows = step(&at, data, view->bases * (view->number_size + 1));
	view->ranks = data + at;
	if (view->form == FORM_BITMAP) {
		at += (span - 1) / FORM_RANK_SLOTS * 2;
		view->slots = step(&at, data, (span + 7) / 8);
	} else {
		view->slots = step(&at, data, view->form == FORM_LIST ? view->count * 2 : 0);
	}
	view->indexes = step(&at, data, (view->count * bits + 7) / 8);
	view->offsets = step(&at, data, (view->records + view->bundles - 1) * view->width);
	return at;
}

int view_open(struct slice block, struct block_view *ret)
{
	static const uint8_t widths[4] = { 1, 2, 4, 0 };
	size_t at = 4;

	if (block.size < FORM_HEAD_MIN)
		return -EBADMSG;

	unsigned one = form_u16(block.data), two = form_u16(block.data + 2);
	ret->first = (int)(one & 1023);
	ret->form = one >> 10 & 3;
	ret->width = widths[one >> 12 & 3];
	ret->number_size = (one & FORM_COUNT_WIDE) != 0 ? 2 : 1;
	ret->last = (int)(two & 1023);
	ret->bits = two >> 10 & 31;
	if (ret->first > ret->last || ret->last >= BLOCK_SLOTS || ret->form > FORM_LIST ||
	    ret->width == 0 || (ret->bits > FORM_BITS_MAX && ret->bits != FORM_BITS_ORDER) ||
	    !read_counts(ret, block, &at) || ret->records == 0 || ret->count == 0 ||
	    ret->count > BLOCK_SLOTS || ret->bases > FORM_BASES_MAX)
		return -EBADMSG;

	size_t entries = set_regions(ret, block.data, at);
	if (entries + FORM_ENTRIES_MIN > block.size)
		return -EBADMSG;
	ret->entries = slice_make(block.data + entries, block.size - entries);
	return 0;
}

static unsigned count_ones(uint64_t word)
{
	word -= word >> 1 & UINT64_C(0x5555555555555555);
	word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
	word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(word * UINT64_C(0x0101010101010101) >> 56);
}

static int rank_in_bitmap(const struct block_view *view, unsigned bit)
{
	const uint8_t *word_at = view->slots + bit / 64 * 8;
	uint64_t word = form_u64(word_at), mask = UINT64_C(1) << bit % 64;
	unsigned rank = 0;

	if ((word & mask) == 0)
		return -1;
	if (bit >= FORM_RANK_SLOTS)
		rank = form_u16(view->ranks + (bit / FORM_RANK_SLOTS - 1) * 2);
	if (bit % FORM_RANK_SLOTS >= 64)
		rank += count_ones(form_u64(word_at - 8));
	return (int)(rank + count_ones(word & (mask - 1)));
}

static int rank_in_list(const struct block_view *view, unsigned slot)
{
	size_t from = 0, to = view->count;

	while (from < to) {
		size_t middle = (from + to) / 2;
		unsigned found = form_u16(view->slots + middle * 2);

		if (found == slot)
			return (int)middle;
		if (found < slot)
			from = middle + 1;
		else
			to = middle;
	}
	return -1;
}

int view_rank(const struct block_view *view, int slot)
{
	if (slot < view->first || slot > view->last)
		return -1;
	if (view->form == FORM_ALL)
		return slot - view->first;
	if (view->form == FORM_BITMAP)
		return rank_in_bitmap(view, (unsigned)(slot - view->first));
	return rank_in_list(view, (unsigned)slot);
}

static int bitmap_slots(const struct block_view *view, uint16_t *ret)
{
	unsigned span = (unsigned)(view->last - view->first) + 1;
	size_t count = 0;

	for (unsigned at = 0; at < span; at += 64) {
		uint64_t ones = form_u64(view->slots + at / 8);

		if (span - at < 64)
			ones &= (UINT64_C(1) << (span - at)) - 1;
		if (at > 0 && at % FORM_RANK_SLOTS == 0 &&
		    form_u16(view->ranks + (at / FORM_RANK_SLOTS - 1) * 2) != count)
			return -EBADMSG;
		for (; ones != 0; ones &= ones - 1)
			ret[count++] = (uint16_t)((unsigned)view->first + at +
						  (unsigned)__builtin_ctzll(ones));
	}
	return count == view->count ? 0 : -EBADMSG;
}

int view_slots(const struct block_view *view, uint16_t ret[BLOCK_SLOTS])
{
	int before = view->first - 1;

	if (view->form == FORM_BITMAP)
		return bitmap_slots(view, ret);
	for (size_t i = 0; i < view->count; i++) {
		int slot = view->form == FORM_ALL ? view->first + (int)i :
						    (int)form_u16(view->slots + i * 2);

		if (slot <= before || slot > view->last)
			return -EBADMSG;
		ret[i] = (uint16_t)slot;
		before = slot;
	}
	return 0;
}

int view_index(const struct block_view *view, size_t rank, size_t *ret)
{
	size_t index = rank, at = rank * view->bits;

	if (rank >= view->count)
		return -EBADMSG;
	if (view->bits != FORM_BITS_ORDER)
		index = form_u32(view->indexes + at / 8) >> at % 8 & ((1U << view->bits) - 1);
	if (index >= view->records + view->bundles)
		return -EBADMSG;
	*ret = index;
	return 0;
}

static size_t offset_at(const struct block_view *view, size_t number)
{
	static const uint32_t masks[] = { 0, 0xff, 0xffff, 0, 0xffffffff };

	return form_u32(view->offsets + number * view->width) & masks[view->width];
}

/* The octets of a record or bundle, number less than there are. */
static bool entry_at(const struct block_view *view, size_t number, struct slice *ret)
{
	size_t start = number > 0 ? offset_at(view, number - 1) : 0;
	size_t end = number + 1 < view->records + view->bundles ? offset_at(view, number) :
								  view->entries.size;

	if (start > end || end > view->entries.size)
		return false;
	*ret = slice_make(view->entries.data + start, end - start);
	return true;
}

int view_bundle(const struct block_view *view, size_t index, unsigned ret[FORM_BUNDLE_MAX],
		size_t *count)
{
	struct slice entry;

	if (index >= view->bundles) {
		ret[0] = (unsigned)(index - view->bundles);
		*count = 1;
		return 0;
	}
	if (!entry_at(view, view->records + index, &entry) || entry.size % view->number_size != 0)
		return -EBADMSG;

	size_t found = entry.size / view->number_size;
	if (found == 0 || found > FORM_BUNDLE_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < found; i++) {
		ret[i] = view->number_size == 1 ? entry.data[i] : form_u16(entry.data + i * 2);
		if (ret[i] >= view->records)
			return -EBADMSG;
	}
	*count = found;
	return 0;
}

/* What stands before the octets of a record. */
struct entry_head {
	unsigned base; /* 0: none */
	size_t head, tail;
	enum form_folds folds;
};

/* How many octets the entry's own places take, their count included; SIZE_MAX: it ends too early. */
static size_t places_size(enum form_folds folds, struct slice rest, size_t width)
{
	if (folds == FOLDS_ONE)
		return width;
	if (folds != FOLDS_LIST)
		return 0;
	return rest.size > 0 ? 1 + rest.data[0] * width : SIZE_MAX;
}

static void read_places(struct block_record *ret, enum form_folds folds, const uint8_t *at,
			size_t width)
{
	ret->place_size = (uint8_t)width;
	ret->folds = folds == FOLDS_ONE ? 1 : folds == FOLDS_LIST ? at[0] : 0;
	ret->places = folds == FOLDS_LIST ? at + 1 : at;
}

/* Reads what an entry says itself; type, TTL and places stay as they are where they are the base's. */
static bool read_entry(struct slice entry, struct entry_head *head, struct block_record *ret)
{
	size_t at = 1, width = 1;

	ret->head = ret->tail = (struct slice){ 0 };
	ret->patch = FORM_PATCH_NONE;
	if (entry.size == 0)
		return false;

	unsigned flags = entry.data[0];
	if ((flags & ENTRY_WIDE) != 0)
		width = 4;
	head->base = flags & ENTRY_BASE;
	head->folds = flags >> ENTRY_FOLDS_SHIFT & 3;
	ret->whole = (flags & ENTRY_WHOLE) != 0;

	size_t fixed = ((flags & ENTRY_META) != 0 ? 6 : 0) + (head->base != 0 ? 2 * width : 0);
	if (entry.size < at + fixed)
		return false;
	if ((flags & ENTRY_META) != 0) {
		ret->type = (uint16_t)form_u16(entry.data + at);
		ret->ttl = form_u32(entry.data + at + 2);
		at += 6;
	}
	head->head = head->tail = 0;
	if (head->base != 0) {
		head->head = width == 1 ? entry.data[at] : form_u32(entry.data + at);
		at += width;
		head->tail = width == 1 ? entry.data[at] : form_u32(entry.data + at);
		at += width;
	}

	struct slice rest = slice_make(entry.data + at, entry.size - at);
	size_t places = places_size(head->folds, rest, width);
	if (places > rest.size)
		return false;
	if (head->folds != FOLDS_BASE)
		read_places(ret, head->folds, rest.data, width);
	ret->own = slice_make(rest.data + places, rest.size - places);
	return true;
}

/* An entry without a base says all itself. */
static bool read_alone(struct slice entry, struct block_record *ret)
{
	struct entry_head head;

	return read_entry(entry, &head, ret) && head.base == 0 && head.folds != FOLDS_BASE &&
	       (ret->whole || (entry.data[0] & ENTRY_META) != 0);
}

/* An entry with a base, whose row tells the base's record and which of its octets follows the length. */
static bool read_difference(const struct block_view *view, unsigned row, struct slice entry,
			    struct block_record *ret)
{
	struct block_record base;
	struct entry_head head;
	struct slice base_entry;

	if (row >= view->bases)
		return false;

	const uint8_t *at = view->base_rows + row * (view->number_size + 1);
	size_t number = view->number_size == 1 ? *at : form_u16(at);
	if (number >= view->records || !entry_at(view, number, &base_entry) ||
	    !read_alone(base_entry, &base))
		return false;
	*ret = base; /* what the entry does not say is as the base has it */
	if (!read_entry(entry, &head, ret) || head.head > base.own.size ||
	    head.tail > base.own.size - head.head || ret->whole != base.whole)
		return false;
	ret->head = slice_make(base.own.data, head.head);
	ret->tail = slice_make(base.own.data + base.own.size - head.tail, head.tail);
	ret->patch = at[view->number_size] < head.head ? at[view->number_size] : FORM_PATCH_NONE;
	ret->patch_by = (uint8_t)(record_size(ret) - base.own.size);
	return true;
}

static bool places_valid(const struct block_record *record, size_t size)
{
	for (size_t i = 0; i < record->folds; i++) {
		size_t place = record_place(record, i);

		if (place > size || size - place < 3)
			return false;
	}
	return true;
}

int view_record(const struct block_view *view, size_t number, struct block_record *ret)
{
	enum { WHOLE_MIN = NODE_HEAD + sizeof(struct node_row) + RRSET_RECORD_HEAD };
	struct slice entry;

	if (!entry_at(view, number, &entry) || entry.size == 0)
		return -EBADMSG;

	unsigned row = entry.data[0] & ENTRY_BASE;
	if (!(row == 0 ? read_alone(entry, ret) : read_difference(view, row - 1, entry, ret)))
		return -EBADMSG;

	size_t size = record_size(ret);
	bool possible = ret->whole ? size >= WHOLE_MIN : size <= UINT16_MAX;
	return possible && places_valid(ret, size) ? 0 : -EBADMSG;
}
