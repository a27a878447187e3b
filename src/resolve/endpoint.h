/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_ENDPOINT_H
#define RESOLVE_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "onnet/resolve.h"

enum { ADDRESS_TEXT_ROOM = INET6_ADDRSTRLEN };

/* From octets in network order; the port in the host's. */
union onnet_address address_v4(const uint8_t octets[4], uint16_t port);
union onnet_address address_v6(const uint8_t octets[16], uint16_t port);

/* In the host's order. */
uint16_t address_port(const union onnet_address *address);

/* Without the port and without brackets. */
void address_format(char ret[ADDRESS_TEXT_ROOM], const union onnet_address *address);

/* Whether it is the same transport, address and port (and zone, of a link-local address). */
bool endpoint_equal(const struct onnet_endpoint *a, const struct onnet_endpoint *b);

#endif
