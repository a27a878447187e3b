/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_OUTBOX_H
#define SERVER_OUTBOX_H

#include "server/job.h"

enum {
	OUTBOX_MAX = 64, /* responses that wait at the most; what a segmented send may hold */
	OUTBOX_RESPONSE = 8192, /* octets that there is always room for */
	OUTBOX_ROOM = 64 << 10,
};

/*
 * Responses of one UDP socket that go out together. Those to the same peer that are equally long
 * leave as one message, which kernel or network card takes apart again.
 */
struct outbox {
	int socket;
	bool *segments; /* whether it may send them; false from the moment on when a card could not */
	size_t count;
	size_t used;                             /* octets of wire */
	const struct origin *origin[OUTBOX_MAX]; /* whom each response is for */
	uint16_t peer[OUTBOX_MAX];               /* the first response to the same peer */
	uint64_t order[OUTBOX_MAX];              /* by peer and falling size */
	struct iovec response[OUTBOX_MAX];       /* in this order */
	struct mmsghdr message[OUTBOX_MAX];
	_Alignas(struct cmsghdr) uint8_t control[OUTBOX_MAX][ORIGIN_CONTROL];
	uint8_t seen[128]; /* by a hash of the peer: a response to it, counted from 1 */
	uint8_t wire[OUTBOX_ROOM];
};

/* Whether the kernel knows UDP_SEGMENT. */
bool outbox_can_segment(int socket);

/*
 * What is put in from now on goes out by this socket; what waits for another one is sent. Once, the outbox
 * was all zeros.
 */
void outbox_use(struct outbox *box, int socket, bool *segments);

/* Where the next response may be written: OUTBOX_RESPONSE octets. May send what waits. */
uint8_t *outbox_room(struct outbox *box);

/* What was written there, size octets, is a response to origin, which must stay until it is sent. */
void outbox_add(struct outbox *box, const struct origin *origin, size_t size);

/* Sends all; a response that the kernel refuses is left out. */
void outbox_send(struct outbox *box);

#endif
