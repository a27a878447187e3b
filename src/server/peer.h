/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_PEER_H
#define SERVER_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/siphash.h"

enum { PEER_TEXT_ROOM = 64, PEER_ADDRESS_MAX = 16 };

/* "192.0.2.1@5300", as onnet.yaml writes addresses. */
void peer_format(char ret[PEER_TEXT_ROOM], const struct sockaddr *peer);

/* The octets of the address, 4 or 16; how many. An IPv4 address mapped into IPv6 is an IPv4 address. */
size_t peer_address(uint8_t ret[PEER_ADDRESS_MAX], const struct sockaddr *peer);

/* How many leading bits of an address tell peers apart. */
struct peer_bits {
	uint8_t v4, v6;
};

/* A hash of that prefix, and "192.0.2.0/24". */
uint64_t peer_hash(const uint8_t key[SIPHASH_KEY], const struct sockaddr *peer,
		   struct peer_bits bits);
void peer_prefix_format(char ret[PEER_TEXT_ROOM], const struct sockaddr *peer,
			struct peer_bits bits);

#endif
