/* SPDX-License-Identifier: MIT */
#ifndef TEL_SIP_URI_H
#define TEL_SIP_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "tel/sip_host.h"
#include "tel/transport.h"

/* A SIP or SIPS URI as far as finding its server goes. The slices point into what was read. */
struct sip_uri {
	bool secure;       /* sips: */
	struct slice user; /* as written, escapes and all; empty without one */
	bool phone;        /* user=phone: the user part is a telephone number */
	struct sip_host host;
	uint16_t port; /* 0: none given */
	bool has_maddr;
	struct sip_host maddr;
	bool has_transport;
	enum transport transport; /* TRANSPORT_NONE with has_transport: one that we do not know */
};

/*
 * Reads a URI by the grammar of RFC 3261 25.1, whole: nothing may be left over.
 * -EINVAL: it is none, and *why is a sentence about it (static storage).
 */
int sip_uri_parse(struct slice text, struct sip_uri *ret, const char **why);

/*
 * The user part as text: what "%2B" stands for is "+". At most room octets with the final NUL.
 * -EINVAL: no user part, or a NUL in it; -EMSGSIZE: longer than room.
 */
int sip_user_decode(const struct sip_uri *uri, char *ret, size_t room);

#endif
