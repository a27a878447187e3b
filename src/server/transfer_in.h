/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_TRANSFER_IN_H
#define SERVER_TRANSFER_IN_H

#include "server/copy.h"
#include "server/load.h"

/* A transfer from a primary, carried out by one thread that waits for it. */
struct transfer_in {
	struct update_writer *writer;
	_Atomic(const struct state *) *state; /* the newest */
	const atomic_bool *stopping;
	const struct copy *copy;
	const struct copy_peer *peer;
	bool whole; /* AXFR, whatever its serial; else IXFR from what is there, where there is something */

	/* what came of it */
	bool current; /* there was nothing newer */
	bool refused; /* the primary answered with an error */
	uint32_t serial;
	struct copy_version version; /* of what is in the store now, unless current */
	char *why;                   /* of a failure, malloc; NULL: by its number */
};

/*
 * Brings the copy to what the primary has; all of it is in the store, or nothing is. A log line where it
 * went well, or had to go another way than IXFR; else a negative errno and why.
 */
int transfer_in(struct transfer_in *t);

#endif
