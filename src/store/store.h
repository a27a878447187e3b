/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <libknot/dname.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "dns/node.h"

/*
 * The one durable store: zones, their names with record sets, and the log of what changed. How
 * names are kept is known here alone. Errors are negative errno: -ENOSPC where disk or map is
 * full, -EIO and -EBADMSG where the file is damaged, -ENOENT where something is not there,
 * -ENOTRECOVERABLE from the moment on when the end of a commit could not be written: then nothing can
 * be read or written any more until the store is opened anew; it holds what was committed before.
 *
 * A store is opened once in a process. Any number of snapshots may be read at the same time, each
 * by one thread at a time; there is one write transaction at a time.
 */
struct store;
struct store_txn;

/*
 * Opens the store in the folder path, which is made with mode 0700 where it is missing. A store
 * serves one process: -EBUSY where another holds it, or is not done with opening it in two seconds.
 * On failure a sentence is added to fault.
 */
int store_open(struct store **ret, const char *path, struct text *fault);
void store_close(struct store *store);

/* The path it was opened with; lives as long as it does. */
const char *store_folder(const struct store *store);

/*
 * Opens it for reading alone, whether a process serves it or not; one may start meanwhile. Where it was not
 * closed well, and nobody serves it, it is recovered first. -EAGAIN: a process is just opening it.
 */
int store_open_reader(struct store **ret, const char *path, struct text *fault);

/*
 * To be called when all was read. -ESTALE: a server was killed meanwhile and started anew, and may have written
 * over what was read.
 */
int store_reader_check(struct store *store);

/* A snapshot of what is committed now. What it gives out stays until it is renewed or ended. */
int store_read_begin(struct store *store, struct store_txn **ret);

/* Lets the snapshot go, so that it holds no memory back, and takes the newest one. */
void store_read_reset(struct store_txn *txn);
int store_read_renew(struct store_txn *txn);
void store_read_end(struct store_txn *txn);

/* A number that is another one after each commit. */
uint64_t store_snapshot(const struct store_txn *txn);

/* Waits for the write transaction that is open. commit and abort end txn; a commit is on disk when it returns 0. */
int store_write_begin(struct store *store, struct store_txn **ret);
int store_write_commit(struct store_txn *txn);
void store_write_abort(struct store_txn *txn);

/*
 * The same for work of any size: the commit returns at once, and is on disk with the next
 * store_checkpoint(). A crash before that undoes it, while other transactions stay: so it has to leave
 * alone whatever they may change. What it makes is given to a zone by one of them, after the checkpoint.
 */
int store_write_begin_bulk(struct store *store, struct store_txn **ret);

/* Returns when all that is committed is on disk. */
int store_checkpoint(struct store *store);

/*
 * Takes away some of what zones that were made anew left behind, about so many entries. 1: there is
 * more; 0: that was all. To be called when there is nothing better to do.
 */
int store_sweep(struct store *store, size_t budget);

/* Whether there is more, or it was not looked for yet. */
bool store_sweep_due(const struct store *store);

enum { STORE_LENGTHS = 2 };

/* A zone as the store knows it. */
struct store_zone {
	uint32_t id;        /* of its change log */
	uint32_t tree;      /* of its names */
	uint64_t names;     /* names that have records */
	uint64_t numbers;   /* of these: in packed blocks */
	uint64_t wildcards; /* of these: a label below the apex is "*" */
	uint64_t cuts;      /* of these: with NS below the apex, or with DNAME */
	uint64_t lengths
		[STORE_LENGTHS]; /* a bit for each count of labels below the apex that numbers may have */
	uint64_t log_first;   /* sequence number of the oldest entry kept */
	uint64_t log_next;    /* sequence number of the next entry */
	uint64_t log_size;    /* octets of all entries kept */
	uint64_t apex_labels; /* labels of the apex */
};

/* -ENOENT: the store has no such zone. */
int store_zone_get(struct store_txn *txn, const knot_dname_t *apex, struct store_zone *ret);

/* Makes an empty zone in place of the one that may be there, whose names are gone; the change log stays. */
int store_zone_make(struct store_txn *txn, const knot_dname_t *apex, struct store_zone *ret);

/* Keeps what the calls below changed in zone. */
int store_zone_put(struct store_txn *txn, const knot_dname_t *apex, const struct store_zone *zone);

/*
 * Takes the zone away with its change log; its names go by and by. -ENOENT: there is none.
 */
int store_zone_drop(struct store_txn *txn, const knot_dname_t *apex);

/*
 * A note beside a zone that a catalog brought, of whatever octets zone/ puts there; whether the zone is
 * there does not matter. An empty one takes the note away; -ENOENT where there is none.
 */
