/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "store/journal.h"

/*
 * Inside store/ only: a snapshot of the data file all of whose pages are on disk, and the place in
 * the journal from which on there is what came after it. Kept in a file of its own, "checkpoint".
 */
enum { META_SIZE = 152 }; /* octets of a meta page of LMDB that are in use */

struct checkpoint {
	uint64_t generation; /* counts up by one */
	uint64_t snapshot;   /* LMDB's number of it; 0: there is no checkpoint */
	uint64_t page_size;
	uint8_t meta[META_SIZE]; /* LMDB's meta page of the snapshot */
	struct journal_place journal;
};

/* The newest one. ret->snapshot is 0 where there is no file. -EBADMSG: the file is damaged. */
int checkpoint_read(const char *folder, struct checkpoint *ret);

/* Writes the file anew, with this one alone, and opens it. */
int checkpoint_create(const char *folder, const struct checkpoint *checkpoint, int *ret);
int checkpoint_open(const char *folder, int *ret);

/*
 * Writes the next one; once it is on disk it counts. Until then the last one does. -EAGAIN: nothing was written,
 * so the last one goes on to count.
 */
int checkpoint_write(int fd, const struct checkpoint *checkpoint);

/* Takes the meta page of a snapshot, which must be the newest, out of the data file. */
int checkpoint_take_meta(int data_fd, uint64_t snapshot, uint64_t page_size,
			 struct checkpoint *ret);

/*
 * Gives the newest snapshot of a data file that no process has open another number. -EBADMSG: it is
 * no such file.
 */
int checkpoint_renumber(int data_fd, uint64_t page_size, uint64_t snapshot);

/*
 * Makes the snapshot the newest one of the data file in the folder again; to be called before LMDB
 * opens it. Does nothing where it is the newest. -ESTALE: this is not the checkpoint of that file.
 */
int checkpoint_restore(const char *folder, const struct checkpoint *checkpoint);

#endif
