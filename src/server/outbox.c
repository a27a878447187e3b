/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sending in as few steps as it can take. What a datagram costs is the way through the kernel, not
 * its octets; with UDP_SEGMENT (udp(7)) a run of datagrams to one peer goes that way once, and is
 * taken apart at its end. All of a run are equally long, but for the last, which may be shorter:
 * so the responses are put in order by peer and falling size, and cut into such runs.
 *
 * Peers are told apart by their address and by the address of ours that they asked; a small table
 * finds those again that are in this outbox already. A peer that another one has driven out of the
 * table is taken for a new one, which costs a message and nothing else.
 *
 * A run that the kernel refuses (the path takes less than its datagrams, or a card can't compute
 * their checksums) is sent one by one.
 */
#include "server/outbox.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include "base/log.h"

enum {
	SEGMENT_MAX = 1232, /* octets that fit any path of IPv6 (RFC 8200 5) behind their headers */
	SEGMENTS_MAX = 64,  /* the kernel's limit */
	RUN_MAX = 65535 - 256, /* octets of a run; it has IP and UDP headers of its own */
};

bool outbox_can_segment(int socket)
{
	int off = 0;

	return setsockopt(socket, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof(off)) == 0;
}

void outbox_use(struct outbox *box, int socket, bool *segments)
{
	if (box->socket != socket)
		outbox_send(box);
	box->socket = socket;
	box->segments = segments;
}

uint8_t *outbox_room(struct outbox *box)
{
	if (box->count == OUTBOX_MAX || sizeof(box->wire) - box->used < OUTBOX_RESPONSE)
		outbox_send(box);
	return box->wire + box->used;
}

static bool same_peer(const struct origin *a, const struct origin *b)
{
	return a == b || (a->peer_size == b->peer_size && a->control_size == b->control_size &&
			  memcmp(&a->peer, &b->peer, a->peer_size) == 0 &&
			  memcmp(a->control, b->control, a->control_size) == 0);
}

static size_t peer_hash(const struct origin *origin)
{
	const uint8_t *port = (const uint8_t *)&origin->peer +
			      offsetof(struct sockaddr_in, sin_port);

	/* of all that a peer is, its port differs most */
	return ((unsigned)(port[0] << 8 | port[1]) * 0x9e37U >> 7) % 128;
}

/* The first response in the box to the same peer, as far as that is known. */
static size_t find_peer(struct outbox *box, size_t index, const struct origin *origin)
{
	if (index > 0 && same_peer(box->origin[index - 1], origin))
		return box->peer[index - 1];

	uint8_t *seen = &box->seen[peer_hash(origin)];
	if (*seen > 0 && same_peer(box->origin[*seen - 1], origin))
		return *seen - 1U;
	*seen = (uint8_t)(index + 1);
	return index;
}

/*
 * A response's place: peer, size (the largest first), index; and where its octets are. All in one
 * number, so that putting them in order is comparing numbers.
 */
static uint64_t place_make(size_t peer, size_t size, size_t index)
{
	return (uint64_t)peer << 32 | (uint64_t)(0xffff - size) << 16 | index;
}

static size_t place_index(uint64_t place)
{
	return place & 0xffff;
}

static size_t place_peer(uint64_t place)
{
	return (size_t)(place >> 32);
}

void outbox_add(struct outbox *box, const struct origin *origin, size_t size)
{
	size_t index = box->count++, at = index;
	size_t peer = find_peer(box, index, origin);
	uint64_t place = place_make(peer, size, index);

	box->origin[index] = origin;
	box->peer[index] = (uint16_t)peer;
	for (; at > 0 && box->order[at - 1] > place; at--) {
		box->order[at] = box->order[at - 1];
		box->response[at] = box->response[at - 1];
	}
	box->order[at] = place;
	box->response[at] = (struct iovec){ box->wire + box->used, size };
	box->used += size;
}

/* How many responses from the one at first on can go as one message. */
static size_t run_length(const struct outbox *box, size_t first)
{
	const struct iovec *response = box->response + first;
	size_t size = response->iov_len, left = box->count - first, total = size, length = 1;

	if (!*box->segments || size > SEGMENT_MAX)
		return 1;
	if (left > SEGMENTS_MAX)
		left = SEGMENTS_MAX;
	for (; length < left; length++) {
		if (place_peer(box->order[first + length]) != place_peer(box->order[first]) ||
		    total + response[length].iov_len > RUN_MAX)
			return length;
		total += response[length].iov_len;
		if (response[length].iov_len < size)
			return length + 1; /* the last of a run may be shorter */
	}
	return length;
}

/* What the kernel is told beside a message: our address, and how long its segments are. */
static void control_make(struct msghdr *message, uint8_t *control, const struct origin *origin,
			 size_t segment)
{
	struct cmsghdr *c;
	uint16_t size = (uint16_t)segment;

	message->msg_control = (void *)(uintptr_t)origin->control;
	message->msg_controllen = origin->control_size;
	if (segment == 0)
		return;
	memcpy(control, origin->control, origin->control_size);
	c = (void *)(control + origin->control_size);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(c), &size, sizeof(size));
	message->msg_control = control;
	message->msg_controllen = origin->control_size + CMSG_SPACE(sizeof(size));
}

static size_t make_messages(struct outbox *box)
{
	size_t count = 0;

	for (size_t first = 0, length; first < box->count; first += length) {
		const struct origin *origin = box->origin[place_index(box->order[first])];
		struct msghdr *message = &box->message[count].msg_hdr;

		length = run_length(box, first);
		*message = (struct msghdr){ .msg_name = (void *)(uintptr_t)&origin->peer,
					    .msg_namelen = origin->peer_size,
					    .msg_iov = &box->response[first],
					    .msg_iovlen = length };
		control_make(message, box->control[count], origin,
			     length > 1 ? box->response[first].iov_len : 0);
		count++;
	}
	return count;
}

/* A run that was refused, one by one. */
static void send_singly(const struct outbox *box, const struct msghdr *run)
{
	for (size_t i = 0; i < run->msg_iovlen; i++) {
		struct msghdr message = *run;

		message.msg_iov = &run->msg_iov[i];
		message.msg_iovlen = 1;
		message.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
		if (message.msg_controllen == 0)
			message.msg_control = NULL;
		if (sendmsg(box->socket, &message, 0) < 0)
			log_debug("a response could not be sent: %s", strerror(errno));
	}
}

void outbox_send(struct outbox *box)
{
	size_t count = box->count > 0 ? make_messages(box) : 0;

	for (size_t sent = 0; sent < count;) {
		int n = sendmmsg(box->socket, box->message + sent, (unsigned)(count - sent), 0);
		const struct msghdr *refused = &box->message[sent].msg_hdr;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 && refused->msg_iovlen > 1 &&
		    (errno == EINVAL || errno == EMSGSIZE || errno == EIO)) {
			if (errno == EIO)
				*box->segments = false; /* no card will do it later */
			send_singly(box, refused);
		}
		sent += n > 0 ? (size_t)n : 1;
	}
	if (box->count > 0)
		memset(box->seen, 0, sizeof(box->seen));
	box->count = 0;
	box->used = 0;
}
