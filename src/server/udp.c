/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UDP in batches: one system call takes up to 64 messages, one sends the responses. Everything
 * that a batch needs is laid out once, for all sockets of a worker; the kernel writes the peer's
 * address where a request's origin is, and the response goes out from there.
 *
 * A message may hold more than one request: where one peer sends several datagrams of one size, the
 * kernel hands them over as one run (UDP_GRO, udp(7)) and says beside it how long each is, the last
 * may be shorter. The way back is the outbox's.
 *
 * What is small lies close together: the first octets of each message, which are all of nearly every one,
 * are in one place, and only what is longer touches a buffer that takes the longest.
 *
 * A socket that is bound to no address in particular must answer from the address that it was
 * asked at, or clients will not take the answer: the kernel tells it beside each request (RFC
 * 3542 6.2), and the same octets send the response from there. Without the interface: the way back is
 * for the routes to say, as requests may come in where no route to their sender leads out.
 */
#include "server/udp.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/outbox.h"

enum {
	BATCH = 64,
	ROUNDS_MAX = 16,
	BUFFER = 4 << 20,
	NEAR = 1536, /* octets of a message that are kept close */
	FAR = 65536, /* and all others that there may be */
	GAP = 64,    /* at a stride of a power of two, buffers would share cache lines */
};

/*
 * A message may hold many requests, and a call many messages; they are answered in runs of no more than
 * this, all read before the first is answered.
 */
enum { RUN = OUTBOX_MAX };

struct batch {
	struct mmsghdr in[BATCH];
	struct iovec in_iov[BATCH][2];
	int in_used; /* messages that the last call wrote to */
	struct origin origin[BATCH];
	struct request run[RUN];
	size_t run_used;
	int64_t began_us; /* what is read next waits since then */
	struct outbox outbox;
	uint8_t near[BATCH][NEAR + GAP];
	uint8_t far[BATCH][NEAR + FAR + GAP]; /* mostly never touched, and then no memory */
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
	/* where the kernel can't, each message is one request */
	setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

struct batch *batch_new(void)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (batch == NULL)
		return NULL;
	for (int i = 0; i < BATCH; i++) {
		struct msghdr *in = &batch->in[i].msg_hdr;

		batch->in_iov[i][0] = (struct iovec){ batch->near[i], NEAR };
		batch->in_iov[i][1] = (struct iovec){ batch->far[i] + NEAR, FAR };
		in->msg_iov = batch->in_iov[i];
		in->msg_iovlen = 2;
		in->msg_name = &batch->origin[i].peer;
		in->msg_control = batch->origin[i].control;
	}
	batch->in_used = BATCH;
	return batch;
}

void batch_free(struct batch *batch)
{
	free(batch);
}

int udp_open(struct udp *udp, const struct conf_address *address)
{
	int fd = socket(address->socket.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err = fd < 0 ? -errno : set_options(fd, address);

	if (err == 0 && bind(fd, (const struct sockaddr *)&address->socket, address->size) != 0)
		err = -errno;
	if (err != 0) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	*udp = (struct udp){ .event = EVENT_UDP, .socket = fd, .segments = outbox_can_segment(fd) };
	return 0;
}

void udp_close(struct udp *udp)
{
	close(udp->socket);
}

uint64_t udp_drops(const struct udp *udp)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(udp->socket, SOL_SOCKET, SO_MEMINFO, info, &size) != 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}

static int receive(struct batch *batch, int socket)
{
	for (int i = 0; i < batch->in_used; i++) {
		batch->in[i].msg_hdr.msg_namelen = sizeof(batch->origin[i].peer);
		batch->in[i].msg_hdr.msg_controllen = sizeof(batch->origin[i].control);
	}
	batch->in_used = recvmmsg(socket, batch->in, BATCH, MSG_DONTWAIT, NULL);
	if (batch->in_used < 0)
		batch->in_used = 0;
	return batch->in_used;
}

/*
 * What the kernel tells beside a message: the size of the requests in it, 0 where it is one. What it
 * tells of our address becomes what it is told of the response.
 */
