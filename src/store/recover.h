/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_RECOVER_H
#define STORE_RECOVER_H

#include "store/checkpoint.h"

/*
 * Inside store/ only: opening what a process left behind that was killed, or lost power. begin
 * comes before LMDB opens the data file; end, after it, takes over checkpoint and journal.
 * -EBADMSG: damaged.
 */
struct store;

int recover_begin(const char *folder, struct checkpoint *ret);
int recover_end(struct store *store, const char *folder, const struct checkpoint *last);

/* Does again, in a write transaction, what the items of a journal's record say. */
struct store_txn;
int recover_redo(struct store_txn *txn, struct slice record);

#endif
