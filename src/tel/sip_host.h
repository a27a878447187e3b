/* SPDX-License-Identifier: MIT */
#ifndef TEL_SIP_HOST_H
#define TEL_SIP_HOST_H

#include <stdint.h>

#include "base/slice.h"

enum sip_host_kind {
	SIP_HOST_NAME,
	SIP_HOST_IPV4,
	SIP_HOST_IPV6,
};

struct sip_host {
	enum sip_host_kind kind;
	struct slice text;   /* as written; of IPv6 what stands between the brackets */
	uint8_t address[16]; /* network order; the first 4 octets for IPv4 */
};

/*
 * host = hostname / IPv4address / IPv6reference (RFC 3261 25.1). The slice points into text.
 * -EINVAL: *why is a sentence about it (static storage).
 */
int sip_host_parse(struct slice text, struct sip_host *ret, const char **why);

/*
 * The same with ":port" behind it, and where it ends: *rest is what follows. *port is 0 without
 * one, also where the colon has nothing behind it, which the field writes. -EINVAL as above.
 */
int sip_hostport_parse(struct slice text, struct sip_host *ret, uint16_t *port, struct slice *rest,
		       const char **why);

#endif
