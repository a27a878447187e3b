/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_SEQUENCE_H
#define CLIENT_SEQUENCE_H

#include "dns/record.h"

/* What a record of a transfer is. */
enum sequence_part {
	SEQUENCE_ZONE,    /* of the whole zone; its SOA comes first */
	SEQUENCE_REMOVED, /* of a difference: it goes; the SOA of before comes first */
	SEQUENCE_ADDED,   /* it comes; the SOA of after comes first */
};

/* What the answer turned out to be. */
enum sequence_form {
	SEQUENCE_UNKNOWN,     /* one record is too few to tell */
	SEQUENCE_CURRENT,     /* the zone is not newer than what is there */
	SEQUENCE_DIFFERENCES, /* steps from what is there to the newest */
	SEQUENCE_WHOLE,
};

/*
 * Called for each record that counts, in order; its data lives for the call. Anything but 0 ends the
 * transfer.
 */
typedef int sequence_record(const struct record *r, enum sequence_part part, void *arg);

enum { SEQUENCE_SOA_ROOM = 2 * KNOT_DNAME_MAXLEN + 20 };

/*
 * The records that answer AXFR (RFC 5936 2.2) or IXFR (RFC 1995 4), one after another, told apart. No
 * I/O, and no memory of its own.
 */
struct sequence {
	const knot_dname_t *zone;
	bool since;    /* IXFR was asked, */
	uint32_t have; /* from this serial */
	sequence_record *record;
	void *arg;

	enum sequence_form form;
	uint32_t serial; /* of the zone there, once the first record came */
	bool over;       /* the answer is whole */

	bool begun, removing;
	uint32_t at; /* the serial that the differences have come to */
	uint32_t soa_ttl;
	size_t soa_size;
	uint8_t soa[SEQUENCE_SOA_ROOM]; /* the first, until the form is known */
};

/* What is not set by hand is zero. -EBADMSG and in why (a constant) where the record can't come here. */
int sequence_take(struct sequence *s, const struct record *r, const char **why);

#endif
