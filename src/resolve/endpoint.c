/* SPDX-License-Identifier: MIT */
/*
 * Endpoints: transport, address and port, which is what a request is sent to and what failures are
 * remembered by. "192.0.2.1:5060/udp" and "[2001:db8::1]:5061/tls" are how people write them.
 */
#include "resolve/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tel/sip_host.h"
#include "tel/transport.h"

/* The public names are those of tel/, number by number. */
_Static_assert((int)ONNET_UDP == (int)TRANSPORT_UDP && (int)ONNET_TCP == (int)TRANSPORT_TCP &&
		       (int)ONNET_TLS == (int)TRANSPORT_TLS &&
		       (int)ONNET_SCTP == (int)TRANSPORT_SCTP &&
		       (int)ONNET_TLS_SCTP == (int)TRANSPORT_TLS_SCTP &&
		       (int)ONNET_WS == (int)TRANSPORT_WS && (int)ONNET_WSS == (int)TRANSPORT_WSS &&
		       (int)ONNET_TRANSPORTS == (int)TRANSPORT_COUNT - 1,
	       "transports have one numbering");

const char *onnet_transport_name(enum onnet_transport transport)
{
	return transport_facts((enum transport)transport)->name;
}

int onnet_transport_parse(enum onnet_transport *ret, const char *name)
{
	enum transport t = transport_find(slice_text(name));

	if (t == TRANSPORT_NONE)
		return -EINVAL;
	*ret = (enum onnet_transport)t;
	return 0;
}

union onnet_address address_v4(const uint8_t octets[4], uint16_t port)
{
	union onnet_address a;

	memset(&a, 0, sizeof(a));
	a.v4.sin_family = AF_INET;
	a.v4.sin_port = htons(port);
	memcpy(&a.v4.sin_addr, octets, 4);
	return a;
}

union onnet_address address_v6(const uint8_t octets[16], uint16_t port)
{
	union onnet_address a;

	memset(&a, 0, sizeof(a));
	a.v6.sin6_family = AF_INET6;
	a.v6.sin6_port = htons(port);
	memcpy(&a.v6.sin6_addr, octets, 16);
	return a;
}

uint16_t address_port(const union onnet_address *address)
{
	return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port :
							  address->v4.sin_port);
}

void address_format(char ret[ADDRESS_TEXT_ROOM], const union onnet_address *address)
{
	const void *octets = address->any.sa_family == AF_INET6 ?
				     (const void *)&address->v6.sin6_addr :
				     (const void *)&address->v4.sin_addr;

	if (inet_ntop(address->any.sa_family, octets, ret, ADDRESS_TEXT_ROOM) == NULL)
		ret[0] = '\0';
}

bool endpoint_equal(const struct onnet_endpoint *a, const struct onnet_endpoint *b)
{
	const union onnet_address *x = &a->address;
	const union onnet_address *y = &b->address;

	if (a->transport != b->transport || x->any.sa_family != y->any.sa_family ||
	    address_port(x) != address_port(y))
		return false;
	if (x->any.sa_family == AF_INET6)
		return memcmp(&x->v6.sin6_addr, &y->v6.sin6_addr, 16) == 0 &&
		       x->v6.sin6_scope_id == y->v6.sin6_scope_id;
	return x->v4.sin_addr.s_addr == y->v4.sin_addr.s_addr;
}

int onnet_endpoint_parse(struct onnet_endpoint *ret, const char *text)
{
	const char *slash = strrchr(text, '/');
	struct onnet_endpoint e;
	struct sip_host host;
	struct slice rest;
	uint16_t port;
	const char *why;

	if (slash == NULL || onnet_transport_parse(&e.transport, slash + 1) < 0)
		return -EINVAL;

	/* "2001:db8::1:5060/udp" without brackets: the last colon is the port's. */
	const char *last = memrchr(text, ':', (size_t)(slash - text));
	const char *first = memchr(text, ':', (size_t)(slash - text));
	char bracketed[INET6_ADDRSTRLEN + 10];
	struct slice whole = slice_make(text, (size_t)(slash - text));
	if (text[0] != '[' && first != last && whole.size < INET6_ADDRSTRLEN + 6) {
		size_t head = (size_t)(last - text);

		bracketed[0] = '[';
		memcpy(bracketed + 1, text, head);
		bracketed[head + 1] = ']';
		memcpy(bracketed + head + 2, last, whole.size - head);
		whole = slice_make(bracketed, whole.size + 2);
	}

	if (sip_hostport_parse(whole, &host, &port, &rest, &why) < 0 || rest.size > 0 ||
	    port == 0 || host.kind == SIP_HOST_NAME)
		return -EINVAL;
	e.address = host.kind == SIP_HOST_IPV4 ? address_v4(host.address, port) :
						 address_v6(host.address, port);
	*ret = e;
	return 0;
}
