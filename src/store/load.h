/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_LOAD_H
#define STORE_LOAD_H

#include "store/pack.h"
#include "store/store.h"

/*
 * Packed names (store/pack.h) on their way into the store: appended to a tree that no zone has
 * yet, slice by slice, each in a write transaction of its own that is committed before the next. When
 * all is there, one more transaction makes the tree a zone's. Until then nobody sees it, and if
 * that never comes, the tree is swept away.
 */
struct store_load;

/* The files are read from their start, and stay the caller's. */
int store_load_new(struct store_load **ret, const struct pack_result *packed, size_t apex_labels);
void store_load_free(struct store_load *load);

/*
 * Appends up to budget octets. 1: there is more; 0: that was all. -EBADMSG: the files are damaged;
 * after an error the tree is of no use.
 */
int store_load_some(struct store_load *load, struct store_txn *txn, size_t budget);

/* Octets that are appended, and all there are. */
uint64_t store_load_done(const struct store_load *load);
uint64_t store_load_size(const struct store_load *load);

/*
 * Makes zone, as read in this transaction or all zeros for a new one, lead to what was loaded: its
 * numbers alone, so that its plain names stay and are copied, or all. store_zone_put() keeps it.
 * To be called once: where the transaction is not committed, the tree is swept away.
 */
int store_load_switch(struct store_load *load, struct store_txn *txn, bool numbers_only,
		      struct store_zone *zone);

#endif
