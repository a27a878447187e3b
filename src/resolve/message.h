/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_MESSAGE_H
#define RESOLVE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum {
	MESSAGE_RECORDS_MAX = 512, /* of the answer section; what is beyond is not looked at */
	MESSAGE_ALIASES_MAX = 16,  /* CNAMEs in a row */
};

/* What a response says about its question. */
struct message {
	uint8_t rcode;
	bool alias;                  /* there was a CNAME */
	const struct slice *records; /* RDATA of the type asked for, in the arena, names expanded */
	size_t count;
	uint32_t ttl; /* seconds: the least on the chain; without records that of the negative
			 answer, 0 where it has none */
};

/*
 * Reads a response (RFC 1035 4.1). -EBADMSG: it is none, or is broken before the end of its answer
 * section; -ENOMEM.
 */
int message_read(struct message *ret, struct slice packet, struct arena *arena);

#endif
