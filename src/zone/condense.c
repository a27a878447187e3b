/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Condensing (RFC 1995 6): a record that went and came again, or came and went, vanishes. What is left is
 * the same whichever way led there. The octets tell one record from another, TTL and all, so
 * that a TTL which changes is one that goes and one that comes.
 *
 * Items whose record vanished stay until there is no room, as it may go or come once more; then they are
 * thrown out, and only where that does not help much, more memory is taken.
 */
#include "zone/condense.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"

struct condense_item {
	const uint8_t *data;
	uint32_t size;
	int32_t what; /* 1: came, -1: went, 0: neither, in the end */
};

enum {
	ROOM_START = 64,
	SLOTS_PER_ITEM = 2, /* so that half of them are empty */
	ITEM_MEMORY = sizeof(struct condense_item) + SLOTS_PER_ITEM * sizeof(uint32_t),
	PROBES_MAX = 1024, /* so many lie together where somebody has made them up for it */
};

void condense_init(struct condense *condense, size_t memory)
{
	*condense = (struct condense){ .most = memory / ITEM_MEMORY };
}

void condense_done(struct condense *condense)
{
	free(condense->item);
	free(condense->slot);
	*condense = (struct condense){ 0 };
}

/* The slot of a record, or the empty one where it belongs; NULL: looking for it takes too long. */
static uint32_t *find_slot(const struct condense *condense, struct slice record)
{
	size_t slots = condense->room * SLOTS_PER_ITEM;
	size_t hash = name_hash(record.data, record.size);

	for (size_t i = 0; i < PROBES_MAX; i++) {
		uint32_t *slot = &condense->slot[(hash + i) % slots];

		if (*slot == 0)
			return slot;

		const struct condense_item *item = &condense->item[*slot - 1];
		if (item->size == record.size && memcmp(item->data, record.data, record.size) == 0)
			return slot;
	}
	return NULL;
}

static int fill_slots(struct condense *condense)
{
	memset(condense->slot, 0, condense->room * SLOTS_PER_ITEM * sizeof(*condense->slot));
	for (size_t i = 0; i < condense->count; i++) {
		const struct condense_item *item = &condense->item[i];
		uint32_t *slot = find_slot(condense, slice_make(item->data, item->size));

		if (slot == NULL)
			return -E2BIG;
		*slot = (uint32_t)i + 1;
	}
	return 0;
}

static void throw_out(struct condense *condense)
{
	size_t left = 0;

	for (size_t i = 0; i < condense->count; i++)
		if (condense->item[i].what != 0)
			condense->item[left++] = condense->item[i];
	condense->count = left;
}

static int grow(struct condense *condense)
{
	size_t room = condense->room > 0 ? condense->room * 2 : ROOM_START;

	if (room > condense->most)
		room = condense->most;
	if (room <= condense->room)
		return -E2BIG;

	struct condense_item *item = realloc(condense->item, room * sizeof(*item));
	if (item == NULL)
		return -ENOMEM;
	condense->item = item;

	uint32_t *slot = realloc(condense->slot, room * SLOTS_PER_ITEM * sizeof(*slot));
	if (slot == NULL)
		return -ENOMEM;
	condense->slot = slot;
	condense->room = room;
	return 0;
}

static int make_room(struct condense *condense)
{
	int err = 0;

	throw_out(condense);
	if (condense->count >= condense->room / 2)
		err = grow(condense);
	if (err == -E2BIG && condense->count < condense->room - condense->room / 4)
		err = 0;
	return err == 0 ? fill_slots(condense) : err;
}

int condense_put(struct condense *condense, struct slice record, bool came)
{
	int32_t what = came ? 1 : -1;

	if (condense->count == condense->room) {
		int err = make_room(condense);

		if (err != 0)
			return err;
	}

	uint32_t *slot = find_slot(condense, record);
	if (slot == NULL)
		return -E2BIG;
	if (*slot == 0) {
		condense->item[condense->count++] =
			(struct condense_item){ .data = record.data,
						.size = (uint32_t)record.size };
		*slot = (uint32_t)condense->count;
	}

	struct condense_item *item = &condense->item[*slot - 1];
	if (item->what == -what) {
		item->what = 0;
		condense->size -= item->size;
	} else if (item->what == 0) {
		item->what = what;
		condense->size += item->size;
	}
	return 0;
}

bool condense_next(const struct condense *condense, size_t *at, bool came, struct slice *ret)
{
	int32_t what = came ? 1 : -1;

	while (*at < condense->count) {
		const struct condense_item *item = &condense->item[(*at)++];

		if (item->what == what) {
			*ret = slice_make(item->data, item->size);
			return true;
		}
	}
	return false;
}
