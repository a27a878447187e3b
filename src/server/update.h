/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_UPDATE_H
#define SERVER_UPDATE_H

#include "server/request.h"

/*
 * The door for updates (RFC 2136 3.1, 3.3, 3.4.1): everything that can be decided without the
 * store is decided here, by the worker. RESPONSE_LATER: the update is in the queue.
 */
enum response update_receive(struct responder *r, const struct origin *origin, struct exchange *x,
			     uint8_t *wire, size_t *size);

/* A log line for an update that was refused or failed, with zone, peer, key and reason, within the bound. */
void update_log(struct log_bound *bound, const struct job *job, int64_t now_ms);

#endif
