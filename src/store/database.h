/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <lmdb.h>

#include "dns/key.h"
#include "store/store.h"

/* Inside store/ only: the LMDB environment and its databases. */
struct store {
	MDB_env *env;
	MDB_dbi zones; /* apex in lower case -> struct store_zone */
	MDB_dbi nodes; /* tree, key of the name -> node */
	MDB_dbi log;   /* zone id, sequence number -> entry */
	int lock_fd;
};

struct store_txn {
	struct store *store;
	MDB_txn *mdb;
	MDB_cursor *nodes;
};

/* A negative errno for what an LMDB call returned. */
int database_error(int code);

enum { TREE_SIZE = 4 };

/* The key under which a name is kept: its tree and, below that, its key in canonical order. */
struct node_key {
	uint8_t octets[TREE_SIZE + KEY_MAX];
	size_t size;
};

void node_key_make(struct node_key *ret, const struct store_zone *zone, const knot_dname_t *name);

static inline MDB_val node_key_value(struct node_key *key)
{
	return (MDB_val){ .mv_data = key->octets, .mv_size = key->size };
}

#endif
