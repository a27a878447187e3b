/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses for people, and as what tells clients apart. */
#include "server/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

void peer_format(char ret[PEER_TEXT_ROOM], const struct sockaddr *peer)
{
	const struct sockaddr_in *v4 = (const void *)peer;
	const struct sockaddr_in6 *v6 = (const void *)peer;
	char address[INET6_ADDRSTRLEN] = "?";
	uint16_t port = 0;

	if (peer->sa_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, address, sizeof(address));
		port = ntohs(v4->sin_port);
	} else if (peer->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, address, sizeof(address));
		port = ntohs(v6->sin6_port);
	}
	snprintf(ret, PEER_TEXT_ROOM, "%s@%u", address, port);
}

size_t peer_address(uint8_t ret[PEER_ADDRESS_MAX], const struct sockaddr *peer)
{
	const struct sockaddr_in *v4 = (const void *)peer;
	const struct sockaddr_in6 *v6 = (const void *)peer;

	if (peer->sa_family == AF_INET) {
		memcpy(ret, &v4->sin_addr, 4);
		return 4;
	}
	if (peer->sa_family != AF_INET6)
		return 0;
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		memcpy(ret, v6->sin6_addr.s6_addr + 12, 4);
		return 4;
	}
	memcpy(ret, &v6->sin6_addr, 16);
	return 16;
}

/* The address with what lies beyond the prefix cleared; its size. */
static size_t prefix(uint8_t ret[PEER_ADDRESS_MAX], const struct sockaddr *peer,
		     struct peer_bits bits)
{
	size_t size = peer_address(ret, peer);
	size_t length = size == 4 ? bits.v4 : bits.v6;

	for (size_t i = length / 8; i < size; i++) {
		unsigned kept = i == length / 8 ? 0xff00u >> length % 8 : 0;

		ret[i] = (uint8_t)(ret[i] & kept);
	}
	return size;
}

uint64_t peer_hash(const uint8_t key[SIPHASH_KEY], const struct sockaddr *peer,
		   struct peer_bits bits)
{
	uint8_t octets[PEER_ADDRESS_MAX + 1];
	size_t size = prefix(octets, peer, bits);

	/* 2001:db8::/64 is another one than 2001:db8::/56, which begins alike */
	octets[size] = (uint8_t)(size == 4 ? bits.v4 : bits.v6);
	return siphash(key, octets, size + 1);
}

void peer_prefix_format(char ret[PEER_TEXT_ROOM], const struct sockaddr *peer,
			struct peer_bits bits)
{
	uint8_t octets[PEER_ADDRESS_MAX] = { 0 };
	char address[INET6_ADDRSTRLEN] = "?";
	size_t size = prefix(octets, peer, bits);

	inet_ntop(size == 4 ? AF_INET : AF_INET6, octets, address, sizeof(address));
	snprintf(ret, PEER_TEXT_ROOM, "%s/%u", address, (unsigned)(size == 4 ? bits.v4 : bits.v6));
}
