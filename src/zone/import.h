/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_IMPORT_H
#define ZONE_IMPORT_H

#include "base/text.h"
#include "store/load.h"
#include "zone/table.h"

/*
 * A whole zone out of a file, in three steps: the file is read by several threads and packed
 * (import_pack()), what is packed is loaded into a tree that nobody sees (store/load.h), and the zone
 * is made to lead there (import_switch()). Nothing is changed before the last step.
 */
struct import_batch;

/* A form of file. Its functions are called by several threads at once, each with a batch of its own. */
struct import_form {
	/* Where the text may be cut: at the end of any line, or only before a record with an owner. */
	bool lines;

	/* What the form keeps for a batch, from begin to end; both may be NULL. -ENOMEM. */
	int (*begin)(void **ret, const struct import_form *form);
	void (*end)(void *kept);

	/*
	 * Reads a part of the file, which may be changed and is followed by a NUL; line: the number of
	 * its first line. What is wrong goes to import_fault(). Anything but 0 ends the import.
	 */
	int (*read)(struct import_batch *batch, void *kept, char *text, size_t size, uint64_t line);

	/* Two nodes of one name, as pack_rules.unite has it. NULL: as a zone file has it. */
	int (*unite)(struct import_batch *batch, struct slice key, uint64_t line,
		     const struct node *earlier, const struct node *later, struct arena *arena,
		     struct node *ret);
	bool numbers_only; /* there is no apex in it */
	const void *arg;   /* the form's own */
};

/* RFC 1035 5. */
extern const struct import_form import_master;

struct import_progress {
	uint64_t records; /* read so far */
	uint64_t octets;  /* of the file, read so far */
	uint64_t size;    /* of the file; 0: not known */
};

struct import_source {
	const struct zone *zone;
	const struct import_form *form;
	const char *path;   /* gzip is known by its octets; "-": standard input */
	const char *folder; /* for what is packed: the storage */
	unsigned threads;   /* 0: one for each core */
	void (*progress)(const struct import_progress *progress, void *arg); /* NULL: nobody asks */
	void *arg;
};

/*
 * Reads and packs. 0; -EINVAL and lines "FILE:LINE: what is wrong" in fault, at most 20 and how many
 * more there are; another negative errno and a line. *records: how many there are; may be NULL.
 */
int import_pack(struct pack **ret, struct pack_result *packed, const struct import_source *source,
		uint64_t *records, struct text *fault);

/* For a form's read: what is wrong with a line, and a name's records. */
void import_fault(struct import_batch *batch, uint64_t line, const char *what, const char *why);
int import_put(struct import_batch *batch, struct slice key, uint64_t line,
	       const struct node *node);

/* Counts records that were read. */
void import_count(struct import_batch *batch, uint64_t records);

/* The zone that is imported. */
const struct zone *import_zone(const struct import_batch *batch);

/* What became of the zone's serial. */
struct import_serial {
	bool there; /* there was a zone before */
	uint32_t before, file, after;
};

/*
 * Makes the zone lead to what was loaded, in a transaction that is to be committed then.
 * numbers_only: the numbers of the zone are replaced and all other names stay. The serial is that
 * of the file where it is newer (RFC 1982), else one more than before.
 */
int import_switch(struct store_txn *txn, const struct zone *zone, struct store_load *load,
		  bool numbers_only, struct import_serial *ret);

/* The same for a copy of another server's zone: all of it, with the serial that it has there; by: that server. */
struct change_origin;
int import_switch_copy(struct store_txn *txn, const struct zone *zone, struct store_load *load,
		       const struct change_origin *by, struct import_serial *ret);

/*
 * Loads all, slice by slice, and brings it on disk, where nobody else writes to the store. shown:
 * called between slices, may be NULL.
 */
int import_load(struct store *store, struct store_load *load,
		void (*shown)(const struct store_load *load, void *arg), void *arg);

enum { IMPORT_SLICE = 1 << 20 }; /* octets in a transaction */

/* The smallest zone: SOA and NS made from its name. */
int import_empty(struct store_txn *txn, const struct zone *zone);

#endif
