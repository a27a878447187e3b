/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_IXFR_H
#define SERVER_IXFR_H

#include "server/stream.h"
#include "zone/delta.h"

/* The difference to a version of a zone on its way out (RFC 1995): what is to be sent next. All zeros: not begun. */
struct ixfr {
	struct delta *difference;
	enum { IXFR_FIRST_SOA, IXFR_RECORDS, IXFR_LAST_SOA, IXFR_FINISHED } phase;
	struct slice record; /* that did not fit the last message; empty: none */
};

/* From serial on to what is in the stream's snapshot; spread: as delta.h has it. -ENOENT: it can't be. */
int ixfr_begin(struct ixfr *ixfr, const struct stream *stream, const struct store_zone *zone,
	       uint32_t serial, bool spread);

/* As delta_prepare(); to be called until it gives 0. */
int ixfr_prepare(struct ixfr *ixfr);

/* As fill of struct stream. */
int ixfr_fill(struct ixfr *ixfr, const struct stream *stream, struct filling *f);
void ixfr_end(struct ixfr *ixfr);

#endif
