/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A difference (RFC 1995 4): the new SOA, the difference as zone/delta.c has it, the new SOA again.
 */
#include "server/ixfr.h"

enum { CONDENSE_MEMORY = 8 << 20 };

int ixfr_begin(struct ixfr *ixfr, const struct stream *stream, const struct store_zone *zone,
	       uint32_t serial, bool spread)
{
	const struct delta_from from = {
		.apex = stream->apex, .serial = serial, .spread = spread, .memory = CONDENSE_MEMORY
	};

	*ixfr = (struct ixfr){ .difference = NULL };
	return delta_begin(&ixfr->difference, stream->txn, zone, &from);
}

int ixfr_prepare(struct ixfr *ixfr)
{
	return delta_prepare(ixfr->difference);
}

void ixfr_end(struct ixfr *ixfr)
{
	delta_end(ixfr->difference);
	ixfr->difference = NULL;
}

/* 1: all went in; 0: the message is full. */
static int put_records(struct filling *f, struct ixfr *ixfr)
{
	const knot_dname_t *last = NULL; /* in this message */

	for (;;) {
		int more = ixfr->record.size > 0 ? 1 : delta_next(ixfr->difference, &ixfr->record);

		if (more <= 0)
			return more == 0 ? 1 : more;

		const knot_dname_t *owner = ixfr->record.data;
		size_t size = knot_dname_size(owner);
		if (last == NULL || !knot_dname_is_equal(last, owner))
			f->owner_at = 0;
		if (!filling_put(f, owner, slice_make(owner + size, ixfr->record.size - size)))
			return 0;
		last = owner;
		ixfr->record.size = 0;
	}
}

int ixfr_fill(struct ixfr *ixfr, const struct stream *stream, struct filling *f)
{
	int done = 1;

	while (done > 0 && ixfr->phase != IXFR_FINISHED) {
		done = ixfr->phase == IXFR_RECORDS ? put_records(f, ixfr) :
						     filling_put_soa(f, stream);
		if (done > 0)
			ixfr->phase++;
	}
	return done < 0 ? done : ixfr->phase != IXFR_FINISHED;
}
