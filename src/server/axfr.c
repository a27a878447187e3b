/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A whole zone (RFC 5936 2.2): the SOA, all other records name by name, the SOA again.
 *
 * Of a zone with number ranges goes out what makes any secondary answer as we do
 * (zone/range_walk.c); who asks for what is stored (dns/option.h) gets that.
 */
#include "server/axfr.h"

enum { OWNER_SIZE = 2 }; /* of a record as a node keeps it: a pointer */

int axfr_begin(struct axfr *axfr, const struct stream *stream, const struct store_zone *zone,
	       bool spread)
{
	*axfr = (struct axfr){ .walk = NULL };
	return range_walk_begin(&axfr->walk, stream->txn, zone, stream->apex, spread);
}

void axfr_end(struct axfr *axfr)
{
	range_walk_end(axfr->walk);
}

/* All records of the name at hand, from where it stands; 1: done, 0: the message is full. */
static int put_node(struct filling *f, struct axfr *axfr)
{
	struct rrset set;

	f->owner_at = 0;
	while (node_at(&axfr->node, axfr->set_index, &set)) {
		struct rrset_record record;
		size_t pos = axfr->record_pos;

		while (set.type != KNOT_RRTYPE_SOA && rrset_next(&set, &pos, &record)) {
			size_t rest = RRSET_RECORD_HEAD - OWNER_SIZE + record.rdata.size;

			if (!filling_put(f, axfr->owner,
					 slice_make(record.wire + OWNER_SIZE, rest)))
				return 0;
			axfr->record_pos = pos;
		}
		axfr->record_pos = 0;
		axfr->set_index++;
	}
	return 1;
}

static int put_records(struct filling *f, struct axfr *axfr)
{
	for (;;) {
		if (!axfr->in_node) {
			int more = range_walk_next(axfr->walk, axfr->owner, &axfr->node);

			if (more <= 0)
				return more == 0 ? 1 : more;
			axfr->in_node = true;
			axfr->set_index = 0;
			axfr->record_pos = 0;
		}

		int done = put_node(f, axfr);
		if (done <= 0)
			return done;
		axfr->in_node = false;
	}
}

int axfr_fill(struct axfr *axfr, const struct stream *stream, struct filling *f)
{
	int done = 1;

	while (done > 0 && axfr->phase != AXFR_FINISHED) {
		done = axfr->phase == AXFR_RECORDS ? put_records(f, axfr) :
						     filling_put_soa(f, stream);
		if (done > 0)
			axfr->phase++;
	}
	return done < 0 ? done : axfr->phase != AXFR_FINISHED;
}
