/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_VERIFY_H
#define SERVER_VERIFY_H

#include "server/request.h"

/*
 * Reads a request whole and judges its signature, as long as not too many bad ones came from its sender. The
 * memory is the arena's.
 */
enum exchange_read verify_request(struct responder *r, struct exchange *x, struct arena *arena);

#endif
