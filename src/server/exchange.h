/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include "server/cookie.h"
#include "server/tsig.h"
#include "zone/reply.h"

enum { EXCHANGE_TEXT_MAX = 200 };

/* What the client asked about the zone's wildcards (dns/option.h), and what the response says. */
enum exchange_ranges { RANGES_NOT_ASKED, RANGES_ASKED, RANGES_PLAIN, RANGES_NUMBERS };

/* How a request came: a transfer asks for more of TLS than a query does (RFC 9103 7.1, 7.2). */
enum exchange_tls { EXCHANGE_PLAIN, EXCHANGE_TLS, EXCHANGE_TLS_TRANSFERS };

/* One request as far as it was read, and what its response must say beside records. */
struct exchange {
	const uint8_t *wire; /* the request */
	size_t size;
	const struct sockaddr *peer;
	bool tcp;
	enum exchange_tls tls;
	uint16_t own_payload;                 /* what we say that we take over UDP */
	const struct cookie_secrets *cookies; /* NULL, or none in it: cookies are passed over */
	const char *identity; /* said to whoever asks (RFC 5001); NULL: nothing is */

	uint8_t opcode;
	size_t question_size; /* octets of header and question; the header alone where there is none */
	uint16_t qtype, qclass;

	bool edns;
	uint16_t payload; /* what the client says it takes over UDP, at least 512 */
	bool dnssec;
	uint8_t version;
	bool padded; /* the response is to be padded (RFC 7830) */
	enum exchange_ranges ranges;
	struct slice
		audit; /* the option that asks for a change log (dns/audit.h); data NULL: none */
	struct cookie cookie; /* RFC 7873 */
	const char *nsid;     /* identity, where it was asked for */

	uint16_t rcode;    /* 12 bits, RFC 6891 6.1.3 */
	uint16_t why_code; /* extended error (RFC 8914), sent where why is not NULL */
	const char *why;
	bool cut; /* the response has no records and is truncated */

	knot_pkt_t *message; /* the request in whole; NULL where the quick look was enough */
	struct tsig tsig;    /* where it has none, nothing but that is set */
};

/* What became of reading a request. */
enum exchange_read {
	EXCHANGE_SILENCE, /* not to be answered */
	EXCHANGE_WHOLE,   /* read; all that it holds is in the exchange */
	EXCHANGE_PARTLY,  /* header and question; exchange_parse() must read on */
	EXCHANGE_BROKEN,  /* to be answered with the rcode */
};

/*
 * Reads header, question and a lone OPT record of the request in wire, size: all there is to most of them.
 * What stands before opcode is the caller's to set, and nothing else need be.
 */
enum exchange_read exchange_read(struct exchange *x);

/* Reads the request whole with libknot; the memory is the arena's. Then judges the signature, if it has one. */
enum exchange_read exchange_parse(struct exchange *x, struct arena *arena);
enum exchange_read exchange_verify(struct exchange *x, const struct state *state);

/* Starts the reply in a buffer of room octets: header and question are copied, and room left for OPT and TSIG. */
void exchange_reply(struct exchange *x, struct reply *reply, uint8_t *wire, size_t room);

/* Ends it: flags, counts, OPT, signature. Returns the size of the response, 0 where it can't be sent. */
size_t exchange_finish(struct exchange *x, struct reply *reply);

/* Allocates from an arena (ctx); for libknot. */
knot_mm_t exchange_memory(struct arena *arena);

#endif
