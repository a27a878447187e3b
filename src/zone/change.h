/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_CHANGE_H
#define ZONE_CHANGE_H

#include <netinet/in.h>

#include "dns/edit.h"
#include "store/store.h"
#include "zone/table.h"

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
	const knot_dname_t *name;
	struct node before;
	struct node_edit edit; /* its records as the change has left them so far */
	struct node after;     /* the same as octets, from change_commit() on */
};

/*
 * One change of one zone, the only way in which a zone's records change: alter nodes as wanted,
 * then commit. Until then nothing is written; a change that is simply dropped leaves nothing.
 * Memory comes from the arena, which must live as long.
 */
struct change {
	struct arena *arena;
	struct store_txn *txn;
	const struct zone *zone;
	struct store_zone record;
	struct change_node *first, **last;
	struct change_node **slot; /* hash table */
	size_t slots, count;
};

/* -ENOENT: the store has no such zone. */
int change_begin(struct change *change, struct arena *arena, struct store_txn *txn,
		 const struct zone *zone);

/* The name's records; what is done to edit is the change. */
int change_node(struct change *change, const knot_dname_t *name, struct change_node **ret);

/* The apex, and its SOA set: -ENOENT where there is none. */
int change_soa(struct change *change, struct change_node **apex, struct rrset *ret);

/*
 * Writes into the store's transaction what is not as before, with a step of the serial (RFC 2136
 * 3.7) unless the change made one, and an entry in the change log. 1: something changed; 0: nothing did, and
 * nothing was written. After an error the store's transaction must be aborted.
 */
int change_commit(struct change *change, const struct change_origin *origin);

#endif
