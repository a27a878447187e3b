/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_UPDATE_H
#define ZONE_UPDATE_H

#include <libknot/libknot.h>

#include "zone/change.h"

/*
 * The steps of RFC 2136 on a message that libknot has parsed (KNOT_PF_NOCANON). Each says by the
 * RCODE how it went, and where that is not NOERROR, in why (an arena's or constant text) the reason for people.
 */

/* 3.4.1: the form of the update section; also whether NAPTR records would work. Needs no store. */
uint8_t update_check(struct arena *arena, const struct zone *zone, const knot_pkt_t *message,
		     const char **why);

/* 3.2: the prerequisites. */
uint8_t update_require(struct change *change, const knot_pkt_t *message, const char **why);

/* 3.4.2: the update section, into change. */
uint8_t update_apply(struct change *change, const knot_pkt_t *message, const char **why);

#endif
