/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * UDP past the kernel's stack. A BPF program of libknot at the interface hands each datagram to our
 * port over to the AF_XDP socket of the queue it came in by, as a frame in memory that is shared
 * with the kernel. The answer is written straight into a frame of the same memory and goes back the
 * way the request came: to the hardware address it came from, so no route and no neighbour is
 * looked up. Everything else, TCP above all, passes on to the kernel.
 *
 * The program looks at the frame's structure alone, so some of what the stack does is up to us:
 *
 * - The length in the UDP header (RFC 768) counts; the program holds it against the frame only, and
 *   libknot tells the one of the IP header.
 * - Fragments are dropped by the program, and nothing fragments what we send, so neither we nor the client may
 *   count on more than fits the interface's MTU.
 * - What was sent to a group or to everybody must not be answered (RFC 1122 3.2.1.3: such an
 *   address is no source).
 *
 * Checksums are not looked at: between virtual interfaces they are not even filled in, and network
 * cards check them.
 *
 * The program stays at the interface when we end. In order, we tell it to pass on everything; after
 * a crash it drops what it finds no socket for, until the next start takes it over.
 */
#include "server/xdp.h"

#include <dlfcn.h>
#include <errno.h>
#include <libknot/xdp/eth.h>
#include <libknot/xdp/xdp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	BATCH = 32, /* the kernel sends as many frames in one call where it copies them */
	ROUNDS_MAX = 16,
	PUSHES_MAX = 16,
	FRAME_MAX = 2048,
	UDP_HEADER = 8,
	HEADERS_V4 = 20 + UDP_HEADER,
	HEADERS_V6 = 40 + UDP_HEADER,
};

struct frames {
	knot_xdp_socket_t *socket;
	uint16_t payload_v4, payload_v6; /* the largest that the MTU lets through */
	knot_xdp_msg_t in[BATCH], out[BATCH];
	knot_xdp_msg_t *asked[BATCH]; /* those of in that hold a request */
	struct origin origin[BATCH];
	struct request request[BATCH];
};

/* What a response needs beside the peer's address, in an origin's control. */
struct way {
	uint8_t from[ETH_ALEN], to[ETH_ALEN];
	uint16_t vlan;
	knot_xdp_msg_flag_t flags;
	struct sockaddr_in6 own;
};

_Static_assert(sizeof(struct way) <= sizeof(((struct origin *)0)->control), "a way back fits");

/* What libknot needs: sockets, the program, and the maps of the program by their numbers. */
static int check_rights(struct text *why)
{
	static const struct {
		unsigned number;
		const char *name;
	} wanted[] = {
		{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
		{ CAP_NET_RAW, "CAP_NET_RAW" },
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	};
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int err = 0;

	if (syscall(SYS_capget, &header, data) != 0)
		return 0; /* what is missing will show */
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if ((data[0].effective & 1U << wanted[i].number) != 0)
			continue;
		text_printf(why, "%s %s", err == 0 ? "it needs" : " and", wanted[i].name);
		err = -EPERM;
	}
	return err;
}

static int check_kernel(struct text *why)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	int err = -errno;
	text_printf(why, "the kernel gives no AF_XDP socket: %s", strerror(-err));
	return err;
}

static int check_interface(const char *name, struct text *why)
{
	int mtu = if_nametoindex(name) != 0 ? knot_eth_mtu(name) : 0;

	if (mtu == 0) {
		text_puts(why, "there is no interface of this name");
		return -ENODEV;
	}
	if (mtu <= HEADERS_V6 + KNOT_WIRE_MIN_PKTSIZE || mtu > KNOT_XDP_MAX_MTU) {
		text_printf(why, "its MTU is %d; wanted is one from %d to %d", mtu,
			    HEADERS_V6 + KNOT_WIRE_MIN_PKTSIZE + 1, KNOT_XDP_MAX_MTU);
		return -EMSGSIZE;
	}
	return 0;
}

/* libbpf, below libknot, speaks to stderr on its own; one line is ours to write. */
static void hush_libraries(void)
{
	static const char *const setters[] = { "libbpf_set_print", "libxdp_set_print" };

	for (size_t i = 0; i < sizeof(setters) / sizeof(setters[0]); i++) {
		void *symbol = dlsym(RTLD_DEFAULT, setters[i]);
		void *(*set)(void *print);

		memcpy(&set, &symbol, sizeof(set));
		if (set != NULL)
			set(NULL);
	}
}

