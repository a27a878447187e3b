/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_TSIG_H
#define SERVER_TSIG_H

#include "server/state.h"

enum { TSIG_MAC_MAX = 64, TSIG_FUDGE_MAX = 300 /* seconds */ };

/* What is to be known of a request's signature to judge it, and to sign the response. */
struct tsig {
	bool present;
	uint16_t error;               /* KNOT_RCODE_BADSIG ...; 0: the signature is good */
	const struct server_key *key; /* NULL where the key is unknown */
	const knot_rrset_t *rr;       /* the request's TSIG record */
	uint8_t mac[TSIG_MAC_MAX];    /* the request's */
	size_t mac_size;
	uint64_t signed_at; /* seconds since 1970 */
};

/*
 * Judges the signature of a message that libknot has parsed (RFC 8945 5.2). now is the time in
 * seconds since 1970. Returns the RCODE: NOERROR (also where there is no signature), NOTAUTH with
 * ret->error, FORMERR.
 */
uint8_t tsig_verify(struct tsig *ret, const struct state *state, knot_pkt_t *message, uint64_t now);

/* Octets that the response's signature takes at the most. */
size_t tsig_room(const struct tsig *tsig);

/* Signs the response, or adds the unsigned error (RFC 8945 5.3.2). size grows, up to max. */
int tsig_sign(struct tsig *tsig, uint8_t *wire, size_t *size, size_t max);

/* Signs a further message of the same response (RFC 8945 5.3.1); tsig keeps the last MAC. */
int tsig_sign_next(struct tsig *tsig, uint8_t *wire, size_t *size, size_t max);

#endif
