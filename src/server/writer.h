/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_WRITER_H
#define SERVER_WRITER_H

#include "base/log_bound.h"
#include "server/count.h"
#include "server/notify.h"
#include "server/queue.h"
#include "server/receipt.h"
#include "server/state.h"
#include "server/trimmer.h"

/*
 * The one that writes. It takes all updates that wait, carries them out in one transaction,
 * commits once, and gives each back with its RCODE.
 */
struct update_writer {
	struct store *store;
	const struct state *state; /* with which it begins */
	struct update_queue queue;
	struct replay *replay;
	struct notifier *notifier; /* whom to tell of changes; NULL: nobody */
	struct receipts receipts;
	struct trimmer trimmer; /* of the zones that writer_use() was called with last */
	struct counts counts;
	struct log_bound refused;
	struct arena arena;       /* of the change at hand; emptied after each */
	struct arena group_arena; /* of what the changes of a group share */
	pthread_t thread;
	size_t group_size; /* how many updates the next group may expect */
	int64_t commit_us; /* how long the last commit took */
	atomic_uint steps; /* moves on with all that it does */
	atomic_bool busy;  /* updates are in its hands */
	atomic_bool slow;  /* it does what may take long */
	atomic_uint loads; /* zones on their way in, with more than the journal takes at once */
	bool broken;       /* the last commit failed; said once */
	bool forgetful;    /* does not know what was carried out before, so nothing is */
};

/* Makes a writer, which does not remember anything yet. */
int writer_init(struct update_writer *writer, struct store *store, const struct state *state);
void writer_done(struct update_writer *writer);

/* Has it remember the signed updates that the store tells of. The state may be one that never becomes the newest. */
int writer_recall(struct update_writer *writer, const struct state *state);

/*
 * Has it mind the change logs of the state's zones, which must live until this is called with another one; in the
 * writer's thread, or where that does not run.
 */
void writer_use(struct update_writer *writer, const struct state *state);

/*
 * Tells whoever wants to know that a commit has changed the zone; in the writer's thread. To be called for what did
 * not come as a job: an import, a transfer.
 */
void writer_tell_changed(struct update_writer *writer, const struct zone *zone);

/* Carries out a list of jobs, and calls done for each. */
void writer_run(struct update_writer *writer, struct job *list);

/*
 * A thread that remembers what the change logs have, which takes a while after many updates, and then
 * does so with what comes into the queue, until it is closed.
 */
int writer_start(struct update_writer *writer);
void writer_stop(struct update_writer *writer);

/*
 * Calls task in the writer's thread, between its transactions, and waits for it: what it returned.
 */
int writer_call(struct update_writer *writer, int (*task)(void *arg), void *arg);

#endif