int store_member_put(struct store_txn *txn, const knot_dname_t *apex, struct slice note);

/*
 * The note behind the one of apex, which becomes that zone's name; the first one where its first octet is
 * 0xff. What it gives out stays until the transaction writes or ends. -ENOENT: there are no more.
 */
int store_member_next(struct store_txn *txn, knot_dname_storage_t apex, struct slice *ret);

/*
 * A time (seconds since 1970) that is kept beside a zone, whether there is one or not: of a copy, when it
 * was last known to be what its primary has. -ENOENT: none is kept.
 */
int store_checked_get(struct store_txn *txn, const knot_dname_t *apex, uint64_t *ret);
int store_checked_put(struct store_txn *txn, const knot_dname_t *apex, uint64_t time);

enum store_status {
	STORE_FOUND,  /* the name has records */
	STORE_EMPTY,  /* it has none, but names below it have (RFC 4592 2.2.2) */
	STORE_ABSENT, /* there is no such name */
};

struct store_match {
	enum store_status status;
	struct node node;       /* STORE_FOUND */
	size_t encloser_labels; /* STORE_ABSENT: labels of the closest encloser (RFC 4592 3.3.1) */
};

enum { STORE_KEY_MAX = 509, STORE_AIMS_MAX = 64 };

/* The key under which a name is kept; how it is made is known in store/ alone. */
struct store_key {
	uint16_t size;
	uint16_t labels; /* below the apex */
	int16_t slot;    /* in its block; -1: it is no number */
	uint8_t octets[STORE_KEY_MAX];
};

/* A name made ready to be looked for. */
struct store_aim {
	struct slice at, entry; /* the entry where it should be; empty where that is not known */
	struct store_key key;
};

void store_aim(struct store_aim *ret, const struct store_zone *zone, const knot_dname_t *name);

/*
 * Goes ahead for names that store_find_aimed() will be called with, in the same snapshot, at most STORE_AIMS_MAX,
 * so that they wait for memory together and not one after another. It is not needed for anything else.
 */
void store_aim_all(struct store_txn *txn, struct store_aim *const aim[], size_t count);

/* store_find() with a name that was made ready. */
int store_find_aimed(struct store_txn *txn, const struct store_zone *zone, struct store_aim *aim,
		     struct store_match *ret);

/*
 * Looks for a name at or below the apex. The apex must have records, as that of a zone always has:
 * where names are one more than numbers, no other plain name is looked for. The node stays until
 * the next call with this transaction.
 */
int store_find(struct store_txn *txn, const struct store_zone *zone, const knot_dname_t *name,
	       struct store_match *ret);

/* The records of one name and nothing else; an empty node where there are none. It stays as long. */
int store_node_get(struct store_txn *txn, const struct store_zone *zone, const knot_dname_t *name,
		   struct node *ret);

/*
 * The records of the longest wildcard above name that is there, "*.A" with an A of at most so many
 * labels, the apex's at least; an empty node where there is none.
 */
int store_wildcard_find(struct store_txn *txn, const struct store_zone *zone,
			const knot_dname_t *name, size_t labels, struct node *ret);

/* Puts a node in place of the one of this name; an empty one takes the name away. Counts in zone. */
int store_node_put(struct store_txn *txn, struct store_zone *zone, const knot_dname_t *name,
		   const struct node *node);

/* All names at or below top, in canonical order. The transaction must live as long. */
struct store_walk;
int store_walk_begin(struct store_walk **ret, struct store_txn *txn, const struct store_zone *zone,
		     const knot_dname_t *apex, const knot_dname_t *top);

/* 1 and the next name, 0 at the end. The node stays until the next call. */
int store_walk_next(struct store_walk *walk, knot_dname_storage_t name, struct node *ret);
void store_walk_end(struct store_walk *walk);

/* Adds an entry to the zone's change log. */
int store_log_add(struct store_txn *txn, struct store_zone *zone, struct slice entry);

/* Takes the oldest entry away; -ENOENT where there is none. */
int store_log_drop(struct store_txn *txn, struct store_zone *zone);

/* The entry with this number; -ENOENT. */
int store_log_get(struct store_txn *txn, const struct store_zone *zone, uint64_t sequence,
		  struct slice *ret);

/*
 * Beside those of the zones, whose numbers begin at 1, there is a log for the server itself: a struct
 * store_zone of this id, in which nothing but log_first and log_next counts. It is kept nowhere:
 * store_log_span() sets the two by the entries that are there.
 */
enum { STORE_LOG_OWN = 0 };

int store_log_span(struct store_txn *txn, struct store_zone *zone);

#endif
