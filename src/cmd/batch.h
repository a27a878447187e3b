/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_BATCH_H
#define CMD_BATCH_H

#include "cmd/session.h"
#include "publish/changes.h"

/*
 * Sends very many changes of one zone as a stream of large updates, several in flight. What
 * belongs together, a step, is never divided. An update that the server refuses is sent again in
 * halves until the step that it refuses is found; the others go through.
 */
struct batches;

struct batch_options {
	bool stop_at_refusal;
	size_t limit; /* octets of an update, 0: the largest */
	/* A step was refused; why is "REFUSED: ...". Lines are those given to batch_step(). */
	void (*refused)(uint64_t line, const char *number, const char *why, void *arg);
	void *arg;
};

/* The session, the zone and the options must outlive it. An exit code. */
int batches_new(struct batches **ret, struct session *s, const knot_dname_t *zone,
		const struct batch_options *options);
void batches_free(struct batches *b);

/*
 * Takes a step (copied): its changes, the first line of the file it comes from and what it is
 * called. after: an earlier step's batch (batch_current() at its time) that it needs to be done
 * before it, 0: none. An exit code; EXIT_INPUT: the step is larger than an update, and was left
 * out.
 */
int batch_step(struct batches *b, const struct changes *changes, uint64_t line, const char *number,
	       uint32_t after);

/* The batch that the last step went into; the first has 1. */
uint32_t batch_current(const struct batches *b);

/* Sends what is left, and waits for all results. An exit code. */
int batches_flush(struct batches *b);

/* The first line that has not been settled, UINT64_MAX: none. */
uint64_t batches_unsettled(const struct batches *b);

struct batch_totals {
	uint64_t done;    /* records added */
	uint64_t refused; /* records that were not */
};

struct batch_totals batches_totals(const struct batches *b);

#endif
