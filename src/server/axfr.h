/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_AXFR_H
#define SERVER_AXFR_H

#include "server/stream.h"
#include "zone/range.h"

/* A whole zone on its way out (RFC 5936): what is to be sent next. All zeros: not begun. */
struct axfr {
	struct range_walk *walk;
	enum { AXFR_FIRST_SOA, AXFR_RECORDS, AXFR_LAST_SOA, AXFR_FINISHED } phase;

	/* where the walk stands: a set of a node, and its next record */
	knot_dname_storage_t owner;
	struct node node;
	size_t set_index;
	size_t record_pos;
	bool in_node;
};

/* The zone as it is in the stream's snapshot; spread: as range_walk_begin() has it. */
int axfr_begin(struct axfr *axfr, const struct stream *stream, const struct store_zone *zone,
	       bool spread);

/* As fill of struct stream. */
int axfr_fill(struct axfr *axfr, const struct stream *stream, struct filling *f);
void axfr_end(struct axfr *axfr);

#endif
