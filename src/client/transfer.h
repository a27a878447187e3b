/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_TRANSFER_H
#define CLIENT_TRANSFER_H

#include "client/client.h"
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

/*
 * The same for a zone's change log: record is called for the SOA, and for records of AUDIT_TYPE as dns/audit.h has
 * them. -ENOTSUP: the server answers, but knows nothing of this.
 */
int client_audit(struct client *client, struct client_answer *ret, const knot_dname_t *zone,
		 const struct audit_question *question,
		 int (*record)(const struct record *r, void *arg), void *arg);

#endif
