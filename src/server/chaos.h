/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_CHAOS_H
#define SERVER_CHAOS_H

#include "server/exchange.h"

/*
 * Answers a question of class CH about the server itself, as far as the configuration says something; else the
 * RCODE is REFUSED. Returns the RCODE.
 */
uint16_t chaos_answer(const struct exchange *x, const struct conf *conf, struct reply *reply);

#endif
