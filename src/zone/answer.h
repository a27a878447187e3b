/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_ANSWER_H
#define ZONE_ANSWER_H

#include "zone/reply.h"
#include "zone/view.h"

/* A question, and where in the view its answer is. */
struct question {
	uint16_t type;
	size_t labels;                   /* of its name */
	const struct zone *zone;         /* NULL: none of ours */
	const struct store_zone *record; /* the zone in the store; NULL: there is none */
	struct store_aim aim;            /* where there is one */
};

/* Finds out where the question for name is answered. */
void answer_prepare(struct zone_view *view, const knot_dname_t *name, uint16_t type,
		    struct question *ret);

/* Has the memory fetched that the answers to these will need; not needed for anything else. */
void answer_prefetch(struct zone_view *view, struct question *const question[], size_t count);

/*
 * Answers the question that stands at the start of the reply, from what the view holds: fills the
 * three sections and says by the RCODE how it ended (KNOT_RCODE_*). REFUSED: no zone of ours.
 */
uint8_t answer_find(struct zone_view *view, struct question *question, struct reply *reply);

/*
 * Looks for one name of a zone without regard to delegations; a wildcard stands in where there is
 * no such name (RFC 4592 3.3), with ranges as zone/range.h says. 0, or a negative errno of the store.
 */
int answer_find_name(struct zone_view *view, const struct store_zone *record, bool ranges,
		     const knot_dname_t *name, struct store_match *ret);

/* Adds what the client will ask for next, as far as there is room and the server holds it. */
void answer_additional(struct zone_view *view, struct reply *reply);

#endif
