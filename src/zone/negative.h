/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_NEGATIVE_H
#define ZONE_NEGATIVE_H

#include "zone/reply.h"
#include "zone/view.h"

/*
 * Puts into the authority section what makes an answer a negative one (RFC 2308 3): the zone's SOA record, its
 * TTL being the smaller of its own and its minimum. apex is the zone's name where it stands in the reply.
 */
void negative_put(struct zone_view *view, const struct zone *zone, const knot_dname_t *apex,
		  struct reply *reply);

#endif