/* The frames are memory that the kernel locks. */
static void allow_memory(void)
{
	static const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &all);
}

/*
 * A program that is there already is used if it is libknot's, and never replaced. The queue of a
 * server that has just ended may still be on its way out.
 */
static int socket_open(knot_xdp_socket_t **ret, const struct conf_interface *interface, int queue)
{
	static const struct timespec pause = { .tv_nsec = 50000000 };
	int err = -EBUSY;

	for (int i = 0; err == -EBUSY && i < 20; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		err = knot_xdp_init(ret, interface->name, queue, KNOT_XDP_FILTER_UDP,
				    interface->port, 0, KNOT_XDP_LOAD_BPF_MAYBE, NULL);
	}
	return err;
}

/* What libknot's errors mean here. */
static const char *explain(int error)
{
	static const struct {
		int error;
		const char *text;
	} known[] = {
		{ KNOT_ENOENT, "another program than libknot's is there" },
		{ KNOT_EPROGRAM, "the kernel does not load the program" },
		{ KNOT_EFD, "the program can't be put there" },
		{ KNOT_ENOTSUP, "the kernel runs no program there" },
		{ -EPERM, "more rights are needed" },
		{ -EBUSY, "it is taken; does another server use it?" },
		{ -EOPNOTSUPP, "the driver can't" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].error == error)
			return known[i].text;
	return knot_strerror(error);
}

static int queue_open(struct xdp **ret, const struct conf_interface *interface, int queue,
		      struct text *why)
{
	struct xdp *xdp = calloc(1, sizeof(*xdp));
	struct frames *frames = calloc(1, sizeof(*frames));
	int mtu = knot_eth_mtu(interface->name);
	int err = xdp == NULL || frames == NULL || mtu < 0 ? KNOT_ENOMEM : KNOT_EOK;

	if (err == KNOT_EOK)
		err = socket_open(&frames->socket, interface, queue);
	if (err != KNOT_EOK) {
		free(xdp);
		free(frames);
		text_printf(why, "queue %d: %s", queue, explain(err));
		return err == KNOT_ENOMEM ? -ENOMEM : -EIO;
	}
	frames->payload_v4 = (uint16_t)(mtu - HEADERS_V4);
	frames->payload_v6 = (uint16_t)(mtu - HEADERS_V6);
	*xdp = (struct xdp){ .event = EVENT_XDP,
			     .socket = knot_xdp_socket_fd(frames->socket),
			     .frames = frames };
	for (int i = 0; i < BATCH; i++)
		frames->origin[i].xdp = xdp;
	*ret = xdp;
	return 0;
}

int xdp_open(struct xdp **ret, const struct conf_interface *interface, struct text *why)
{
	struct xdp *list = NULL;
	int err = check_rights(why);

	if (err == 0)
		err = check_kernel(why);
	if (err == 0)
		err = check_interface(interface->name, why);
	if (err != 0)
		return err;

	hush_libraries();
	allow_memory();
	int count = knot_eth_queues(interface->name);
	for (int i = count > 0 ? count : 1; err == 0 && i-- > 0;) {
		struct xdp *xdp;

		err = queue_open(&xdp, interface, i, why);
		if (err != 0)
			break;
		xdp->next = list;
		list = xdp;
	}
	if (err != 0)
		xdp_close(list);
	else
		*ret = list;
	return err;
}

void xdp_close(struct xdp *list)
{
	while (list != NULL) {
		struct xdp *next = list->next;

		knot_xdp_deinit(list->frames->socket);
		free(list->frames);
		free(list);
		list = next;
	}
}

const char *xdp_mode(const struct conf_interface *interface)
{
	return knot_eth_xdp_mode((int)if_nametoindex(interface->name)) == KNOT_XDP_MODE_FULL ?
		       "in the driver" :
		       "emulated by the kernel, as the driver can't";
}

/* Cuts the payload to what the UDP header says; false where that can't be, or nobody may answer. */
static bool take_datagram(knot_xdp_msg_t *in)
{
	const struct sockaddr_in6 *from = &in->ip_from; /* the port lies where IPv4 has it */
	uint8_t *payload = in->payload.iov_base;
	size_t most = in->payload.iov_len; /* beyond all bounds where the IP header lies */

	if (most == 0 || most > FRAME_MAX || (in->eth_to[0] & 1) != 0 || from->sin6_port == 0)
		return false;

	size_t size = (size_t)(payload[-4] << 8 | payload[-3]); /* RFC 768: "Length" */
	if (size < UDP_HEADER || size - UDP_HEADER > most)
		return false;
	in->payload.iov_len = size - UDP_HEADER;
	return true;
}

