/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_WAITING_H
#define SERVER_WAITING_H

#include "server/copy.h"

enum {
	WAITING_THREADS = 6,    /* that take copies */
	WAITING_OF_PRIMARY = 4, /* of these, at most, for one primary */
};

/* Copies that wait to be checked, and the primaries that are asked meanwhile. The caller has a lock for it. */
struct waiting {
	struct copy *first, **last;
	struct conf_address asked[1 + WAITING_THREADS]; /* by the turn; of size 0: nobody */
};

void waiting_init(struct waiting *waiting);
void waiting_put(struct waiting *waiting, struct copy *copy);

/*
 * The next copy whose primary is not asked by as many threads as may; NULL: there is none. turn is of the thread, 0 at
 * first: who it asks, until it comes again. *others: another thread may find something, too.
 */
struct copy *waiting_take(struct waiting *waiting, size_t *turn, bool *others);

#endif
