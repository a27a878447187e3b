/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_UPDATE_H
#define CLIENT_UPDATE_H

#include <libknot/libknot.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/record.h"

/* An UPDATE message (RFC 2136) under construction; cleared and filled again without allocation. */
struct client_update;

/* limit: octets of the whole message, 0 for the largest (65535 less room for OPT and TSIG). */
int client_update_new(struct client_update **ret, const knot_dname_t *zone, size_t limit);
void client_update_free(struct client_update *u);

/* Empties it, for the same zone. */
void client_update_reset(struct client_update *u);

const knot_dname_t *client_update_zone(const struct client_update *u);

/*
 * A prerequisite in the form of RFC 2136 2.4: class ANY: the RRset (type ANY: the name) is there;
 * class NONE: it is not; class IN with RDATA: it is there with exactly these records.
 */
int client_update_require(struct client_update *u, const struct record *r);

/*
 * A change in the form of RFC 2136 2.5: class IN adds; class NONE deletes this record; class ANY
 * deletes the RRset, with type ANY all there is at the name.
 * Both: -ENOSPC: it does not fit and was left out; send what there is, and start another. -ENOMEM.
 */
int client_update_change(struct client_update *u, const struct record *r);

/* The usual ones. rdata.data NULL: the whole RRset. */
int client_update_add(struct client_update *u, const struct record *r);
int client_update_delete(struct client_update *u, const knot_dname_t *owner, uint16_t type,
			 struct slice rdata);

size_t client_update_size(const struct client_update *u);  /* octets of the message so far */
size_t client_update_count(const struct client_update *u); /* changes in it */

/* The message for client_exchange() or client_stream_send(), valid until the update changes. */
struct slice client_update_message(struct client_update *u);

#endif
