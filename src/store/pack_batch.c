/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One batch. Files of numbers are sorted as a rule, by number or by name, so the next number
 * belongs to the block of the one before, or to one that was open a moment ago: number plans with
 * numbers of different lengths go to and fro between blocks. A few blocks are kept open, each
 * taking its numbers directly; one that has to make room for another is packed and put with the rest.
 * What comes in order is never sorted again.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/pack_entry.h"

enum { OPEN_MAX = 8, BITMAP_WORDS = (BLOCK_SLOTS + 63) / 64 };

/* A block that takes numbers. */
struct open {
	struct block_edit *edit;
	uint64_t used[BITMAP_WORDS]; /* slots */
	uint64_t touched;            /* when, in calls */
	size_t size;                 /* of the key; 0: not open */
	uint8_t key[PACK_KEY_MAX];   /* length and labels, without slot */
};

struct place {
	size_t at; /* in octets */
	uint64_t line;
};

struct pack_batch {
	const struct pack_rules *rules;
	struct open open[OPEN_MAX];
	struct open *last; /* the one used last */
	uint64_t calls;
	uint64_t line; /* of the entries that are written now */
	struct text octets, sorted;
	struct place *place;
	size_t count, room;
	bool cuts, disorder;
	struct pack_union unite;
};

int pack_batch_new(struct pack_batch **ret, const struct pack_rules *rules)
{
	struct pack_batch *batch = calloc(1, sizeof(*batch));

	if (batch == NULL)
		return -ENOMEM;
	batch->rules = rules;
	batch->unite.rules = rules;
	batch->last = &batch->open[0];
	*ret = batch;
	return 0;
}

void pack_batch_free(struct pack_batch *batch)
{
	if (batch == NULL)
		return;
	for (size_t i = 0; i < OPEN_MAX; i++)
		block_edit_free(batch->open[i].edit);
	pack_union_done(&batch->unite);
	text_done(&batch->octets);
	text_done(&batch->sorted);
	free(batch->place);
	free(batch);
}

void pack_batch_reset(struct pack_batch *batch)
{
	for (size_t i = 0; i < OPEN_MAX; i++)
		batch->open[i].size = 0;
	text_reset(&batch->octets);
	text_reset(&batch->sorted);
	batch->count = 0;
	batch->cuts = false;
	batch->disorder = false;
}

static struct pack_entry entry_at(const struct pack_batch *batch, size_t index)
{
	struct pack_entry entry;

	pack_head_read((const uint8_t *)batch->octets.data + batch->place[index].at, &entry);
	return entry;
}

bool pack_batch_at(const struct pack_batch *batch, size_t index, struct pack_entry *ret)
{
	if (index >= batch->count)
		return false;
	*ret = entry_at(batch, index);
	return true;
}

bool pack_batch_cuts(const struct pack_batch *batch)
{
	return batch->cuts;
}

static int place_add(struct pack_batch *batch, size_t at)
{
	if (batch->count == batch->room) {
		size_t room = batch->room * 2 + 1024;
		struct place *place = reallocarray(batch->place, room, sizeof(*place));

		if (place == NULL)
			return -ENOMEM;
		batch->place = place;
		batch->room = room;
	}
	batch->place[batch->count++] = (struct place){ at, batch->line };
	return 0;
}

static int octets_add(struct text *octets, const struct pack_entry *entry)
{
	uint8_t head[PACK_HEAD];

	pack_head_write(head, entry);
	text_add(octets, head, sizeof(head));
	text_add(octets, entry->key.data, entry->key.size);
	text_add(octets, entry->value.data, entry->value.size);
	return octets->failed ? -ENOMEM : 0;
}

static int entry_add(void *arg, const struct pack_entry *entry)
{
	struct pack_batch *batch = arg;
	size_t at = batch->octets.size;

	if (batch->count > 0) {
		struct pack_entry before = entry_at(batch, batch->count - 1);

		/* two entries of one group are never in order before they are united */
		if (pack_compare(before.key, entry->key) >= 0)
			batch->disorder = true;
	}

	int err = octets_add(&batch->octets, entry);
	return err == 0 ? place_add(batch, at) : err;
}

/* Packs what is in the block. */
static int open_flush(struct pack_batch *batch, struct open *open)
{
	struct slice group = slice_make(open->key, open->size);

	if (open->size == 0)
		return 0;
	if (batch->count > 0) {
		struct pack_entry before = entry_at(batch, batch->count - 1);

		batch->disorder |= pack_compare(pack_group(&before), group) >= 0;
	}
	batch->line = 0;
	open->size = 0;
	return pack_cut(open->edit, group, entry_add, batch);
}

/* The open block with this key, opened if it is not. */
static int open_find(struct pack_batch *batch, size_t length, struct slice labels,
		     struct open **ret)
{
	struct open *oldest = &batch->open[0];
	struct number_prefix prefix;

	for (struct open *open = batch->open; open < batch->open + OPEN_MAX; open++) {
		if (open->size == labels.size + 1 && open->key[0] == length &&
		    memcmp(open->key + 1, labels.data, labels.size) == 0) {
			*ret = open;
			return 0;
		}
		if (oldest->size > 0 && (open->size == 0 || open->touched < oldest->touched))
			oldest = open;
	}

