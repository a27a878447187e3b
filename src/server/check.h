/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

#include "server/copy.h"
#include "server/unreachable.h"
#include "server/writer.h"

enum check_verdict {
	CHECK_USELESS,   /* no primary answers, or not what it should */
	CHECK_OLDER,     /* one does, and has less than there is here */
	CHECK_SAME,      /* the copy is what one has */
	CHECK_FETCHED,   /* it is now */
	CHECK_CANCELLED, /* the server is to end, or the copy is dropped */
};

/* A check of a copy, by a thread that waits for the network. */
struct check {
	struct update_writer *writer;
	_Atomic(const struct state *) *state;
	const atomic_bool *stopping;
	struct unreachable *unreachable;
	struct copy *copy; /* of which it changes what its primaries were told to be like */
	unsigned first;    /* 1 + index of the primary to begin with; 0: in order */
	bool expired;

	/* what it found out */
	enum check_verdict verdict;
	struct copy_version version; /* where it was fetched */
	uint32_t serial;             /* that a primary has named; 0: none has */
	unsigned refused, failed;    /* transfers */
};

/* Asks the primaries, and transfers where there is something newer. What is wrong with them is logged. */
void check_primaries(struct check *c);

#endif
