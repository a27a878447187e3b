/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_NOTIFY_IN_H
#define SERVER_NOTIFY_IN_H

#include "server/request.h"

/*
 * NOTIFY in (RFC 1996): what a primary says of a zone that is a copy here is handed to the secondary, which
 * checks. The RCODE is in x; the response is the caller's to make. The message is parsed already, unless
 * it is broken.
 */
void notify_take(struct responder *r, struct exchange *x);

#endif
