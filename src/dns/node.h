/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_NODE_H
#define DNS_NODE_H

#include "base/arena.h"
#include "dns/rrset.h"

/*
 * All record sets of one name, as octets that can be stored and read in place: their number, a
 * row for each (type, count, size), then the sets in wire form, by rising type. No octets: no
 * such name.
 */
struct node {
	const uint8_t *data;
	size_t size;
};

/* For those who lay out a node themselves: a uint16_t says how many rows there are, then they stand. */
struct node_row {
	uint16_t type;
	uint16_t count;
	uint32_t size;
};

enum { NODE_HEAD = sizeof(uint16_t) };

/*
 * Whether octets from somewhere are a node at all: rows and records are whole, none is missing and
 * nothing is left over.
 */
bool node_valid(const struct node *node);

/* The set of this type; false where the node has none. */
bool node_find(const struct node *node, uint16_t type, struct rrset *ret);

/* The index-th set, index from 0; false past the last. */
bool node_at(const struct node *node, size_t index, struct rrset *ret);

/* A node in arena out of sets by rising type, none of them empty. -ENOMEM. */
int node_make(struct arena *arena, const struct rrset *set, size_t count, struct node *ret);

/* A node of one record written to buffer; its size, 0 where room is too small. */
size_t node_write_one(uint8_t *buffer, size_t room, uint16_t type, uint32_t ttl,
		      struct slice rdata);

/* Where the RDATA stands in it. */
enum { NODE_ONE_RDATA = 22 };

bool node_identical(const struct node *a, const struct node *b);

#endif
