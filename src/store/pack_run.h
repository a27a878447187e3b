/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_PACK_RUN_H
#define STORE_PACK_RUN_H

#include <sys/types.h>

#include "store/pack_entry.h"

/* Inside store/ only: files of entries that nobody else sees, written and read from front to end. */
struct pack_file {
	int fd;          /* -1: not made yet */
	off_t size;      /* octets written, those in the buffer included */
	uint8_t *buffer; /* what is not written yet */
	size_t used;
};

/* A file without a name in the folder. A negative errno. */
int pack_file_make(struct pack_file *file, const char *folder);
void pack_file_done(struct pack_file *file);

int pack_file_add(struct pack_file *file, const struct pack_entry *entry);
int pack_file_flush(struct pack_file *file);

/* A part of a file in which entries are in order. */
struct pack_run {
	off_t begin, end;
};

struct pack_reader {
	int fd;
	off_t at, end; /* of what is not read yet */
	uint8_t *buffer;
	size_t room, first, last; /* octets first to last of the buffer wait */
};

void pack_reader_begin(struct pack_reader *reader, int fd, struct pack_run run, size_t room);
void pack_reader_done(struct pack_reader *reader);

/* 1 and an entry, which stays until the next call; 0 at the end; -EBADMSG, -ENOMEM, what pread() says. */
int pack_reader_next(struct pack_reader *reader, struct pack_entry *ret);

/* Reads the runs together, those of lower index first where they have the same group; writes one run to ret. */
int pack_merge(struct pack_union *u, int fd, const struct pack_run *run, size_t count,
	       pack_emit *emit, void *arg);

#endif
