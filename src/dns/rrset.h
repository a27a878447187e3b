/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_RRSET_H
#define DNS_RRSET_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * A record set in the form in which it is stored and sent: its records one after another as in a
 * message, owner (2 octets), type, class, TTL, RDLENGTH, RDATA. The owner is a compression pointer
 * to octet 12, where a message has the name asked for; whoever sends the set under another name
 * changes those two octets. Names in RDATA are whole, in the case in which they were published.
 */
struct rrset {
	uint16_t type;
	uint16_t count;
	uint32_t size;
	const uint8_t *wire;
};

enum {
	RRSET_OWNER = 0xc00c,   /* the pointer that stands for the owner */
	RRSET_RECORD_HEAD = 12, /* octets of a record before its RDATA */
	RRSET_SIZE_MAX = 65000, /* a set must fit a message together with its question */
};

/* One record of a set; rdata lies within the set. */
struct rrset_record {
	const uint8_t *wire;
	uint32_t ttl;
	struct slice rdata;
};

/* The record at *pos (0 at first), which moves on; false at the end. */
bool rrset_next(const struct rrset *set, size_t *pos, struct rrset_record *ret);

/* The TTL of the set; 0 where it is empty. */
uint32_t rrset_ttl(const struct rrset *set);

bool rrset_has(const struct rrset *set, struct slice rdata);

/* Same records, order and TTL, octet for octet. */
bool rrset_identical(const struct rrset *a, const struct rrset *b);

/*
 * Whether a set of this type has one record at the most (RFC 2181 10.1, RFC 1034 4.2.1, RFC 6672 2.4):
 * adding another one takes its place.
 */
bool rrset_is_single(uint16_t type);

#endif
