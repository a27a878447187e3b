/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads packed blocks (block_form.h says what their octets are): where the regions lie, what an
 * index and an entry say, and the node of a slot. The node is put together in the reader's room,
 * out of pieces of the record and of its base, with the slot's three digits where they belong.
 *
 * This runs for each query, so nothing is looked at that the slot does not need: the head, a
 * word or two of the bitmap and the rank before them, one index, one offset, one entry and its
 * base. It may be a damaged file, so each number is held against the octets that there are
 * before it is used. The regions before the entries are read in words of up to eight octets;
 * that there are enough entries to read that far is checked once.
 */
#include <assert.h>
#include <errno.h>
#include <libknot/descriptor.h>

#include "base/writer.h"
#include "store/block_form.h"

/* Steps over size octets that come next. */
static inline const uint8_t *step(size_t *at, const uint8_t *data, size_t size)
{
	const uint8_t *region = data + *at;

	*at += size;
	return region;
}

/* Numbers behind the two words of the head; false where octets are missing. */
static inline bool read_counts(struct block_view *view, struct slice block, size_t *at)
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
static inline size_t set_regions(struct block_view *view, const uint8_t *data, size_t at)
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

static inline bool open_view(struct slice block, struct block_view *ret)
{
	static const uint8_t widths[4] = { 1, 2, 4, 0 };
	size_t at = 4;

	if (block.size < FORM_HEAD_MIN)
		return false;

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
		return false;

	size_t entries = set_regions(ret, block.data, at);
	if (entries + FORM_ENTRIES_MIN > block.size)
		return false;
	ret->entries = slice_make(block.data + entries, block.size - entries);
	return true;
}

int view_open(struct slice block, struct block_view *ret)
{
	return open_view(block, ret) ? 0 : -EBADMSG;
}

static inline unsigned count_ones(uint64_t word)
{
	word -= word >> 1 & UINT64_C(0x5555555555555555);
	word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
	word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(word * UINT64_C(0x0101010101010101) >> 56);
}

/*
 * The octets before the bitmap are head and ranks, so that words and ranks may be read that do not
 * count: a branch that nobody can foresee costs more.
 */
