/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Inside store/ only: a sequence of records in two files of fixed size, journal.0 and journal.1,
 * which are filled in turn. Nothing here knows of LMDB or of what is in a record.
 */
enum {
	JOURNAL_SEGMENTS = 2,
	JOURNAL_BLOCK = 4096, /* a record starts at a multiple of it */
	JOURNAL_HEAD = 32,    /* octets in front of a record's own */
};

static const uint64_t journal_size_min = 256 << 10, journal_size_max = 64 << 20;

/* Where a record stands, or would stand. */
struct journal_place {
	uint32_t segment;
	uint32_t unused;
	uint64_t offset;
	uint64_t sequence; /* of the record; records count up by one */
	uint64_t salt;     /* of this use of the segment */
};

struct journal {
	int fd[JOURNAL_SEGMENTS];
	uint64_t size[JOURNAL_SEGMENTS]; /* of the files; 0: there is nothing yet */
	struct journal_place end;        /* of the next record */
	struct journal_place newest;     /* of the one that was appended last */
};

/*
 * Opens the files in the folder, which are made where they are missing. They may be empty. On
 * failure ret is closed.
 */
int journal_open(struct journal *ret, const char *folder);
void journal_close(struct journal *journal);

/*
 * Makes a segment as large as size, with zeros on disk, so that writing to it later takes neither
 * room nor a change of the file system. Where that fails it stays as large as it was.
 */
int journal_grow(struct journal *journal, uint32_t segment, uint64_t size);

/* Takes away all that is in it, on disk: it belonged to another data file. */
int journal_clear(struct journal *journal);

/* Starts at the beginning of a segment, all of whose records are out of use. */
int journal_turn(struct journal *journal, uint32_t segment);

/*
 * Whether a record of so many octets, without the head, finds room in the segment: behind the end;
 * at all.
 */
bool journal_has_room(const struct journal *journal, size_t size);
bool journal_can_hold(const struct journal *journal, uint32_t segment, size_t size);

/*
 * Writes a record to disk: size octets, of which the first JOURNAL_HEAD are filled in here. On
 * failure it may be there or not; it is not where the sequence number of the end is what it was.
 */
int journal_append(struct journal *journal, uint8_t *record, size_t size);

/* Takes the record away, on disk, that was appended last, or may be there. */
int journal_take_back(struct journal *journal);

/*
 * Reads the records from start on, one after another, up to the last that is whole; the end is
 * behind it. take gets each, without the head. What it returns but 0 ends the reading and is
 * handed on. -EBADMSG: the file is another one than start is about, or a
 * record is damaged that others come after.
 */
int journal_replay(struct journal *journal, const struct journal_place *start,
		   int (*take)(void *arg, struct slice record), void *arg);

#endif
