/* SPDX-License-Identifier: MIT */
#ifndef TEL_SIP_VIA_H
#define TEL_SIP_VIA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "tel/sip_host.h"
#include "tel/transport.h"

/* The topmost Via as far as sending the response goes. The slices point into what was read. */
struct sip_via {
	enum transport transport; /* TRANSPORT_NONE: one that we do not know */
	struct sip_host sent_by;
	uint16_t port; /* 0: none given */
	bool has_maddr;
	struct sip_host maddr;
	bool has_received;
	struct sip_host received; /* an address */
	uint16_t rport;           /* 0: none given */
};

/*
 * "SIP/2.0/UDP host:port;received=192.0.2.1;rport=5070" (RFC 3261 20.42, RFC 3581); what stands
 * behind a comma is another Via. -EINVAL: *why is a sentence about it (static storage).
 */
int sip_via_parse(struct slice text, struct sip_via *ret, const char **why);

#endif
