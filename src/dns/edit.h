/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_EDIT_H
#define DNS_EDIT_H

#include "dns/node.h"

struct edit_set;

/*
 * The record sets of a name while they are being changed. Many changes of one set cost the room
 * of the largest it ever was, twice at most. Memory is the arena's.
 */
struct node_edit {
	struct arena *arena;
	struct edit_set *first; /* by rising type; none is empty */
};

/* Starts with what node has; no octets of it are kept. -ENOMEM. */
int edit_begin(struct node_edit *edit, struct arena *arena, const struct node *node);

/*
 * The set of this type, or the index-th; what it points to changes with it. false: there is none.
 */
bool edit_find(const struct node_edit *edit, uint16_t type, struct rrset *ret);
bool edit_at(const struct node_edit *edit, size_t index, struct rrset *ret);

/*
 * The type of the index-th set, -1 past the last, and how many records a set has: cheap between
 * changes.
 */
int edit_type(const struct node_edit *edit, size_t index);
size_t edit_count(const struct node_edit *edit, uint16_t type);

/*
 * Adds a record; a set has one TTL, which is the newest (RFC 2181 5.2, RFC 2136 3.4.2.2), and
 * CNAME, DNAME and SOA take the place of the one that is there. 1: something is another now, 0: it
 * is as it was; -EMSGSIZE: the set would not fit a message; -ENOMEM.
 */
int edit_add(struct node_edit *edit, uint16_t type, uint32_t ttl, struct slice rdata);

/* Takes a record out; whether it was there. */
bool edit_remove(struct node_edit *edit, uint16_t type, struct slice rdata);

/* Takes a set out. */
void edit_clear(struct node_edit *edit, uint16_t type);

/* The node as it is now, in the arena. -ENOMEM. */
int edit_end(const struct node_edit *edit, struct node *ret);

#endif
