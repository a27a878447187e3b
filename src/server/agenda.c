/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A binary heap: the children of place n are 2n and 2n + 1, and none comes before its parent. Each
 * entry knows its place, so that it can be moved wherever it stands.
 */
#include "server/agenda.h"

#include <errno.h>
#include <stdlib.h>

int agenda_init(struct agenda *agenda, size_t room)
{
	*agenda = (struct agenda){ .heap = calloc(room + 1, sizeof(struct agenda_entry *)) };
	return agenda->heap != NULL ? 0 : -ENOMEM;
}

void agenda_done(struct agenda *agenda)
{
	free(agenda->heap);
}

static void place(struct agenda *agenda, struct agenda_entry *entry, size_t at)
{
	agenda->heap[at] = entry;
	entry->place = at;
}

static void move_up(struct agenda *agenda, struct agenda_entry *entry)
{
	size_t at = entry->place;

	for (; at > 1 && agenda->heap[at / 2]->at > entry->at; at /= 2)
		place(agenda, agenda->heap[at / 2], at);
	place(agenda, entry, at);
}

static void move_down(struct agenda *agenda, struct agenda_entry *entry)
{
	size_t at = entry->place;

	for (size_t child; (child = 2 * at) <= agenda->count; at = child) {
		if (child < agenda->count && agenda->heap[child + 1]->at < agenda->heap[child]->at)
			child++;
		if (agenda->heap[child]->at >= entry->at)
			break;
		place(agenda, agenda->heap[child], at);
	}
	place(agenda, entry, at);
}

void agenda_put(struct agenda *agenda, struct agenda_entry *entry, int64_t at)
{
	if (entry->place == 0)
		place(agenda, entry, ++agenda->count);
	entry->at = at;
	move_up(agenda, entry);
	move_down(agenda, entry);
}

void agenda_remove(struct agenda *agenda, struct agenda_entry *entry)
{
	struct agenda_entry *last = agenda->heap[agenda->count];
	size_t at = entry->place;

	if (at == 0)
		return;
	entry->place = 0;
	agenda->count--;
	if (last == entry)
		return;
	place(agenda, last, at);
	move_up(agenda, last);
	move_down(agenda, last);
}

struct agenda_entry *agenda_first(const struct agenda *agenda)
{
	return agenda->count > 0 ? agenda->heap[1] : NULL;
}
