/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUBLISH_CHANGES_H
#define PUBLISH_CHANGES_H

#include <stdbool.h>

#include "dns/record.h"

/*
 * What is to happen to a zone, change by change, each in the form of RFC 2136 2.5: class IN adds
 * the record, class NONE deletes this record, class ANY deletes the whole set (rdata.data is
 * NULL). All of it lies in the arena. Zero but for the arena is an empty list; failed is sticky:
 * memory ran out.
 */
struct changes {
	struct arena *arena;
	struct record *at;
	size_t count;
	size_t room;
	bool failed;
};

/* A change as it is; owner and RDATA must live as long as the list. */
void changes_put(struct changes *c, const struct record *change);

void changes_add(struct changes *c, const knot_dname_t *owner, uint32_t ttl, uint16_t type,
		 struct slice rdata);
void changes_delete(struct changes *c, const knot_dname_t *owner, uint16_t type,
		    struct slice rdata);
void changes_delete_set(struct changes *c, const knot_dname_t *owner, uint16_t type);

#endif
