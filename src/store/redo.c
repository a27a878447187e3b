/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a transaction changes, gathered while it goes on. Some things are written again and again
 * in one transaction (the zone's record, the node of its apex with the serial), and only the last
 * value matters: an index finds the item of a key, which is written over where the new value is as
 * large as the old one, and else marked as dead and put anew.
 *
 * A transaction that changes more than REDO_MAX octets is not worth writing down: whoever commits
 * it makes the whole store durable instead. From there on nothing is kept.
 */
#include "store/redo.h"

#include <errno.h>
#include <stdlib.h>

#include "store/sum.h"

/* In front of the octets of key and value. */
struct item_head {
	uint32_t value_size;
	uint16_t key_size;
	uint8_t table;
	uint8_t state;
};

enum item_state { ITEM_PUT, ITEM_GONE, ITEM_DEAD };

enum { ROOM_MIN = 4096, ROOM_KEPT = 1 << 20, PLACES_MIN = 256 };

void redo_reset(struct redo *redo)
{
	if (redo->room > ROOM_KEPT)
		redo_done(redo);
	else if (redo->count > 0)
		memset(redo->index, 0, redo->places * sizeof(redo->index[0]));
	redo->size = 0;
	redo->dead = 0;
	redo->count = 0;
	redo->whole = true;
}

void redo_done(struct redo *redo)
{
	free(redo->data);
	free(redo->index);
	*redo = (struct redo){ 0 };
}

static struct item_head head_at(const uint8_t *data)
{
	struct item_head head;

	memcpy(&head, data, sizeof(head));
	return head;
}

static size_t item_size(const struct item_head *head)
{
	return sizeof(*head) + head->key_size + head->value_size;
}

static bool item_has(const uint8_t *data, const struct redo_item *item)
{
	struct item_head head = head_at(data);

	return head.table == item->table && head.key_size == item->key.size &&
	       memcmp(data + sizeof(head), item->key.data, item->key.size) == 0;
}

/* The place of the item with this key in the index, or the free one where it would be. */
static uint32_t *find_place(const struct redo *redo, const struct redo_item *item)
{
	size_t i = (size_t)sum_octets(item->table, item->key.data, item->key.size);

	for (;; i++) {
		uint32_t *place = &redo->index[i & (redo->places - 1)];

		if (*place == 0 || item_has(redo->data + *place, item))
			return place;
	}
}

/* Twice as many places. Dead items are passed by: a living one with the same key follows. */
static int grow_index(struct redo *redo)
{
	struct redo wider = *redo;
	struct redo_item item;
	size_t offset = REDO_HEAD;

	wider.places = redo->places == 0 ? PLACES_MIN : 2 * redo->places;
	wider.index = calloc(wider.places, sizeof(wider.index[0]));
	if (wider.index == NULL)
		return -ENOMEM;
	for (size_t at = offset; redo->count > 0 && at < redo->size; at = offset) {
		struct item_head head = head_at(redo->data + at);

		offset = at + item_size(&head);
		item.table = head.table;
		item.key = slice_make(redo->data + at + sizeof(head), head.key_size);
		if (head.state != ITEM_DEAD)
			*find_place(&wider, &item) = (uint32_t)at;
	}
	free(redo->index);
	*redo = wider;
	return 0;
}

static int grow_data(struct redo *redo, size_t more)
{
	size_t room = redo->room == 0 ? ROOM_MIN : redo->room;

	while (room < redo->size + more)
		room *= 2;
	if (room == redo->room)
		return 0;

	uint8_t *data = realloc(redo->data, room);
	if (data == NULL)
		return -ENOMEM;
	redo->data = data;
	redo->room = room;
	return 0;
}

static void write_item(uint8_t *data, const struct item_head *head, const struct redo_item *item)
{
	memcpy(data, head, sizeof(*head));
	memcpy(data + sizeof(*head), item->key.data, head->key_size);
	if (head->value_size > 0)
		memcpy(data + sizeof(*head) + head->key_size, item->value.data, head->value_size);
}

static void give_up(struct redo *redo)
{
	redo_done(redo);
	redo->whole = false;
}

int redo_put(struct redo *redo, const struct redo_item *item)
{
	struct item_head head = {
		.value_size = item->gone ? 0 : (uint32_t)item->value.size,
		.key_size = (uint16_t)item->key.size,
		.table = (uint8_t)item->table,
		.state = item->gone ? ITEM_GONE : ITEM_PUT,
	};
	size_t size = item_size(&head);

	if (!redo->whole)
		return 0;
	if (item->value.size > REDO_MAX || redo->size + size > REDO_MAX) {
		give_up(redo);
		return 0;
	}
	if (redo->size == 0)
		redo->size = REDO_HEAD;

	int err = grow_data(redo, size);
	if (err == 0 && 2 * redo->count >= redo->places)
		err = grow_index(redo);
	if (err != 0)
		return err;

	uint32_t *place = find_place(redo, item);
	if (*place != 0) {
		struct item_head old = head_at(redo->data + *place);

		if (item_size(&old) == size) {
			write_item(redo->data + *place, &head, item);
			return 0;
		}
		redo->dead += item_size(&old);
		old.state = ITEM_DEAD;
		memcpy(redo->data + *place, &old, sizeof(old));
	} else {
		redo->count++;
	}
	*place = (uint32_t)redo->size;
	write_item(redo->data + redo->size, &head, item);
	redo->size += size;
	return 0;
}

void redo_end(struct redo *redo)
{
	size_t to = REDO_HEAD;

	if (redo->dead == 0)
		return;
	for (size_t from = REDO_HEAD; from < redo->size;) {
		struct item_head head = head_at(redo->data + from);
		size_t size = item_size(&head);

		if (head.state != ITEM_DEAD) {
			memmove(redo->data + to, redo->data + from, size);
			to += size;
		}
		from += size;
	}
	redo->size = to;
	redo->dead = 0;
}

int redo_next(struct slice items, size_t *offset, struct redo_item *ret)
{
	size_t left = items.size - *offset;

	if (left == 0)
		return 0;
	if (left < sizeof(struct item_head))
		return -EBADMSG;

	const uint8_t *data = items.data + *offset;
	struct item_head head = head_at(data);
	if (item_size(&head) > left || head.table >= REDO_TABLES || head.state > ITEM_GONE)
		return -EBADMSG;
	ret->table = head.table;
	ret->gone = head.state == ITEM_GONE;
	ret->key = slice_make(data + sizeof(head), head.key_size);
	ret->value = slice_make(data + sizeof(head) + head.key_size, head.value_size);
	*offset += item_size(&head);
	return 1;
}
