/* SPDX-License-Identifier: MIT */
#ifndef TEL_NAPTR_H
#define TEL_NAPTR_H

#include <stdint.h>

#include "base/slice.h"
#include "base/writer.h"

/* The RDATA of a NAPTR record (RFC 3403 4.1). The slices point into what was read. */
struct naptr {
	uint16_t order;
	uint16_t preference;
	struct slice flags;
	struct slice services;
	struct slice regexp;
	struct slice replacement; /* a name in wire form, not compressed; one zero octet: none */
};

/* From uncompressed RDATA. -EBADMSG: cut short, too long, or the replacement is no name. */
int naptr_read(struct slice rdata, struct naptr *ret);

/*
 * As RDATA. An empty replacement is written as the root. -EMSGSIZE: a string is longer than its
 * 255 octets, or the writer has not the room; nothing is written then.
 */
int naptr_write(struct writer *w, const struct naptr *n);

/*
 * Whether the record does what its author meant, and is let through by others on the way: flags
 * empty, one of S A U P, or "se" as Windows and Cisco publish it, in either letter case; no
 * control characters in the services; not both a regexp and a replacement; and a regexp, where
 * there is one, that passes expression_check(). All else passes: records are served as published.
 * -EINVAL: *why is a sentence about it (static storage).
 */
int naptr_check(const struct naptr *n, const char **why);

#endif
