/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_SOURCE_H
#define RESOLVE_SOURCE_H

#include "onnet/resolve.h"

/* Sockets that never send, to ask the kernel for its routes. source_init() or source_done(). */
struct source {
	int v4;
	int v6;
};

void source_init(struct source *source);
void source_done(struct source *source);

/* A machine_source; arg is the struct source. */
int source_find(void *arg, const union onnet_address *destination, union onnet_address *ret);

#endif
