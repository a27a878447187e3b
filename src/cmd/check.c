/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records looked at before they go to a server that may not look itself: resolvers drop a NAPTR
 * record whose expression is broken, and calls to its number fail.
 */
#include "cmd/check.h"

#include <errno.h>

#include "tel/naptr.h"

const char *check_record(uint16_t type, struct slice rdata)
{
	struct naptr naptr;
	const char *why = NULL;

	if (type != KNOT_RRTYPE_NAPTR)
		return NULL;
	if (naptr_read(rdata, &naptr) < 0)
		return "the octets are no NAPTR record";
	if (naptr_check(&naptr, &why) == 0)
		return NULL;
	return why != NULL ? why : "out of memory";
}
