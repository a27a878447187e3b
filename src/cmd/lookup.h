/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_LOOKUP_H
#define CMD_LOOKUP_H

#include "cmd/session.h"

struct lookup_known;

/* Looks up sets where "not held here" is an answer like others; asks for each set once. */
struct lookup {
	struct session *session;
	struct lookup_known *known;
	bool ranges; /* the last name's zone has number ranges, says the server */
};

/*
 * The records at the name, in the session's arena; count 0: there are none. -ENOENT: the server
 * does not hold this name. -EIO: no answer, which has been said on stderr. -ENOMEM.
 */
int lookup_records(struct lookup *l, const knot_dname_t *name, uint16_t type,
		   const struct record **ret, size_t *count);

/* The exit code for what lookup_records() returned when it was asked about this. */
int lookup_exit(struct lookup *l, int err, const char *name);

#endif