static void note_origin(const struct frames *frames, struct origin *origin,
			const knot_xdp_msg_t *in)
{
	bool v6 = (in->flags & KNOT_XDP_MSG_IPV6) != 0;
	struct way way = { .vlan = in->vlan_tci, .flags = in->flags, .own = in->ip_to };

	memcpy(way.from, in->eth_from, sizeof(way.from));
	memcpy(way.to, in->eth_to, sizeof(way.to));
	memcpy(origin->control, &way, sizeof(way));
	memcpy(&origin->peer, &in->ip_from, sizeof(in->ip_from));
	origin->peer_size = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	origin->payload_max = v6 ? frames->payload_v6 : frames->payload_v4;
}

/* Moves on what was sent: a few calls, as the kernel may take a part at a time. */
static void push(knot_xdp_socket_t *socket)
{
	for (int i = 0; i < PUSHES_MAX && knot_xdp_send_finish(socket) == KNOT_EAGAIN; i++)
		;
}

/* All are read before the first is answered: see request_prefetch(). Returns how many there are. */
static uint32_t read_batch(struct frames *frames, struct responder *responder, uint32_t count)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < count; i++) {
		knot_xdp_msg_t *in = &frames->in[i];
		struct origin *origin = &frames->origin[used];

		if (!take_datagram(in))
			continue;
		note_origin(frames, origin, in);
		request_read(responder, &frames->request[used], origin,
			     slice_make(in->payload.iov_base, in->payload.iov_len));
		frames->asked[used++] = in;
	}
	request_prefetch(responder, frames->request, used);
	return used;
}

static void answer_batch(struct frames *frames, struct worker *worker, uint32_t count)
{
	int64_t began_us = clock_monotonic_us();
	uint32_t used = read_batch(frames, &worker->responder, count), ready = 0, sent;

	for (; ready < used; ready++) {
		knot_xdp_msg_t *out = &frames->out[ready];
		size_t size = 0;

		if (knot_xdp_reply_alloc(frames->socket, frames->asked[ready], out) != KNOT_EOK)
			break; /* no frame is free: the line is full */
		if (request_reply(&worker->responder, &frames->request[ready],
				  out->payload.iov_base, &size, NULL) != RESPONSE_READY)
			size = 0;
		out->payload.iov_len =
			size; /* an empty one is not sent, and its frame is free again */
	}
	knot_xdp_send(frames->socket, frames->out, ready, &sent);
	push(frames->socket);
	count_time(&worker->responder.counts, began_us);
}

void xdp_serve(struct xdp *xdp, struct worker *worker)
{
	struct frames *frames = xdp->frames;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		uint32_t count = 0;

		if (knot_xdp_recv(frames->socket, frames->in, BATCH, &count, NULL) != KNOT_EOK ||
		    count == 0)
			return;
		knot_xdp_send_prepare(frames->socket);
		if (worker_renew(worker))
			answer_batch(frames, worker, count);
		knot_xdp_recv_finish(frames->socket, frames->in, count);
		/* libknot writes what a frame has, and leaves the rest as the last one had it */
		memset(frames->in, 0, count * sizeof(frames->in[0]));
		if (count < BATCH)
			return;
	}
}

void xdp_send(const struct origin *origin, const uint8_t *wire, size_t size)
{
	knot_xdp_socket_t *socket = origin->xdp->frames->socket;
	knot_xdp_msg_t request = { .seqno = 0 }, out;
	struct way way;
	uint32_t sent;

	memcpy(&way, origin->control, sizeof(way));
	memcpy(&request.ip_from, &origin->peer, sizeof(request.ip_from));
	memcpy(request.eth_from, way.from, sizeof(way.from));
	memcpy(request.eth_to, way.to, sizeof(way.to));
	request.ip_to = way.own;
	request.flags = way.flags;
	request.vlan_tci = way.vlan;

	knot_xdp_send_prepare(socket);
	if (size > origin->payload_max ||
	    knot_xdp_reply_alloc(socket, &request, &out) != KNOT_EOK) {
		log_debug("a response could not be sent");
		return;
	}
	memcpy(out.payload.iov_base, wire, size);
	out.payload.iov_len = size;
	knot_xdp_send(socket, &out, 1, &sent);
	push(socket);
}
