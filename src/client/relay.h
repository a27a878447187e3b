/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_RELAY_H
#define CLIENT_RELAY_H

#include "base/slice.h"
#include "client/client.h"

/*
 * Sends somebody else's request as it is, over a TCP connection of its own, and waits for what the server
 * says to it. Nothing is added or checked but the ID: a signature is between the two ends. The
 * answer lies in the client until its next request. sent: whether the server may have got the
 * request; set on failure too. Errors as of client_exchange().
 */
int client_relay(struct client *client, struct slice *ret, struct slice request, bool *sent);

#endif
