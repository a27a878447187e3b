/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The transports of SIP (RFC 3263 4.1, RFC 4168, RFC 7118) as NAPTR services and SRV prefixes.
 * The orders are those that the field uses: TLS before TCP before UDP.
 */
#include "publish/transport.h"

#include <strings.h>

const struct transport transports[] = {
	{ "tls", "TLS", "SIPS+D2T", "_sips._tcp", 5061, 50, true },
	{ "tcp", "TCP", "SIP+D2T", "_sip._tcp", 5060, 90, false },
	{ "udp", "UDP", "SIP+D2U", "_sip._udp", 5060, 100, false },
	{ "wss", "secure WebSocket", "SIPS+D2W", "_sips._ws", 443, 0, true },
	{ "ws", "WebSocket", "SIP+D2W", "_sip._ws", 80, 0, false },
	{ "tls-sctp", "TLS over SCTP", "SIPS+D2S", "_sips._sctp", 5061, 0, true },
	{ "sctp", "SCTP", "SIP+D2S", "_sip._sctp", 5060, 0, false },
	{ .name = NULL },
};

const struct transport *transport_by_name(const char *name, size_t size)
{
	for (const struct transport *t = transports; t->name != NULL; t++)
		if (strlen(t->name) == size && strncasecmp(t->name, name, size) == 0)
			return t;
	return NULL;
}

const struct transport *transport_by_service(struct slice service)
{
	for (const struct transport *t = transports; t->name != NULL; t++)
		if (strlen(t->service) == service.size &&
		    strncasecmp(t->service, (const char *)service.data, service.size) == 0)
			return t;
	return NULL;
}
