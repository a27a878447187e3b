/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_CHANGE_H
#define ZONE_CHANGE_H

#include <netinet/in.h>

#include "dns/edit.h"
#include "zone/group.h"

/* Who asked for a change; goes into the change log. All zeros: the server itself. */
struct change_origin {
	const knot_dname_t *key;      /* name of the TSIG key; NULL: none */
	struct sockaddr_storage peer; /* ss_family 0: nobody from outside */
	uint64_t time;                /* seconds since 1970 */
	uint64_t mac;                 /* start of the request's MAC, 0: none */
	uint64_t signed_at;           /* the request's Time Signed */
};

/* A name that a change looks at or alters. */
struct change_node {
	struct change_node *next; /* in the order in which they were first asked for */
	const knot_dname_t *name; /* in lower case */
	size_t name_size;
	struct node before;
	struct node_edit edit; /* its records as the change has left them so far */
	struct node after;     /* the same as octets, from change_commit() on */
	bool changed;          /* after is not as before */
};

/*
 * One change of one zone, the only way in which a zone's records change: alter nodes as wanted,
 * then commit. Until then nothing is written; a change that is simply dropped leaves nothing.
 * Memory comes from the arena, which must live as long.
 */
struct change {
	struct arena *arena;
	struct change_group *group;
	struct group_zone *open;
	const struct zone *zone;
	struct change_node *first, **last;
	struct change_node *apex;  /* the one of them that is; NULL: not asked for */
	struct change_node **slot; /* hash table */
	size_t slots, count;
};

/*
 * The group is the one of the transaction; it sees what changes before wrote. -ENOENT: the store
 * has no such zone.
 */
int change_begin(struct change *change, struct arena *arena, struct change_group *group,
		 const struct zone *zone);

/* The name's records; what is done to edit is the change. */
int change_node(struct change *change, const knot_dname_t *name, struct change_node **ret);

/*
 * Writes into the transaction what is not as before, with a step of the serial (RFC 2136 3.7)
 * unless the change made one, and an entry in the change log; what other changes of the group
 * touch too waits for group_end(). 1: something changed; 0: nothing did, and nothing was written.
 * After an error the transaction must be aborted.
 */
int change_commit(struct change *change, const struct change_origin *origin);

#endif
