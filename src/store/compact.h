/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_COMPACT_H
#define STORE_COMPACT_H

#include <stdint.h>

#include "base/text.h"

/*
 * Writing the data file anew, without its free pages. On failure the store is as it was, and a
 * sentence is added to fault. What a crash leaves is the old file or the new one, whole.
 */
struct store;

/* Sizes of the data file, in octets. */
struct store_compact {
	uint64_t before, after;
};

/* The store in the folder path, which no process may have open: -EBUSY. */
int store_compact(const char *path, struct store_compact *ret, struct text *fault);

/*
 * A store that is in use: readers and writers go on meanwhile, in any thread but the one that
 * calls. Readers are in the new file from their next renewal on; the old one takes its room until
 * the last of them is. -EAGAIN: what was committed meanwhile is too much to catch up with, or was
 * bulk work. -EINPROGRESS: there is something to sweep (store_sweep_due()); nothing was tried.
 */
int store_compact_live(struct store *store, struct store_compact *ret, struct text *fault);

/*
 * Inside store/ only: takes away what a compaction left that was killed. Nobody else has the
 * folder.
 */
void compact_forget(const char *path);

#endif
