/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_AGENDA_H
#define SERVER_AGENDA_H

#include <stddef.h>
#include <stdint.h>

/* A thing that is to be done at a time; lies in whatever it is about. All zeros: not on the agenda. */
struct agenda_entry {
	int64_t at;   /* of clock_monotonic_ms() */
	size_t place; /* from 1 on; 0: not on the agenda */
};

/* What is to be done, the first first: a heap. It has room for as many entries as it was made for. */
struct agenda {
	struct agenda_entry **heap; /* heap[0] is not used */
	size_t count;
};

int agenda_init(struct agenda *agenda, size_t room);
void agenda_done(struct agenda *agenda);

/* Puts an entry on the agenda, or moves it to another time. */
void agenda_put(struct agenda *agenda, struct agenda_entry *entry, int64_t at);
void agenda_remove(struct agenda *agenda, struct agenda_entry *entry);

/* The entry whose time comes first; NULL: there is none. */
struct agenda_entry *agenda_first(const struct agenda *agenda);

#endif
