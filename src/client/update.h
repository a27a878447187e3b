/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_UPDATE_H
#define CLIENT_UPDATE_H

#include <libknot/libknot.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/record.h"

/* An UPDATE message (RFC 2136) under construction; cleared and filled again without allocation. */
struct update;

/* limit: octets of the whole message, 0 for the largest (65535 less room for OPT and TSIG). */
int update_new(struct update **ret, const knot_dname_t *zone, size_t limit);
void update_free(struct update *u);

/* Empties it, for the same zone. */
void update_reset(struct update *u);

const knot_dname_t *update_zone(const struct update *u);

/*
 * A prerequisite in the form of RFC 2136 2.4: class ANY: the RRset (type ANY: the name) is there;
 * class NONE: it is not; class IN with RDATA: it is there with exactly these records.
 */
int update_require(struct update *u, const struct record *r);

/*
 * A change in the form of RFC 2136 2.5: class IN adds; class NONE deletes this record; class ANY
 * deletes the RRset, with type ANY all there is at the name.
 * Both: -ENOSPC: it does not fit and was left out; send what there is, and start another. -ENOMEM.
 */
int update_change(struct update *u, const struct record *r);

/* The usual ones. rdata.data NULL: the whole RRset. */
int update_add(struct update *u, const struct record *r);
int update_delete(struct update *u, const knot_dname_t *owner, uint16_t type, struct slice rdata);

size_t update_size(const struct update *u);  /* octets of the message so far */
size_t update_count(const struct update *u); /* changes in it */

/* The message for client_exchange() or stream_send(), valid until the update changes. */
struct slice update_message(struct update *u);

#endif
