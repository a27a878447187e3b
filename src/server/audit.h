/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_AUDIT_H
#define SERVER_AUDIT_H

#include "server/stream.h"

/*
 * A zone's change log on its way out (dns/audit.h), for whoever may transfer the zone: RESPONSE_STREAM and a
 * stream; or RESPONSE_READY: the response is what x->rcode says, without records.
 */
enum response audit_begin(struct stream **ret, struct responder *r, struct exchange *x);

#endif
