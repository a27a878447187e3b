/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_SECONDARY_H
#define SERVER_SECONDARY_H

#include "server/copy.h"
#include "server/writer.h"

/*
 * Keeps the zones that are copies (primary:) what their primaries have: checks when their timers, or a NOTIFY,
 * say so, transfers, and closes what has expired. A few threads of its own, which wait for the network in
 * place of workers.
 */
struct secondary;

/* *state is the newest configuration, as the workers have it. */
int secondary_new(struct secondary **ret, struct update_writer *writer,
		  _Atomic(const struct state *) *state);

/*
 * Takes over the copies of a state, before it is the newest. What is under way for zones that are no copies any
 * more, or of other primaries, comes to nothing. On failure all is as it was.
 */
int secondary_use(struct secondary *secondary, const struct state *state);

/* Nobody has the old state any more: what workers said there after secondary_use() is not lost. */
void secondary_forget(struct secondary *secondary, const struct state *old);

/* The writer runs. */
int secondary_start(struct secondary *secondary);

/*
 * Ends it at once, transfers included; to be called while the writer runs. NULL is nothing, for both.
 */
void secondary_stop(struct secondary *secondary);
void secondary_free(struct secondary *secondary);

/* Something in a gate is new; from any thread, without waiting. NULL is nothing. */
void secondary_wake(struct secondary *secondary);

/* What it counts. */
struct counts *secondary_counts(struct secondary *secondary);

/* How a copy is. */
struct secondary_status {
	const knot_dname_t *apex;
	const char *text; /* its name */
	enum { SECONDARY_ABSENT, SECONDARY_CURRENT, SECONDARY_EXPIRED } state;
	bool busy; /* being checked or transferred */
	uint32_t serial,
		primary_serial; /* here, and the newest that a primary has named; 0: not known */
	uint64_t checked, expires, next; /* seconds since 1970; 0: never */
	unsigned failures;               /* checks since the last that went well */
};

/*
 * Calls show for each copy; it lives for the call, which must not take long, as others wait meanwhile who
 * mind copies. Any thread, but not from show. NULL: there are no copies.
 */
void secondary_status(struct secondary *secondary,
		      void (*show)(const struct secondary_status *status, void *arg), void *arg);

#endif
