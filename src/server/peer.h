/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_PEER_H
#define SERVER_PEER_H

#include <sys/socket.h>

enum { PEER_TEXT_ROOM = 64 };

/* "192.0.2.1@5300", as onnet.yaml writes addresses. */
void peer_format(char ret[PEER_TEXT_ROOM], const struct sockaddr *peer);

#endif