static size_t take_control(struct msghdr *in, struct origin *origin)
{
	_Alignas(struct cmsghdr) uint8_t kept[ORIGIN_CONTROL];
	size_t kept_size = 0;
	int segment = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(in); c != NULL; c = CMSG_NXTHDR(in, c)) {
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			memcpy(&segment, CMSG_DATA(c), sizeof(segment));
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *info = (void *)CMSG_DATA(c);

			info->ipi_ifindex = 0;
			kept_size = CMSG_SPACE(sizeof(*info));
			memcpy(kept, c, kept_size);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo *info = (void *)CMSG_DATA(c);

			info->ipi6_ifindex = 0; /* a link-local sender has it in its address */
			kept_size = CMSG_SPACE(sizeof(*info));
			memcpy(kept, c, kept_size);
		}
	}
	memcpy(origin->control, kept, kept_size);
	origin->control_size = kept_size;
	return segment > 0 ? (size_t)segment : 0;
}

/* The octets of a message in one piece. */
static struct slice message_octets(struct batch *batch, int index)
{
	size_t size = batch->in[index].msg_len;

	if (size <= NEAR)
		return slice_make(batch->near[index], size);
	memcpy(batch->far[index], batch->near[index], NEAR);
	return slice_make(batch->far[index], size);
}

/* Answers the updates of a run, or all else; returns how many there were. */
static size_t answer_part(struct batch *batch, struct worker *worker, bool updates)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->run_used; i++) {
		struct request *request = &batch->run[i];

		if ((request->exchange.opcode == KNOT_OPCODE_UPDATE) != updates)
			continue;

		uint8_t *wire = outbox_room(&batch->outbox);
		size_t size = 0;
		if (request_reply(&worker->responder, request, wire, &size, NULL) == RESPONSE_READY)
			outbox_add(&batch->outbox, request->origin, size);
		count++;
	}
	outbox_send(&batch->outbox);
	return count;
}

/* Queries wait for no update: they are answered and gone before the first signature is looked at. */
static void answer_run(struct batch *batch, struct worker *worker)
{
	request_prefetch(&worker->responder, batch->run, batch->run_used);

	bool more = answer_part(batch, worker, false) < batch->run_used;
	batch->began_us = count_time(&worker->responder.counts, batch->began_us);
	if (more)
		answer_part(batch, worker, true);
	batch->run_used = 0;
}

static void read_message(struct batch *batch, struct worker *worker, int index)
{
	struct msghdr *in = &batch->in[index].msg_hdr;
	struct origin *origin = &batch->origin[index];
	struct slice octets = message_octets(batch, index);
	size_t segment = 0;

	origin->peer_size = in->msg_namelen;
	origin->socket = batch->outbox.socket;
	origin->control_size = 0;
	if (in->msg_controllen > 0)
		segment = take_control(in, origin);
	if (segment == 0 || segment > octets.size)
		segment = octets.size;
	for (size_t at = 0, size; at < octets.size; at += size) {
		size = octets.size - at < segment ? octets.size - at : segment;
		if (batch->run_used == RUN)
			answer_run(batch, worker);
		request_read(&worker->responder, &batch->run[batch->run_used++], origin,
			     slice_make(octets.data + at, size));
	}
}

static void answer_batch(struct udp *udp, struct worker *worker, int count)
{
	struct batch *batch = worker->batch;

	outbox_use(&batch->outbox, udp->socket, &udp->segments);
	for (int i = 0; i < count; i++)
		read_message(batch, worker, i);
	answer_run(batch, worker);
}

void udp_serve(struct udp *udp, struct worker *worker)
{
	worker->batch->began_us = clock_monotonic_us();
	for (int round = 0; round < ROUNDS_MAX; round++) {
		int count = receive(worker->batch, udp->socket);

		if (count <= 0 || !worker_renew(worker))
			return;
		answer_batch(udp, worker, count);
		if (count < BATCH)
			return;
	}
}

void udp_respond(struct udp *udp, struct worker *worker, struct job *job)
{
	struct outbox *box = &worker->batch->outbox;

	outbox_use(box, udp->socket, &udp->segments);

	uint8_t *wire = outbox_room(box);
	size_t size = request_finish(job, wire);
	if (size > 0)
		outbox_add(box, &job->origin, size);
}

void udp_flush(struct worker *worker)
{
	outbox_send(&worker->batch->outbox);
}
