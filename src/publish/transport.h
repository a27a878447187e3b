/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUBLISH_TRANSPORT_H
#define PUBLISH_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* A way to reach a SIP domain, and how DNS writes it. */
struct transport {
	const char *name;    /* "tls" */
	const char *title;   /* "TLS" */
	const char *service; /* of the NAPTR record, "SIPS+D2T" */
	const char *prefix;  /* of the SRV records, "_sips._tcp" */
	uint16_t port;       /* where nothing else is said */
	uint16_t order;      /* of the NAPTR record; 0: shown, but not published here */
	bool tls;
};

/* All that are known, those that are published first; ends with a NULL name. */
extern const struct transport transports[];

/* "tls"; NULL: there is none of that name. */
const struct transport *transport_by_name(const char *name, size_t size);

/* "SIPS+D2T" in any letter case; NULL: not a service of SIP. */
const struct transport *transport_by_service(struct slice service);

#endif
