/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_MASTER_H
#define DNS_MASTER_H

#include <stddef.h>
#include <stdint.h>

#include "dns/record.h"

/* Where in a master file something stands. */
struct master_place {
	const char *file;
	uint64_t line; /* from 1; the last line of a record that spans several */
};

/* What the reader calls, in the order of the file. What the pointers lead to lives for the call. */
struct master_handler {
	/* One record. Anything but 0 ends the reading and is handed back. */
	int (*record)(const struct record *r, const struct master_place *place, void *arg);
	/* A line that can't be read; the reading goes on with the next one. May be NULL. */
	void (*fault)(const struct master_place *place, const char *why, void *arg);
};

/*
 * Reads a master file (RFC 1035 5, RFC 2308 4): $ORIGIN, $TTL and $INCLUDE (its path relative to
 * the file that names it, 8 deep) are followed. origin is what "@" means at the start, default_ttl
 * (seconds) serves records that stand before any TTL. Case is kept everywhere.
 * 0; -EINVAL where fault was called at least once; what record returned; -ENOMEM.
 */
int master_read(const char *path, const knot_dname_t *origin, uint32_t default_ttl,
		const struct master_handler *handler, void *arg);

/* The same from memory; file names it in faults. $INCLUDE is relative to the working directory. */
int master_read_text(struct slice text, const char *file, const knot_dname_t *origin,
		     uint32_t default_ttl, const struct master_handler *handler, void *arg);

/*
 * A part of a file, cut where a record names its owner: first is where it begins, folder what paths of
 * $INCLUDE are relative to. Directives that stand before the part in the file are to be put in
 * front of it, and first->line then counts from them.
 */
int master_read_part(struct slice text, const struct master_place *first, const char *folder,
		     const knot_dname_t *origin, uint32_t default_ttl,
		     const struct master_handler *handler, void *arg);

#endif
