/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UDP in batches: one system call takes up to 64 requests, one sends the responses. Everything
 * that a batch needs is laid out once when the socket is opened; the kernel writes the peer's
 * address where a request's origin is, and the response goes out from there.
 *
 * A socket that is bound to no address in particular must answer from the address that it was
 * asked at, or clients will not take the answer: the kernel tells it beside each request (RFC
 * 3542 6.2), and the same octets send the response from there. Without the interface: the way back is
 * for the routes to say, as requests may come in where no route to their sender leads out.
 */
#include "server/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

enum {
	BATCH = 64,
	ROUNDS_MAX = 16,
	BUFFER = 4 << 20,
	IN_ROOM = 65536 + 320, /* all buffers at one stride of 64 KiB would share cache lines */
	OUT_ROOM = 8192 + 320,
};

struct batch {
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_iov[BATCH], out_iov[BATCH];
	struct origin origin[BATCH];
	uint8_t in_wire[BATCH][IN_ROOM];
	uint8_t out_wire[BATCH][OUT_ROOM];
};

static bool is_any_address(const struct conf_address *address)
{
	const struct sockaddr_in *v4 = (const void *)&address->socket;
	const struct sockaddr_in6 *v6 = (const void *)&address->socket;

	return address->socket.ss_family == AF_INET ? v4->sin_addr.s_addr == htonl(INADDR_ANY) :
						      IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

static int set_options(int fd, const struct conf_address *address)
{
	int one = 1, size = BUFFER;
	bool v6 = address->socket.ss_family == AF_INET6;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0 ||
	    (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0))
		return -errno;
	if (is_any_address(address) &&
	    (v6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one)) :
		  setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one))) != 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

static void lay_out(struct batch *batch)
{
	for (int i = 0; i < BATCH; i++) {
		struct msghdr *in = &batch->in[i].msg_hdr;

		batch->in_iov[i] = (struct iovec){ batch->in_wire[i], 65535 };
		in->msg_iov = &batch->in_iov[i];
		in->msg_iovlen = 1;
		in->msg_name = &batch->origin[i].peer;
		in->msg_control = batch->origin[i].control;
	}
}

int udp_open(struct udp *udp, const struct conf_address *address)
{
	int fd = socket(address->socket.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct batch *batch = calloc(1, sizeof(*batch));
	int err = fd < 0 ? -errno : batch == NULL ? -ENOMEM : set_options(fd, address);

	if (err == 0 && bind(fd, (const struct sockaddr *)&address->socket, address->size) != 0)
		err = -errno;
	if (err != 0) {
		if (fd >= 0)
			close(fd);
		free(batch);
		return err;
	}
	lay_out(batch);
	*udp = (struct udp){ .event = EVENT_UDP, .socket = fd, .batch = batch };
	return 0;
}

void udp_close(struct udp *udp)
{
	close(udp->socket);
	free(udp->batch);
}

static int receive(struct udp *udp)
{
	struct batch *batch = udp->batch;

	for (int i = 0; i < BATCH; i++) {
		batch->in[i].msg_hdr.msg_namelen = sizeof(batch->origin[i].peer);
		batch->in[i].msg_hdr.msg_controllen = sizeof(batch->origin[i].control);
	}
	return recvmmsg(udp->socket, batch->in, BATCH, MSG_DONTWAIT, NULL);
}

/* Sends the first count responses; one that the kernel refuses is left out. */
static void send_all(const struct udp *udp, int count)
{
	for (int sent = 0; sent < count;) {
		int n = sendmmsg(udp->socket, udp->batch->out + sent, (unsigned)(count - sent), 0);

		if (n < 0 && errno == EINTR)
			continue;
		sent += n > 0 ? n : 1;
	}
}

/* What the kernel tells of a request becomes what it is told of the response. */
static void clear_interface(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *info = (void *)CMSG_DATA(c);

			info->ipi_ifindex = 0;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo *info = (void *)CMSG_DATA(c);

			info->ipi6_ifindex = 0; /* a link-local sender has it in its address */
		}
	}
}

static void answer_batch(struct udp *udp, struct worker *worker, int count)
{
	struct batch *batch = udp->batch;
	int ready = 0;

	for (int i = 0; i < count; i++) {
		struct msghdr *in = &batch->in[i].msg_hdr, *out = &batch->out[ready].msg_hdr;
		struct origin *origin = &batch->origin[i];
		struct slice request = slice_make(batch->in_wire[i], batch->in[i].msg_len);
		size_t size = 0;

		origin->peer_size = in->msg_namelen;
		origin->control_size = in->msg_controllen;
		if (origin->control_size > 0)
			clear_interface(in);
		origin->socket = udp->socket;
		if (request_answer(&worker->responder, origin, request, batch->out_wire[ready],
				   &size, NULL) != RESPONSE_READY)
			continue;
		batch->out_iov[ready] = (struct iovec){ batch->out_wire[ready], size };
		*out = (struct msghdr){ .msg_name = &origin->peer,
					.msg_namelen = origin->peer_size,
					.msg_iov = &batch->out_iov[ready],
					.msg_iovlen = 1,
					.msg_control = origin->control_size > 0 ? origin->control :
										  NULL,
					.msg_controllen = origin->control_size };
		ready++;
	}
	send_all(udp, ready);
}

void udp_serve(struct udp *udp, struct worker *worker)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		int count = receive(udp);

		if (count <= 0 || !worker_renew(worker))
			return;
		answer_batch(udp, worker, count);
		if (count < BATCH)
			return;
	}
}

void udp_send(const struct origin *origin, const uint8_t *wire, size_t size)
{
	struct iovec iov = { (void *)(uintptr_t)wire, size };
	struct msghdr message = {
		.msg_name = (void *)(uintptr_t)&origin->peer,
		.msg_namelen = origin->peer_size,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = origin->control_size > 0 ? (void *)(uintptr_t)origin->control : NULL,
		.msg_controllen = origin->control_size,
	};

	if (sendmsg(origin->socket, &message, 0) < 0)
		log_debug("a response could not be sent: %s", strerror(errno));
}
