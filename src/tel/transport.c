/* SPDX-License-Identifier: MIT */
/*
 * What there is to know about the transports of SIP, in one table: how NAPTR and SRV records call
 * them (RFC 3263 4.1; RFC 4168 for SCTP; RFC 7118 for WebSocket), their ports (RFC 3261 19.1.2,
 * RFC 7118 8.2), and what becomes of them under sips:. "transport=tls" is a deprecated spelling of
 * TLS over TCP (RFC 5630 3.1.4) that everybody uses.
 */
#include "tel/transport.h"

#include <strings.h>

static const struct transport_facts table[TRANSPORT_COUNT] = {
	[TRANSPORT_NONE] = { "", "", "", 0, false, TRANSPORT_NONE },
	/* There is no SIPS+D2U: TLS does not run over UDP. */
	[TRANSPORT_UDP] = { "udp", "SIP+D2U", "_sip._udp", 5060, false, TRANSPORT_NONE },
	[TRANSPORT_TCP] = { "tcp", "SIP+D2T", "_sip._tcp", 5060, false, TRANSPORT_TLS },
	[TRANSPORT_TLS] = { "tls", "SIPS+D2T", "_sips._tcp", 5061, true, TRANSPORT_TLS },
	[TRANSPORT_SCTP] = { "sctp", "SIP+D2S", "_sip._sctp", 5060, false, TRANSPORT_TLS_SCTP },
	[TRANSPORT_TLS_SCTP] = { "tls-sctp", "SIPS+D2S", "_sips._sctp", 5061, true,
				 TRANSPORT_TLS_SCTP },
	[TRANSPORT_WS] = { "ws", "SIP+D2W", "_sip._ws", 80, false, TRANSPORT_WSS },
	[TRANSPORT_WSS] = { "wss", "SIPS+D2W", "_sips._ws", 443, true, TRANSPORT_WSS },
};

const struct transport_facts *transport_facts(enum transport t)
{
	return &table[t < TRANSPORT_COUNT ? t : TRANSPORT_NONE];
}

static bool equal(struct slice a, const char *b)
{
	return a.size == strlen(b) && strncasecmp((const char *)a.data, b, a.size) == 0;
}

enum transport transport_find(struct slice name)
{
	for (enum transport t = TRANSPORT_UDP; t < TRANSPORT_COUNT; t++)
		if (equal(name, table[t].name))
			return t;
	return TRANSPORT_NONE;
}

enum transport transport_find_service(struct slice service)
{
	for (enum transport t = TRANSPORT_UDP; t < TRANSPORT_COUNT; t++)
		if (equal(service, table[t].service))
			return t;
	return TRANSPORT_NONE;
}

bool transport_service_is_sip(struct slice service)
{
	static const char *const prefixes[] = { "SIP+D2", "SIPS+D2" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t size = strlen(prefixes[i]);

		if (service.size > size &&
		    strncasecmp((const char *)service.data, prefixes[i], size) == 0)
			return true;
	}
	return false;
}
