/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_KEEPER_H
#define STORE_KEEPER_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/checkpoint.h"
#include "store/journal.h"
#include "store/redo.h"

/*
 * Inside store/ only: who keeps what was committed: each commit by the journal, all of them
 * together by a checkpoint now and then, which a thread of its own makes.
 */
struct store;

/* What was committed since somebody began to follow, for another data file to catch up with. */
struct follower {
	uint8_t *data; /* items, as redo_next() takes them */
	size_t size, room;
	bool lost; /* something can't be told */
};

struct keeper {
	bool ready;             /* keeper_init() was called */
	int fd;                 /* of the checkpoint file; -1: there is none yet */
	struct journal journal; /* its end */
	struct checkpoint last; /* the one that counts */
	MDB_txn *pin;           /* its snapshot, none of whose pages may be written over */
	pthread_mutex_t lock;   /* held over each commit, and for all from here on */
	pthread_cond_t changed; /* anything of this */
	pthread_t thread;
	bool started, stop;
	bool dirty;   /* there were commits since the last checkpoint began */
	bool barrier; /* a commit waits for a checkpoint, and no other may be before that */
	bool syncing; /* the data file is being synced, without the lock */
	struct follower *follower; /* NULL: nobody follows */
	bool growing;              /* the segment that is out of use is being made larger */
	uint64_t asked, done; /* checkpoints that were asked for, and those of them that are made */
	uint64_t size;        /* that segments should have */
	int64_t due_ms, turned_ms;
	atomic_bool lost; /* nothing can be kept any more */
};

/* How a transaction is made to last. */
enum keeper_way {
	KEEPER_JOURNAL,    /* by a record in the journal, or else by a checkpoint */
	KEEPER_CHECKPOINT, /* by the next checkpoint, for which nobody waits here */
};

/* The keeper of a store that was opened. */
int keeper_init(struct store *store, const char *folder);
void keeper_done(struct store *store);

/*
 * Takes over what recover_end() has found: the checkpoint that counts. Where there is none yet (its
 * snapshot is 0) the first is made.
 */
int keeper_begin(struct store *store, const char *folder, const struct checkpoint *last);

/* Starts the thread; ends it after a last checkpoint. */
int keeper_start(struct store *store);
void keeper_stop(struct store *store);

/* Commits txn, which ends in any case, with what store->redo holds of it. */
int keeper_commit(struct store *store, MDB_txn *txn, enum keeper_way way);

/*
 * Goes over to another data file, whose snapshot has all that is committed, with a first checkpoint
 * of its own. The caller has the lock, and nobody commits. On failure keeper_lose() is what is left
 * to do.
 */
struct data;
int keeper_change_file(struct store *store, struct data *data);

/* Nothing can be kept any more. The caller has the lock. */
void keeper_lose(struct store *store);

/* Waits for a checkpoint that has all that is committed now. */
int keeper_checkpoint(struct store *store);

#endif
