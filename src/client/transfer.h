/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_TRANSFER_H
#define CLIENT_TRANSFER_H

#include "client/client.h"
#include "client/sequence.h"
#include "dns/audit.h"

/*
 * AXFR (RFC 5936) of a zone, its signatures checked message by message (RFC 8945 5.3.1). record
 * is called for each record in the server's order, the closing SOA left out; its data lives for
 * the call, and anything but 0 ends the transfer and is handed back. Records come before the
 * last signature was checked: what was gathered counts only where this returns 0 with
 * answer->rcode NOERROR. Errors as of client_exchange().
 */
int client_transfer(struct client *client, struct client_answer *ret, const knot_dname_t *zone,
		    int (*record)(const struct record *r, void *arg), void *arg);

/* What a secondary wants. */
struct client_copy {
	const knot_dname_t *zone;
	bool since;      /* IXFR (RFC 1995), */
	uint32_t serial; /* from this one; else AXFR */
	bool stored; /* from another onnetd: what is stored, and not what it makes of it (dns/option.h) */
	bool audit; /* the change log in its place, see client_audit() */
	sequence_record *record;
	void *arg;
};

/* What came of it, besides what record was given. */
struct client_copied {
	struct client_answer answer;
	enum sequence_form form;
	uint32_t serial; /* of the zone there */
	uint64_t records, octets;
};

/*
 * A zone, or how it differs, for a secondary. As client_transfer(), with the server's answer told apart.
 * *ret is filled in as far as it came, also on failure.
 */
int client_copy(struct client *client, struct client_copied *ret, const struct client_copy *copy);

/*
 * The same for a zone's change log: record is called for the SOA, and for records of AUDIT_TYPE as dns/audit.h has
 * them. -ENOTSUP: the server answers, but knows nothing of this.
 */
int client_audit(struct client *client, struct client_answer *ret, const knot_dname_t *zone,
		 const struct audit_question *question,
		 int (*record)(const struct record *r, void *arg), void *arg);

#endif
