/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_OBSERVED_H
#define SERVER_OBSERVED_H

#include <pthread.h>

#include "server/worker.h"
#include "server/writer.h"

/*
 * What may be seen of a running server from outside of its workers and its writer, none of which
 * waits for whoever looks. It does not change while the server runs, but for what is atomic.
 */
struct observed {
	struct shared *shared;
	struct store *store;
	struct worker *worker;
	size_t workers;
	struct update_writer *writer;
	struct secondary *secondary;
	const struct counts *counts; /* of all threads */
	uint64_t started_s;
	_Atomic uint64_t reloads, reloads_failed;
	_Atomic uint64_t reloaded_s; /* when a configuration was taken last */
	atomic_bool reload_good;     /* whether the last one was taken */
	pthread_mutex_t looking;     /* held by whoever has a state in hands: see observed_pass() */
};

void observed_init(struct observed *observed);
void observed_done(struct observed *observed);

/* The newest state, which stays until observed_leave(). */
const struct state *observed_enter(struct observed *observed);
void observed_leave(struct observed *observed);

/* Returns when nobody has a state any more that is not the newest. */
void observed_pass(struct observed *observed);

/* Notes how a reload ended. */
void observed_reload(struct observed *observed, bool good);

/* "serving 3 zones, 12,345,678 numbers": added to text. A negative errno. */
int observed_status(struct observed *observed, struct text *text);

#endif
