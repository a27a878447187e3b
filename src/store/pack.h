/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_PACK_H
#define STORE_PACK_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "dns/node.h"

/*
 * The names of a whole zone on their way into a new tree. They come in any order, batch by batch,
 * each batch made by one thread; what is handed on lies in two files, sorted and packed as the
 * store keeps it, so that loading (store/load.h) is no more than appending. Memory stays bounded
 * whatever the number of names: files without a name in the storage folder take what has to wait.
 *
 * A name is known here by its key (dns/key.h).
 */

/* What happens where a name is put that was put before. */
struct pack_rules {
	/*
	 * Makes one node in arena out of the earlier and the later one. line: what was given with the
	 * later one, 0 where it is not known any more. Anything but 0 ends the packing and is handed
	 * back.
	 */
	int (*unite)(struct slice key, uint64_t line, const struct node *earlier,
		     const struct node *later, struct arena *arena, struct node *ret, void *arg);
	void *arg;
};

/* Names that were put in one after another; used by one thread at a time. */
struct pack_batch;

int pack_batch_new(struct pack_batch **ret, const struct pack_rules *rules);
void pack_batch_free(struct pack_batch *batch);

/* Empties it for its next use. */
void pack_batch_reset(struct pack_batch *batch);

/* Puts a name's records, which are copied; line: where they stand, for rules->unite. -ENOMEM. */
int pack_batch_put(struct pack_batch *batch, struct slice key, uint64_t line,
		   const struct node *node);

/* Puts all in order; to be called once after the last name, by the thread that put them. */
int pack_batch_end(struct pack_batch *batch);

/* All batches together. */
struct pack;

/* folder: where its files lie. */
int pack_new(struct pack **ret, const char *folder, const struct pack_rules *rules);
void pack_free(struct pack *pack);

/* Adds a batch that is ended; batches come in the order of their input. */
int pack_add(struct pack *pack, struct pack_batch *batch);

/* What is handed on: plain names in one file, numbers in the other. */
enum { PACK_FILES = 2 };

struct pack_result {
	int fd[PACK_FILES];        /* still the pack's */
	uint64_t size[PACK_FILES]; /* octets */
	bool cuts;                 /* there may be a delegation or DNAME at a number */
};

/* After the last batch: puts all in order and into the files, which are not synced. */
int pack_end(struct pack *pack, struct pack_result *ret);

#endif
