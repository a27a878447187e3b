/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_IMPORT_BATCH_H
#define ZONE_IMPORT_BATCH_H

#include "zone/import.h"

/* Inside zone/ only: a part of a file on its way from text to packed names. */
struct import_batch {
	const struct import_source *source;
	const char *name; /* of the file, for people */
	void *kept;       /* the form's */
	char *text;
	size_t size, room;
	size_t head;   /* lines of directives put in front of the part */
	uint64_t line; /* number of the part's first line */
	struct pack_rules rules;
	struct pack_batch *pack; /* NULL where only faults are taken */
	struct text fault;
	size_t faults;
	uint64_t records;
	bool soa, ns; /* the apex has them */
};

enum { IMPORT_FAULTS_MAX = 20 };

int import_batch_init(struct import_batch *batch, const struct import_source *source);
void import_batch_done(struct import_batch *batch);

/* Makes packed names of the text. */
int import_batch_run(struct import_batch *batch);

/* Reads a file part by part. */
struct import_reader;

/* A line in fault on failure. */
int import_reader_new(struct import_reader **ret, const struct import_source *source,
		      struct text *fault);
void import_reader_free(struct import_reader *reader);

/* The next part into the batch. 1; 0: there is none; a negative errno and a line in fault. */
int import_reader_next(struct import_reader *reader, struct import_batch *batch,
		       struct text *fault);

/* Octets read of the file, and its size, 0 where it is not known. */
void import_reader_progress(const struct import_reader *reader, struct import_progress *ret);

#endif
