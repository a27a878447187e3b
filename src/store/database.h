/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <assert.h>
#include <lmdb.h>
#include <sys/types.h>

#include "base/writer.h"
#include "dns/key.h"
#include "store/block.h"
#include "store/keeper.h"
#include "store/page.h"
#include "store/redo.h"
#include "store/store.h"
#include "store/sweep.h"

struct follower;

/* Inside store/ only: a data file that LMDB has open, as long as a transaction is in it. */
struct data {
	MDB_env *env;
	unsigned users; /* under the store's data_lock; the store itself is one */
};

/* Inside store/ only: the LMDB environment and its databases. */
struct store {
	char *path;
	MDB_env *env; /* the newest data file's; another one after a compaction (compact.c) */
	struct data *_Atomic data; /* of env; NULL: before it is open */
	pthread_mutex_t data_lock;
	MDB_dbi main;  /* what has the others */
	MDB_dbi zones; /* apex in lower case -> struct store_zone */
	MDB_dbi nodes; /* struct store_key -> node, or packed block of numbers */
	MDB_dbi log;   /* zone id, sequence number -> entry */
	int lock_fd;
	bool reader; /* of another process's store, */
	ino_t table; /* and its table of readers */
	struct keeper keeper;
	struct redo redo; /* of the write transaction */
	struct sweep sweep;
};

struct store_txn {
	struct store *store;
	struct data *data;
	MDB_txn *mdb;
	MDB_cursor *nodes;
	struct page_tree tree; /* of the names, in the snapshot tree_id */
	uint64_t tree_id;
	struct block_room room;     /* of the number that was read last */
	struct number_edit *number; /* the block that is being changed; NULL: none was yet */
	bool bulk;                  /* not journalled */
	struct trees gone;          /* without a zone once this is committed */
	struct trees given;         /* without one where this is not committed */
};

/* A negative errno for what an LMDB call returned. */
int database_error(int code);

/* Opens a data file with the largest map that there is room for, and its tables. */
int database_open(MDB_env **ret, const char *path, unsigned flags);
int database_tables(struct store *store, unsigned flags);

/* Makes store->env its data file. */
int data_begin(struct store *store);

/* Another one in its place, which nobody uses yet; the old one is closed when nobody uses it any more. */
void data_replace(struct store *store, struct data *data);
struct data *data_use(struct store *store);
void data_leave(struct store *store, struct data *data);

/* Changes an entry of zones or log, and notes it down for the journal. */
int table_put(struct store_txn *txn, enum redo_table table, MDB_val *key, MDB_val *value);
int table_del(struct store_txn *txn, enum redo_table table, MDB_val *key);

enum { TREE_SIZE = 4, LENGTH_AT = TREE_SIZE, LABELS_AT = LENGTH_AT + 1 };

/*
 * The key under which a name is kept: the tree of its zone, a length, and the name's key in canonical
 * order. The length is 0 for a plain name, and the number of labels below the apex for a number:
 * numbers of one length are a sorted run of their own, in which an entry is a packed block. What
 * stands in its key is the last number that it covers, so that a look-up is one step.
 */
static_assert(LABELS_AT + KEY_MAX == STORE_KEY_MAX, "the public size of a key");

/* The key of name as a plain name. */
void store_key_make(struct store_key *ret, const struct store_zone *zone, const knot_dname_t *name);

/* Sets labels and slot as the octets have them. */
void store_key_count(struct store_key *key);

static inline MDB_val store_key_value(const struct store_key *key)
{
	return (MDB_val){ .mv_data = (void *)(uintptr_t)key->octets, .mv_size = key->size };
}

/* The last number that a zone or a tree got; 0: none has one yet. */
int zone_last_number(struct store_txn *txn, uint32_t *ret);

/* Notes down for the journal that this is done. */
int note_node(struct store_txn *txn, const struct store_key *key, const struct node *node);

/* What a look for a name has found out so far. */
struct look {
	bool found;
	struct node node; /* where found */
	bool below;       /* there are names below it */
	size_t shared;    /* most labels below the apex that it shares with a name that is there */
};

/* Takes notice of a neighbour, a name's key below the apex. */
void look_at(struct look *look, const struct store_key *wanted, const uint8_t *labels, size_t size);

static inline void tree_write(uint8_t ret[TREE_SIZE], uint32_t tree)
{
	put_u32(ret, tree);
}

/* Whether answers below this name come from elsewhere: a delegation, or a DNAME (RFC 6672). */
bool node_cuts(const struct node *node, bool apex);

/* The next unused number, for a zone's change log or its tree. */
int zone_number_take(struct store_txn *txn, uint32_t *ret);

/* Puts a node under a key made by store_key_make(); an empty one takes it away. */
int node_write(struct store_txn *txn, struct store_key *key, const struct node *node);

#endif
