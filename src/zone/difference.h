/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_DIFFERENCE_H
#define ZONE_DIFFERENCE_H

#include "dns/record.h"
#include "zone/change.h"

/*
 * Steps from one serial of a zone to a later one, as another server sends them (RFC 1995 4), kept until all
 * have come: octets that difference_add() puts one after another.
 */

/* Adds a record that goes, or one that comes. A step begins with the SOA that goes. -ENOMEM. */
int difference_add(struct text *steps, const struct record *record, bool removed);

/* What difference_apply() says besides its error. */
struct difference_result {
	uint32_t before, after;    /* serials */
	uint64_t changes;          /* steps */
	uint64_t outside;          /* records that lay outside of the zone and were left out */
	const char *why;           /* what does not fit */
	knot_dname_storage_t name; /* where; the root: the zone as a whole */
};

/*
 * Makes all steps in the group, each a change of its own with its entry in the change log. To be
 * strict is the point: what is to go must be there, what comes must not, and each step must begin at
 * the serial that the zone has. -EINVAL and ret->why where that does not hold; after an error the
 * transaction must be aborted.
 */
int difference_apply(struct change_group *group, const struct zone *zone, struct slice steps,
		     const struct change_origin *origin, struct difference_result *ret);

#endif