static inline int rank_in_bitmap(const struct block_view *view, unsigned bit)
{
	const uint8_t *word_at = view->slots + bit / 64 * 8;
	uint64_t word = form_u64(word_at), mask = UINT64_C(1) << bit % 64;
	uint64_t before = form_u64(word_at - 8) & (UINT64_C(0) - (bit / 64 & 1));
	unsigned rank = form_u16(view->ranks + bit / FORM_RANK_SLOTS * 2 - 2) &
			(0U - (bit >= FORM_RANK_SLOTS));

	if ((word & mask) == 0)
		return -1;
	return (int)(rank + count_ones(before) + count_ones(word & (mask - 1)));
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

static inline int rank_of(const struct block_view *view, int slot)
{
	if (slot < view->first || slot > view->last)
		return -1;
	if (view->form == FORM_ALL)
		return slot - view->first;
	if (view->form == FORM_BITMAP)
		return rank_in_bitmap(view, (unsigned)(slot - view->first));
	return rank_in_list(view, (unsigned)slot);
}

int view_rank(const struct block_view *view, int slot)
{
	return rank_of(view, slot);
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

static int list_slots(const struct block_view *view, uint16_t *ret)
{
	int before = view->first - 1;

	for (size_t i = 0; i < view->count; i++) {
		int slot = (int)form_u16(view->slots + i * 2);

		if (slot <= before || slot > view->last)
			return -EBADMSG;
		ret[i] = (uint16_t)slot;
		before = slot;
	}
	return 0;
}

int view_slots(const struct block_view *view, uint16_t ret[BLOCK_SLOTS])
{
	if (view->form == FORM_BITMAP)
		return bitmap_slots(view, ret);
	if (view->form == FORM_LIST)
		return list_slots(view, ret);
	for (size_t i = 0; i < view->count; i++)
		ret[i] = (uint16_t)((size_t)view->first + i);
	return 0;
}

static inline size_t index_at(const struct block_view *view, size_t rank)
{
	size_t at = rank * view->bits;

	if (view->bits == FORM_BITS_ORDER)
		return rank;
	return form_u32(view->indexes + at / 8) >> at % 8 & ((1U << view->bits) - 1);
}

int view_indexes(const struct block_view *view, uint16_t ret[BLOCK_SLOTS])
{
	size_t count = view->count, most = 0;

	for (size_t rank = 0; rank < count; rank++) {
		size_t index = index_at(view, rank);

		ret[rank] = (uint16_t)index;
		most = index > most ? index : most;
	}
	return most < view->records + view->bundles ? 0 : -EBADMSG;
}

static inline size_t offset_at(const struct block_view *view, size_t number)
{
	static const uint32_t masks[] = { 0, 0xff, 0xffff, 0, 0xffffffff };

	return form_u32(view->offsets + number * view->width) & masks[view->width];
}

/* The octets of a record or bundle, number less than there are. */
static inline bool entry_at(const struct block_view *view, size_t number, struct slice *ret)
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

/*
 * How many octets the entry's own places take, their count included; SIZE_MAX: it ends too
 * early.
 */
static inline size_t places_size(enum form_folds folds, struct slice rest, size_t width)
{
	if (folds == FOLDS_ONE)
		return width;
	if (folds != FOLDS_LIST)
		return 0;
	return rest.size > 0 ? 1 + rest.data[0] * width : SIZE_MAX;
}

static inline void read_places(struct block_record *ret, enum form_folds folds, const uint8_t *at,
			       size_t width)
{
	ret->place_size = (uint8_t)width;
	ret->folds = folds == FOLDS_ONE ? 1 : folds == FOLDS_LIST ? at[0] : 0;
	ret->places = folds == FOLDS_LIST ? at + 1 : at;
}

/*
 * Reads what an entry says itself; type, TTL and places stay as they are where they are the
 * base's.
 */
static inline bool read_entry(struct slice entry, struct entry_head *head, struct block_record *ret)
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
static inline bool read_alone(struct slice entry, struct block_record *ret)
{
	struct entry_head head;

	return read_entry(entry, &head, ret) && head.base == 0 && head.folds != FOLDS_BASE &&
	       (ret->whole || (entry.data[0] & ENTRY_META) != 0);
}

/*
 * An entry with a base, whose row tells the base's record and which of its octets follows the
 * length.
 */
static inline bool read_difference(const struct block_view *view, unsigned row, struct slice entry,
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

static inline bool places_valid(const struct block_record *record, size_t size)
{
	for (size_t i = 0; i < record->folds; i++) {
		size_t place = record_place(record, i);

		if (place > size || size - place < 3)
			return false;
	}
	return true;
}

static inline bool record_at(const struct block_view *view, size_t number, struct block_record *ret)
{
	enum { WHOLE_MIN = NODE_HEAD + sizeof(struct node_row) + RRSET_RECORD_HEAD };
	struct slice entry;

	if (!entry_at(view, number, &entry) || entry.size == 0)
		return false;

	unsigned row = entry.data[0] & ENTRY_BASE;
	if (!(row == 0 ? read_alone(entry, ret) : read_difference(view, row - 1, entry, ret)))
		return false;
	ret->end = view->entries.data + view->entries.size;

	size_t size = record_size(ret);
	bool possible = ret->whole ? size >= WHOLE_MIN : size <= UINT16_MAX;
	return possible && places_valid(ret, size);
}

int view_record(const struct block_view *view, size_t number, struct block_record *ret)
{
	return record_at(view, number, ret) ? 0 : -EBADMSG;
}

/* In whole chunks where what is too much may be read; there is always room for it. */
static inline void copy_piece(uint8_t *to, struct slice piece, const uint8_t *end)
{
	if ((size_t)(end - piece.data) < piece.size + FORM_CHUNK) {
		if (piece.size > 0)
			memcpy(to, piece.data, piece.size);
		return;
	}
	for (size_t at = 0; at < piece.size; at += FORM_CHUNK)
		memcpy(to + at, piece.data + at, FORM_CHUNK);
}

static inline void copy_record(const struct block_record *record, uint8_t *to)
{
	copy_piece(to, record->head, record->end);
	copy_piece(to + record->head.size, record->own, record->end);
	copy_piece(to + record->head.size + record->own.size, record->tail, record->end);
	if (record->patch != FORM_PATCH_NONE)
		to[record->patch] = (uint8_t)(to[record->patch] + record->patch_by);
}

void record_copy(const struct block_record *record, uint8_t *to)
{
	copy_record(record, to);
}

/* The same with the slot's digits in their places. */
static inline void record_unfold(const struct block_record *record, int slot, uint8_t *to)
{
	copy_record(record, to);
	for (size_t i = 0; i < record->folds; i++) {
		uint8_t *digits = to + record_place(record, i);

		digits[0] = (uint8_t)('0' + slot / 100);
		digits[1] = (uint8_t)('0' + slot / 10 % 10);
		digits[2] = (uint8_t)('0' + slot % 10);
	}
}

static inline uint8_t *lay_record(const struct block_record *record, int slot, uint8_t *to)
{
	size_t size = record_size(record);

	put_u16(to, RRSET_OWNER);
	put_u16(to + 2, record->type);
	put_u16(to + 4, KNOT_CLASS_IN);
	put_u32(to + 6, record->ttl);
	put_u16(to + 10, (uint16_t)size);
	record_unfold(record, slot, to + RRSET_RECORD_HEAD);
	return to + RRSET_RECORD_HEAD + size;
}

static int lay_whole(const struct block_record *record, int slot, struct block_room *room,
		     struct node *ret)
{
	struct node node = { .size = record_size(record) };

	if (room_grow(room, node.size + FORM_CHUNK) != 0)
		return -ENOMEM;
	record_unfold(record, slot, room->data);
	node.data = room->data;
	if (node.size == 0 || !node_valid(&node))
		return -EBADMSG;
	*ret = node;
	return 1;
}

/* The rows of the sets that these records make; how many. */
static size_t make_rows(const struct block_record *records, size_t count, struct node_row *rows)
{
	size_t made = 0;

	for (size_t i = 0; i < count; i++) {
		if (made == 0 || rows[made - 1].type != records[i].type)
			rows[made++] = (struct node_row){ .type = records[i].type };
		rows[made - 1].count++;
		rows[made - 1].size += (uint32_t)(RRSET_RECORD_HEAD + record_size(&records[i]));
	}
	return made;
}

int record_lay(const struct block_record *records, size_t count, int slot, struct block_room *room,
	       struct node *ret)
{
	struct node_row rows[FORM_BUNDLE_MAX];
	size_t size = NODE_HEAD;

	for (size_t i = 0; i < count; i++)
		if (records[i].whole)
			return count == 1 ? lay_whole(records, slot, room, ret) : -EBADMSG;

	size_t made = make_rows(records, count, rows);
	uint16_t row_count = (uint16_t)made;
	for (size_t i = 0; i < made; i++)
		size += sizeof(rows[i]) + rows[i].size;
	if (room_grow(room, size + FORM_CHUNK) != 0)
		return -ENOMEM;

	uint8_t *at = room->data;
	memcpy(at, &row_count, sizeof(row_count));
	memcpy(at + NODE_HEAD, rows, made * sizeof(rows[0]));
	at += NODE_HEAD + made * sizeof(rows[0]);
	for (size_t i = 0; i < count; i++)
		at = lay_record(&records[i], slot, at);
	*ret = (struct node){ .data = room->data, .size = size };
	return 1;
}

/* A node of one record, as most are: the same without going through rows. */
static inline int lay_one(const struct block_record *record, int slot, struct block_room *room,
			  struct node *ret)
{
	size_t head = NODE_HEAD + sizeof(struct node_row);
	struct node_row row = { .type = record->type, .count = 1 };
	uint16_t row_count = 1;

	row.size = (uint32_t)(RRSET_RECORD_HEAD + record_size(record));
	if (room->size < head + row.size + FORM_CHUNK &&
	    room_grow(room, head + row.size + FORM_CHUNK) != 0)
		return -ENOMEM;
	memcpy(room->data, &row_count, sizeof(row_count));
	memcpy(room->data + NODE_HEAD, &row, sizeof(row));
	lay_record(record, slot, room->data + head);
	*ret = (struct node){ .data = room->data, .size = head + row.size };
	return 1;
}

static int read_bundle(const struct block_view *view, size_t index, int slot,
		       struct block_room *room, struct node *ret)
{
	struct block_record records[FORM_BUNDLE_MAX];
	unsigned numbers[FORM_BUNDLE_MAX];
	size_t count;

	if (view_bundle(view, index, numbers, &count) != 0)
		return -EBADMSG;
	for (size_t i = 0; i < count; i++)
		if (!record_at(view, numbers[i], &records[i]))
			return -EBADMSG;
	return record_lay(records, count, slot, room, ret);
}

int block_node(struct slice block, int slot, struct block_room *room, struct node *ret)
{
	struct block_record record;
	struct block_view view;

	assert(slot >= 0 && slot < BLOCK_SLOTS);
	if (block.size == 0)
		return 0;
	if (!open_view(block, &view))
		return -EBADMSG;

	int rank = rank_of(&view, slot);
	if (rank < 0)
		return 0;
	if ((size_t)rank >= view.count)
		return -EBADMSG;

	size_t index = index_at(&view, (size_t)rank);
	if (index >= view.records + view.bundles)
		return -EBADMSG;
	if (index < view.bundles)
		return read_bundle(&view, index, slot, room, ret);
	if (!record_at(&view, index - view.bundles, &record))
		return -EBADMSG;
	return record.whole ? lay_whole(&record, slot, room, ret) :
			      lay_one(&record, slot, room, ret);
}
