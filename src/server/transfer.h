/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_TRANSFER_H
#define SERVER_TRANSFER_H

#include "server/request.h"

/*
 * A zone on its way out: AXFR (RFC 5936), and IXFR as RFC 1995 4 lets a server answer that does not
 * keep the difference: with the SOA alone, or the whole zone. It reads one snapshot of its own,
 * however long it takes.
 */
struct transfer;

/*
 * RESPONSE_STREAM and a transfer; or RESPONSE_READY: the response is what x->rcode says, with the
 * SOA alone where that is NOERROR.
 */
enum response transfer_begin(struct transfer **ret, struct responder *r, struct exchange *x);

/* The SOA of the zone that is asked for, as the only answer. */
void transfer_soa(struct responder *r, struct reply *reply);

/* The next message into wire (RESPONSE_ROOM octets): its size; 0: there are no more; a negative errno. */
int transfer_next(struct transfer *transfer, uint8_t *wire);

void transfer_free(struct transfer *transfer);

enum { TRANSFER_GRACE_MS = 60 * 1000, TRANSFER_RATE_MIN = 8192 /* octets a second */ };

/*
 * Whether a transfer that has lasted so long and has sent so many octets should be ended: as long as it lasts, its
 * snapshot keeps the store from using room again.
 */
bool transfer_is_slow(int64_t lasted_ms, uint64_t sent);

#endif
