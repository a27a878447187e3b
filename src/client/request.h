/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

#include "base/slice.h"
#include "client/client.h"

enum {
	REQUEST_OPT_SIZE = 11,    /* of an update; a question's has an option as well */
	REQUEST_EDNS_SIZE = 1232, /* octets, RFC 6891 6.2.5 with the value of DNS flag day 2020 */
	REQUEST_MAC_MAX = 64,
};

/* What an answer is held against. */
struct request_mark {
	uint16_t id;
	uint8_t opcode;
	knot_dname_storage_t name; /* the question; of an update its zone */
	uint16_t type;
	uint8_t mac[REQUEST_MAC_MAX];
	size_t mac_size; /* 0: not signed */
	bool served;     /* a zone is wanted as other servers have to see it (dns/option.h) */
};

/* What client.c, stream.c and transfer.c share; the server's notifier signs and checks with it, too. */
struct client {
	struct client_options options;
	char server[64];
	struct text fault;
	bool plain;         /* the server knows no EDNS */
	struct slice audit; /* goes with questions as OPTION_AUDIT (dns/audit.h); empty: nothing */
	uint8_t request[UINT16_MAX];
	size_t request_size;
	uint8_t answer[UINT16_MAX];
	knot_pkt_t *packet; /* over answer[]; NULL: none */
};

/* Sets the fault in words; returns err. */
int client_fail(struct client *client, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Says that the server did not answer, unless something came and it was said what was wrong with it; returns
 * err. way: "UDP", "TCP", "TLS".
 */
int client_fail_to_reach(struct client *client, int err, const char *way);

/*
 * Copies the message into client->request with the ID of mark, an OPT record and the signature,
 * and fills the rest of mark. -EMSGSIZE.
 */
int client_request_finish(struct client *client, struct request_mark *mark, const uint8_t *message,
			  size_t size);

uint16_t client_request_id(void);

/*
 * Takes an answer apart. packet lies over wire and is the caller's, for knot_pkt_free().
 * -EAGAIN: not an answer to this request; -EBADMSG: nonsense. No signature is looked at.
 */
int client_answer_parse(struct client *client, knot_pkt_t **ret, const struct request_mark *mark,
			uint8_t *wire, size_t size);

/* Fills in the codes of the answer, and checks its signature: -EKEYREJECTED, with the fault set. */
int client_answer_check(struct client *client, struct client_answer *ret,
			const struct request_mark *mark, knot_pkt_t *packet);

/* Why libknot did not take a signature, in words. */
const char *client_signature_fault(int knot_err);

#endif
