/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_RECORDS_H
#define CMD_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "dns/master.h"

/* A zone in memory, to be sorted and looked through. */
struct records_item {
	struct record record;
	const uint8_t
		*order; /* the owner, a size and octets that compare as names (RFC 4034 6.1) */
	const char *file;
	uint64_t line; /* 0: not from a file */
};

struct records {
	struct arena *arena;
	struct records_item *at;
	size_t count;
	size_t room;
};

/* Copies the record into the arena. -ENOMEM. */
int records_add(struct records *list, const struct record *r, const struct master_place *place);

/* By owner, SOA first of all types, then by type, RDATA and place. */
void records_sort(struct records *list);

/* In a sorted list: the first item of this owner and *count, all of it; NULL: there is none. */
const struct records_item *records_find(const struct records *list, const knot_dname_t *owner,
					size_t *count);

/* The first item from index on with another owner. */
size_t records_owner_end(const struct records *list, size_t index);

/* The first item from index on with another owner or type. */
size_t records_set_end(const struct records *list, size_t index);

void records_done(struct records *list);

#endif
