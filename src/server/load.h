/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_LOAD_H
#define SERVER_LOAD_H

#include <stdatomic.h>

#include "server/writer.h"
#include "store/load.h"

/*
 * writer_call() as soon as the writer's queue has room. -ECANCELED: stopping was set before that.
 */
int load_call(struct update_writer *writer, const atomic_bool *stopping, int (*task)(void *arg),
	      void *arg);

/*
 * Has the writer load what is packed, slice by slice between its updates, and brings it on disk. shown: called
 * between slices, may be NULL; anything but 0 ends it.
 */
int load_all(struct update_writer *writer, const atomic_bool *stopping, struct store_load *load,
	     int (*shown)(const struct store_load *load, void *arg), void *arg);

/* Frees it where the writer does not use it; what was loaded for nothing is swept. NULL is nothing. */
void load_free(struct update_writer *writer, const atomic_bool *stopping, struct store_load *load);

#endif
