/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <libknot/libknot.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/text.h"

struct client_trust; /* client/trust.h */

struct client_options {
	struct sockaddr_storage address; /* of the server, with port */
	const knot_tsig_key_t *key;      /* signs every request; stays the caller's; NULL: none */
	unsigned timeout_ms;             /* of one try; 0: 3000 */
	unsigned tries;                  /* over UDP; 0: 3 */
	bool tcp;                        /* TCP from the start */

	/* The name that the server's certificate must show: all goes over TLS; NULL: nothing does. */
	const char *tls;
	const struct client_trust *trust; /* with tls: whose certificates count */
};

/* One server, asked by one thread. */
struct client;

/* The options are copied; key, tls and trust stay the caller's. -ENOMEM. */
int client_new(struct client **ret, const struct client_options *options);
void client_free(struct client *client);

/* Another key for the requests from now on; it stays the caller's; NULL: none. */
void client_use_key(struct client *client, const knot_tsig_key_t *key);

struct client_answer {
	knot_pkt_t *packet;  /* the client's, until its next request */
	uint16_t rcode;      /* KNOT_RCODE_*, extended by EDNS */
	uint16_t tsig_error; /* KNOT_RCODE_BAD* of RFC 8945 4.2, 0: none */
	bool verified;       /* its TSIG was checked; always false without a key */
	bool ranges;         /* the zone has number ranges, says the server (dns/option.h) */
};

/*
 * Sends a request (header, sections; neither OPT nor TSIG: both are added here) and waits for
 * the answer. UDP with retries, TCP where the request is larger than 1232 octets or the answer
 * came truncated; an update with prerequisites always goes over TCP, since asking it twice is
 * not the same as asking once. A signed request's answer is taken only when its signature is
 * right; of unsigned ones only those that refuse. The ID is set here.
 * 0: the server answered, whatever its RCODE. -ETIMEDOUT, -ECONNREFUSED and the like: it did
 * not. -EBADMSG: it answered nonsense. -EKEYREJECTED: not signed, or wrongly, or its
 * certificate is not the one wanted; -EPROTO: TLS failed. -EMSGSIZE: the
 * request is too large.
 */
int client_exchange(struct client *client, struct client_answer *ret, const uint8_t *request,
		    size_t size);

/* A plain question of class IN, recursion not desired. */
int client_query(struct client *client, struct client_answer *ret, const knot_dname_t *name,
		 uint16_t type);

/* What went wrong with the last request, in words; "" where nothing did. */
const char *client_fault(const struct client *client);

/*
 * Appends why the server refused: "REFUSED: key 'ops' may not change example.net" where it says so
 * itself (RFC 8914), else what the code means.
 */
void client_refusal(struct text *ret, const struct client *client,
		    const struct client_answer *answer);

/* "127.0.0.1@5300" */
const char *client_server(const struct client *client);

#endif