	int err = oldest->edit == NULL ? block_edit_new(&oldest->edit) : 0;
	if (err == 0)
		err = open_flush(batch, oldest);
	if (err != 0)
		return err;
	oldest->key[0] = (uint8_t)length;
	memcpy(oldest->key + 1, labels.data, labels.size);
	oldest->size = labels.size + 1;
	memset(oldest->used, 0, sizeof(oldest->used));
	number_prefix_make(&prefix, labels.data, labels.size);
	block_edit_begin(oldest->edit, slice_make(prefix.digit, prefix.size));
	*ret = oldest;
	return 0;
}

static size_t count_labels(struct slice key)
{
	size_t count = 0;

	for (size_t i = 0; i < key.size; i++)
		count += key.data[i] == 0;
	return count;
}

static int put_number(struct pack_batch *batch, struct slice key, int slot, uint64_t line,
		      const struct node *node)
{
	struct slice block = slice_make(key.data, key.size - SLOT_SIZE);
	struct open *open = batch->last;
	uint64_t bit = UINT64_C(1) << (slot % 64);

	if (open->size != block.size + 1 || memcmp(open->key + 1, block.data, block.size) != 0) {
		int err = open_find(batch, count_labels(key), block, &open);

		if (err != 0)
			return err;
		batch->last = open;
		open->touched = ++batch->calls;
	}
	batch->cuts = batch->cuts || node_cuts(node, false);
	if ((open->used[slot / 64] & bit) != 0)
		return pack_unite_slot(&batch->unite, open->edit, slice_make(open->key, open->size),
				       slot, line, node);
	open->used[slot / 64] |= bit;
	return block_edit_put(open->edit, slot, node);
}

int pack_batch_put(struct pack_batch *batch, struct slice key, uint64_t line,
		   const struct node *node)
{
	int slot = number_slot(key.data, key.size);
	uint8_t plain[PACK_KEY_MAX] = { 0 };

	if (node->size == 0)
		return 0;
	if (slot >= 0)
		return put_number(batch, key, slot, line, node);
	memcpy(plain + 1, key.data, key.size);
	batch->line = line;
	return entry_add(batch, &(struct pack_entry){
					.key = slice_make(plain, key.size + 1),
					.value = slice_make(node->data, node->size),
				});
}

static int compare_places(const void *a, const void *b, void *arg)
{
	const struct place *x = a, *y = b;
	struct pack_entry ex, ey;

	pack_head_read((const uint8_t *)arg + x->at, &ex);
	pack_head_read((const uint8_t *)arg + y->at, &ey);

	struct slice gx = pack_group(&ex), gy = pack_group(&ey);
	int order = pack_compare(gx, gy);
	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static int sorted_add(void *arg, const struct pack_entry *entry)
{
	struct pack_batch *batch = arg;
	size_t at = batch->sorted.size;
	int err = octets_add(&batch->sorted, entry);

	return err == 0 ? place_add(batch, at) : err;
}

/* Writes the entries at these places, which are in order, into batch->sorted. */
static int write_sorted(struct pack_batch *batch, const struct place *place, size_t count)
{
	const uint8_t *octets = (const uint8_t *)batch->octets.data;
	struct pack_entry *group = NULL;
	size_t room = 0;
	int err = 0;

	for (size_t i = 0, next; err == 0 && i < count; i = next) {
		struct pack_entry first, other;

		pack_head_read(octets + place[i].at, &first);
		for (next = i + 1; next < count; next++) {
			pack_head_read(octets + place[next].at, &other);
			if (!pack_same_group(&first, &other))
				break;
		}
		if (next - i > room) {
			struct pack_entry *grown = reallocarray(group, next - i, sizeof(*group));

			if (grown == NULL) {
				err = -ENOMEM;
				break;
			}
			group = grown;
			room = next - i;
		}
		for (size_t k = i; k < next; k++) {
			pack_head_read(octets + place[k].at, &group[k - i]);
			group[k - i].line = place[k].line;
		}
		err = pack_unite(&batch->unite, group, next - i, sorted_add, batch);
	}
	free(group);
	return err;
}

static int sort(struct pack_batch *batch)
{
	struct place *place = batch->place;
	size_t count = batch->count;

	qsort_r(place, count, sizeof(*place), compare_places, batch->octets.data);
	batch->place = NULL;
	batch->count = 0;
	batch->room = 0;
	batch->line = 0;

	int err = write_sorted(batch, place, count);
	struct text octets = batch->octets;

	free(place);
	batch->octets = batch->sorted;
	batch->sorted = octets;
	text_reset(&batch->sorted);
	return err;
}

int pack_batch_end(struct pack_batch *batch)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < OPEN_MAX; i++) {
		struct open *next = NULL; /* by rising key, so that what is in order stays so */

		for (struct open *open = batch->open; open < batch->open + OPEN_MAX; open++)
			if (open->size > 0 &&
			    (next == NULL || pack_compare(slice_make(open->key, open->size),
							  slice_make(next->key, next->size)) < 0))
				next = open;
		if (next != NULL)
			err = open_flush(batch, next);
	}
	if (err == 0 && batch->disorder)
		err = sort(batch);
	return err;
}
