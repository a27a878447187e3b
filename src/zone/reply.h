/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_REPLY_H
#define ZONE_REPLY_H

#include <libknot/dname.h>

#include "base/writer.h"
#include "dns/rrset.h"

enum reply_section { REPLY_ANSWER, REPLY_AUTHORITY, REPLY_ADDITIONAL, REPLY_SECTIONS };

enum { REPLY_QNAME_AT = 12, REPLY_PLACED_MAX = 40 };

/* A record set that stands in a reply. */
struct reply_placed {
	uint16_t type;
	enum reply_section section;
	const knot_dname_t *owner; /* in the message */
	const uint8_t *wire;       /* its first record, from the type on */
	size_t size;               /* octets from there to its end */
	size_t owner_size;         /* octets of the owner in front of each record */
};

/*
 * A message that is being filled: header and question stand at the start of buffer. A set goes in whole or
 * not at all. Header counts and flags are written by whoever owns the message.
 */
struct reply {
	uint8_t *wire;
	size_t size;
	size_t max;
	uint16_t count[REPLY_SECTIONS];
	bool truncated;
	bool authoritative;
	bool dnssec; /* the client set DO (RFC 3225) */
	struct reply_placed placed[REPLY_PLACED_MAX];
	size_t placed_count;
};

/*
 * Puts a set under a name that stands in the message itself (or anywhere: then it is written out). false
 * where there is no room: that truncates the reply, but not in the additional section (RFC 2181 9).
 */
bool reply_put(struct reply *reply, enum reply_section section, const knot_dname_t *owner,
	       const struct rrset *set);

/* The same with another TTL. */
bool reply_put_ttl(struct reply *reply, enum reply_section section, const knot_dname_t *owner,
		   const struct rrset *set, uint32_t ttl);

/* Steps through the records of a placed set; pos is 0 at first. */
bool reply_placed_next(const struct reply_placed *placed, size_t *pos, struct slice *rdata);

#endif
