/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_TRANSFER_H
#define SERVER_TRANSFER_H

#include "server/stream.h"

/*
 * A zone on its way out: whole (AXFR, RFC 5936), or what changed in it (IXFR, RFC 1995).
 *
 * RESPONSE_STREAM and a stream, over UDP of one message; or RESPONSE_READY: the response is what x->rcode
 * says, with the SOA alone where that is NOERROR.
 */
enum response transfer_begin(struct stream **ret, struct responder *r, struct exchange *x);

/* The SOA of the zone that is asked for, as the only answer. */
void transfer_soa(struct responder *r, struct reply *reply);

/* Why the client may not transfer the zone; NULL: it may. */
const char *transfer_refusal(const struct responder *r, const struct exchange *x,
			     const struct zone *zone);

#endif
