/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include "server/count.h"
#include "server/state.h"
#include "store/store.h"

/*
 * NOTIFY out (RFC 1996): a thread that tells the servers of notify: that a zone has changed. They are
 * told of all zones when it starts.
 */
struct notifier;

/* Sockets and the plan by this state, of which it keeps nothing. */
int notifier_new(struct notifier **ret, struct store *store, const struct state *state);

/* The thread. */
int notifier_start(struct notifier *notifier);

/* Ends the thread, if it runs, and frees the notifier; NULL is nothing. */
void notifier_stop(struct notifier *notifier);

/*
 * The zone of this name has changed, and that is committed. Any thread may say so, as often as it likes: it
 * costs a look into a table. NULL is nothing.
 */
void notifier_tell(struct notifier *notifier, const knot_dname_t *apex);

/* Goes over to another configuration, of which it keeps nothing: who is new there is told. -ENOMEM. */
int notifier_use(struct notifier *notifier, const struct state *state);

/* What was sent, answered and given up; for counts_join(). */
struct counts *notifier_counts(struct notifier *notifier);

#endif
