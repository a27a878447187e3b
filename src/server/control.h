/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "store/pack.h"

/*
 * The door for the server's own commands: a socket "onnetd.sock" in the storage folder, for the
 * server's user and root alone. A request is one line, with files where the command has some;
 * lines come back: "progress DONE SIZE" now and then, and at the end "done TEXT" or
 * "failed TEXT".
 *
 *	import DOMAIN numbers|zone CUTS SIZE SIZE     two packed files (store/pack.h)
 *	compact                                       done BEFORE AFTER, sizes in octets
 */
struct control;
struct shared;
struct update_writer;

/*
 * Listens in the folder; who connects from now on is served when it is started. A line in fault on
 * failure.
 */
int control_new(struct control **ret, const char *folder, struct shared *shared,
		struct update_writer *writer, struct text *fault);

/* Serves, one command at a time, in a thread of its own; the writer runs. */
int control_start(struct control *control);

/* Ends it; a command that is being carried out ends as failed. To be called while the writer runs. */
void control_stop(struct control *control);

/* --- the other side --- */

/* A connection to the server that has this folder. -ENOENT, -ECONNREFUSED: none runs. */
int control_connect(int *ret, const char *folder);

/* Sends a line (without its end) and files. */
int control_send(int fd, const char *line, const int *files, size_t count);

/* The next line, without its end, into ret. 1; 0: the server is gone; a negative errno. */
int control_receive(int fd, struct text *ret);

#endif
