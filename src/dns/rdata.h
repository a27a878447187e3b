/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_RDATA_H
#define DNS_RDATA_H

#include <libknot/descriptor.h>
#include <libknot/dname.h>
#include <stdbool.h>

#include "base/slice.h"

/*
 * Types that are no data: questions, and what belongs to one message (RFC 2136 3.4.1.2, RFC 6895
 * 3.1).
 */
static inline bool rdata_is_meta(uint16_t type)
{
	return type == 0 || type == KNOT_RRTYPE_OPT || (type >= 128 && type <= 255);
}

/* Equal as records are: names without regard to case, all else octet for octet (RFC 4034 6.2). */
bool rdata_equal(uint16_t type, struct slice a, struct slice b);

/*
 * Whether the octets have the form of the type; names in them must be whole. Unknown types always
 * have. errno is ENOMEM where that could not be found out.
 */
bool rdata_valid(uint16_t type, struct slice rdata);

/*
 * The name to which a record sends the client on: NS, MX, SRV, NAPTR, CNAME, DNAME, PTR. NULL
 * where the type has none. It lies within rdata.
 */
const knot_dname_t *rdata_target(uint16_t type, struct slice rdata);

/* The flags of a NAPTR record (RFC 3403 4.1). */
struct slice rdata_naptr_flags(struct slice rdata);

/* Fields of a SOA record (RFC 1035 3.3.13), which must be valid. */
uint32_t rdata_soa_serial(struct slice rdata);
uint32_t rdata_soa_minimum(struct slice rdata);

/* Where the serial stands in the SOA's octets. */
size_t rdata_soa_serial_at(struct slice rdata);

#endif
