/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses for people. */
#include "server/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

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
