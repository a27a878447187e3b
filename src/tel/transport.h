/* SPDX-License-Identifier: MIT */
#ifndef TEL_TRANSPORT_H
#define TEL_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum transport {
	TRANSPORT_NONE = 0,
	TRANSPORT_UDP,
	TRANSPORT_TCP,
	TRANSPORT_TLS,
	TRANSPORT_SCTP,
	TRANSPORT_TLS_SCTP,
	TRANSPORT_WS,
	TRANSPORT_WSS,
	TRANSPORT_COUNT,
};

struct transport_facts {
	const char *name;       /* in Via and in transport=, lower case */
	const char *service;    /* of NAPTR records */
	const char *srv;        /* labels in front of the domain */
	uint16_t port;          /* where nothing names one */
	bool secure;            /* fit for sips: */
	enum transport secured; /* what it is under sips:; TRANSPORT_NONE: there is no such thing */
};

/* Of any transport, TRANSPORT_NONE included: empty strings there. Static storage. */
const struct transport_facts *transport_facts(enum transport t);

/* By name, in any letter case. TRANSPORT_NONE: not one of them. */
enum transport transport_find(struct slice name);

/* By NAPTR service, "SIPS+D2T", in any letter case. TRANSPORT_NONE: not one of them. */
enum transport transport_find_service(struct slice service);

/* Whether a NAPTR service is about SIP at all: SIP+D2 or SIPS+D2 and whatever letter. */
bool transport_service_is_sip(struct slice service);

#endif
