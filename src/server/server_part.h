/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_SERVER_PART_H
#define SERVER_SERVER_PART_H

#include "server/catalog.h"
#include "server/observed.h"
#include "server/server.h"
#include "server/state.h"
#include "server/worker.h"
#include "server/writer.h"

/* What start and stop (server.c) and reload (reload.c) work on. */

struct control;
struct forwarder;
struct metrics;
struct notifier;
struct secondary;

struct server {
	struct shared shared;
	struct state *state;
	struct store *store;
	struct update_writer writer;
	bool has_writer, writer_runs;
	struct notifier *notifier;
	struct secondary *secondary;
	struct forwarder *forwarder;
	struct control *control;
	struct metrics *metrics;
	struct observed observed;
	struct worker *worker;
	size_t worker_count;   /* that are initialized */
	size_t worker_running; /* whose threads run */
};

/* As many files as connections may be open, as far as this process is allowed to have them. */
void server_allow_files(const struct conf *conf);

/* The state at hand with what the catalogs list now. */
int server_make_again(struct server *server, struct state **ret, const struct catalogs *catalogs,
		      struct text *fault);

/*
 * catalogs_apply(), and a line in the log where it fails. A disk that takes nothing is no reason not to serve: the
 * next change or start tries it again.
 */
int server_note(const struct catalogs *catalogs, struct store *store);

/* Waits until each worker has done everything that there was when this was called. */
void server_call_workers(struct server *server);

#endif
