/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_ALIVE_H
#define SERVER_ALIVE_H

#include "server/observed.h"

/* Whether the server's threads go on. Looked at by one thread, every now and then. */
struct alive;

int alive_new(struct alive **ret, struct observed *observed);
void alive_free(struct alive *alive);

/*
 * Whether each thread has done something, or had nothing to do, within the last limit_us microseconds. Asks
 * the workers for a sign that the next look will find, so it has to be called several times in that time.
 */
bool alive_look(struct alive *alive, int64_t limit_us);

#endif
