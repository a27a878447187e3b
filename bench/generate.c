/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A load of queries over UDP, from one core, and a check of every answer.
 *
 *	bench-generate [-1nsuw] [-a ADDRESS] [-p PORT] [-l LANES] [-o OUTSTANDING]
 *		       [-r RATE] [-t SECONDS] FILE
 *
 * Three ways to ask the queries of FILE (form: questions.c), over 127.0.0.1 or to another IPv4
 * ADDRESS:
 *
 *   as fast as answers come   OUTSTANDING queries are kept on their way, so that the server always
 *                             has work and its queue never overflows. Its rate is the result.
 *   -r RATE                   queries leave by the clock whatever the answers do, and the time of an
 *                             answer counts from the moment its query was due: a server that stalls
 *                             is charged for all that waited, not for the one that was asked. With
 *                             -w it sleeps in between, and leaves its core to others.
 *   -1                        each query once; this is how records are proved to be there.
 *
 * The generator must cost less than the server, or it is the one that is measured. It spreads the
 * queries over few connected sockets (lanes), sends each batch by one sendmmsg, in which queries
 * of equal length are one buffer that the kernel cuts (UDP_SEGMENT), and never sleeps: to wake a
 * sleeper costs the server's core an interrupt. On loopback such a buffer reaches the server in one
 * piece, as a burst does that a network card has put together; with -s each query travels alone,
 * as those of many small clients do. The line it prints has `idle`, the share of the
 * time in which it found nothing to do; near 0 the figure is its own, not the server's.
 *
 * A query's ID is its slot (8 bits) and the slot's generation (8 bits): the answer to a query that
 * was given up is recognised and counted as late instead of being taken for its successor's.
 * After one second a query is lost. -u takes any answer (for bench-echo), -n leaves EDNS out.
 *
 * Counting starts after WARM_UP; only `wrong` counts from the start. Output: one line of JSON,
 * times in microseconds. Exit: 0; 1 where the load could not be run; 2 for wrong usage.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "latency.h"
#include "questions.h"
#include "wire.h"

#define SLOTS 256 /* of a lane: 8 bits of the ID */
#define LANES_MAX 64
#define SEND_MAX 64     /* queries in one sendmmsg; the kernel's limit of segments */
#define RECEIVE_MAX 64  /* answers in one recvmmsg */
#define ANSWER_MAX 4096 /* octets */
#define DEEP_EVERY 16   /* answers of which one has its text looked for */
#define WARM_UP (CLOCK_SECOND * 3 / 10)
#define LOST_AFTER CLOCK_SECOND
#define SWEEP_EVERY (CLOCK_SECOND / 10)

struct slot {
	uint64_t sent; /* ns; by the clock of the rate where there is one */
	uint32_t question;
	uint8_t generation;
	bool busy;
};

struct lane {
	int fd;
	unsigned int spares;
	uint8_t spare[SLOTS];
	struct slot slot[SLOTS];
};

struct tally {
	uint64_t sent;
	uint64_t answered;
	uint64_t names_missing; /* answered NXDOMAIN, rightly */
	uint64_t octets;
	uint64_t lost;
	uint64_t late;
	uint64_t unsent; /* due, but all slots were taken */
	uint64_t idle;   /* ns */
};

struct options {
	const char *file;
	uint16_t port;
	unsigned int lanes;
	unsigned int outstanding;
	double rate;
	double seconds;
	bool once;
	bool plain;
	bool single;
	bool unchecked;
	bool waits;
	struct in_addr address;
};

static struct questions questions;
static struct lane lanes[LANES_MAX];
static struct tally tally;
static struct latency latency;
static uint64_t wrong;
static uint64_t asked; /* queries taken from the file, from the start */
static bool unchecked;
static bool single;

static int lane_init(struct lane *lane, struct in_addr address, uint16_t port)
{
	struct sockaddr_in server = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = address,
	};
	int size = 1 << 20;

	lane->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (lane->fd < 0)
		return -errno;
	setsockopt(lane->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (connect(lane->fd, (struct sockaddr *)&server, sizeof(server)) < 0)
		return -errno;
	for (unsigned int i = 0; i < SLOTS; i++)
		lane->spare[lane->spares++] = (uint8_t)i;
	return 0;
}

static unsigned int lane_busy(const struct lane *lane)
{
	return SLOTS - lane->spares;
}

/* Takes the next query of the file; the lane must have a spare slot. Returns the query's ID. */
static uint16_t slot_take(struct lane *lane, uint64_t when, const struct question **ret)
{
	uint8_t index = lane->spare[--lane->spares];
	struct slot *slot = &lane->slot[index];

	slot->sent = when;
	slot->question = (uint32_t)(asked++ % questions.count);
	slot->generation++;
	slot->busy = true;
	*ret = &questions.list[slot->question];
	return (uint16_t)(slot->generation << 8 | index);
}

static void slot_free(struct lane *lane, uint8_t index)
{
	lane->slot[index].busy = false;
	lane->spare[lane->spares++] = index;
}

struct batch {
	unsigned int messages;
	struct mmsghdr message[SEND_MAX];
	struct iovec vector[SEND_MAX];
	union {
		struct cmsghdr align;
		char octets[CMSG_SPACE(sizeof(uint16_t))];
	} control[SEND_MAX];
	uint8_t octets[SEND_MAX * 256];
};

/* Puts a run of octets into the batch as one message, to be cut every `segment` octets. */
static void batch_add(struct batch *b, uint8_t *run, size_t size, uint16_t segment)
{
	unsigned int i = b->messages++;
	struct msghdr *header = &b->message[i].msg_hdr;

	b->vector[i] = (struct iovec){ run, size };
	*header = (struct msghdr){ .msg_iov = &b->vector[i], .msg_iovlen = 1 };
	if (size <= segment)
		return;
	header->msg_control = b->control[i].octets;
	header->msg_controllen = sizeof(b->control[i].octets);

	struct cmsghdr *control = CMSG_FIRSTHDR(header);

	control->cmsg_level = IPPROTO_UDP;
	control->cmsg_type = UDP_SEGMENT;
	control->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(control), &segment, sizeof(segment));
}

/* Copies `count` queries into a batch; a run ends where the length changes. */
static void batch_fill(struct batch *b, struct lane *lane, unsigned int count, uint64_t when)
{
	uint8_t *next = b->octets;
	uint8_t *run = next;
	uint16_t segment = 0;

	b->messages = 0;
	for (unsigned int i = 0; i < count; i++) {
		const struct question *q;
		uint16_t id = slot_take(lane, when, &q);

		if (next != run && (single || q->length != segment)) {
			batch_add(b, run, (size_t)(next - run), segment);
			run = next;
		}
		segment = q->length;
		memcpy(next, questions.pool + q->offset, q->length);
		wire_put16(next + WIRE_ID, id);
		next += q->length;
	}
	batch_add(b, run, (size_t)(next - run), segment);
}

/* Sends `count` (1..SEND_MAX) queries on a lane. */
static int lane_send(struct lane *lane, unsigned int count, uint64_t when)
{
	static struct batch batch;

	batch_fill(&batch, lane, count, when);
	for (unsigned int done = 0; done < batch.messages;) {
		int n = sendmmsg(lane->fd, batch.message + done, batch.messages - done, 0);

		if (n < 0)
			return -errno;
		done += (unsigned int)n;
	}
	tally.sent += count;
	return 0;
}

static void answer_take(struct lane *lane, const uint8_t *message, size_t length, uint64_t now)
{
	if (length < WIRE_HEADER) {
		wrong++;
		return;
	}

	uint16_t id = wire_get16(message + WIRE_ID);
	uint8_t index = (uint8_t)id;
	struct slot *slot = &lane->slot[index];
	const struct question *q = &questions.list[slot->question];
	bool deep = tally.answered % DEEP_EVERY == 0;

	if (!slot->busy || slot->generation != id >> 8) {
		tally.late++;
		return;
	}
	if (!unchecked && !answer_check(&questions, q, message, length, deep))
		wrong++;
	tally.answered++;
	tally.names_missing += q->rcode == 3;
	tally.octets += length;
	latency_add(&latency, now > slot->sent ? now - slot->sent : 0);
	slot_free(lane, index);
}

/* Takes what has arrived on a lane. Returns how many messages, -errno if the socket is broken. */
static int lane_receive(struct lane *lane)
{
	static uint8_t octets[RECEIVE_MAX][ANSWER_MAX];
	static struct mmsghdr messages[RECEIVE_MAX];
	static struct iovec vectors[RECEIVE_MAX];

	for (unsigned int i = 0; i < RECEIVE_MAX; i++) {
		vectors[i] = (struct iovec){ octets[i], ANSWER_MAX };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &vectors[i], .msg_iovlen = 1 };
	}

	int count = recvmmsg(lane->fd, messages, RECEIVE_MAX, MSG_DONTWAIT, NULL);

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;

	uint64_t now = clock_ns();

	for (int i = 0; i < count; i++)
		answer_take(lane, octets[i], messages[i].msg_len, now);
	return count;
}

static void lane_sweep(struct lane *lane, uint64_t now)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		if (lane->slot[i].busy && now > lane->slot[i].sent + LOST_AFTER) {
			slot_free(lane, (uint8_t)i);
			tally.lost++;
		}
	}
}

/* How many queries a lane may send now to have its share of those outstanding on their way. */
static unsigned int lane_room(const struct lane *lane, const struct options *o)
{
	unsigned int window = o->outstanding / o->lanes;
	unsigned int room = window - (lane_busy(lane) < window ? lane_busy(lane) : window);

	/* Half a window at least, so that batches stay batches. */
	if (room < (window + 1) / 2)
		return 0;
	if (o->once && questions.count - asked < room)
		room = (unsigned int)(questions.count - asked);
	return room < SEND_MAX ? room : SEND_MAX;
}

/* One turn over all lanes, as fast as answers come. Returns the number of messages moved. */
static int turn_window(const struct options *o)
{
	int moved = 0;

	for (unsigned int i = 0; i < o->lanes; i++) {
		int count = lane_receive(&lanes[i]);
		unsigned int room = count < 0 ? 0 : lane_room(&lanes[i], o);

		if (count < 0)
			return count;
		moved += count;
		if (room > 0) {
			int err = lane_send(&lanes[i], room, clock_ns());
			if (err < 0)
				return err;
			moved += (int)room;
		}
	}
	return moved;
}

/* One turn by the clock: what is due leaves, one lane after the other. */
static int turn_rate(const struct options *o, uint64_t *due, uint64_t step)
{
	static unsigned int turns;
	int moved = 0;

	while (*due <= clock_ns()) {
		struct lane *lane = &lanes[turns++ % o->lanes];

		if (lane->spares > 0) {
			int err = lane_send(lane, 1, *due);
			if (err < 0)
				return err;
			moved++;
		} else {
			tally.unsent++;
		}
		*due += step;
	}
	for (unsigned int i = 0; i < o->lanes; i++) {
		int count = lane_busy(&lanes[i]) > 0 ? lane_receive(&lanes[i]) : 0;
		if (count < 0)
			return count;
		moved += count;
	}
	return moved;
}

/* Sleeps until an answer comes or the next query is due. */
static void turn_wait(const struct options *o, uint64_t due)
{
	struct pollfd polls[LANES_MAX];
	uint64_t now = clock_ns();
	uint64_t left = due > now ? due - now : 0;
	struct timespec time = { (time_t)(left / CLOCK_SECOND), (long)(left % CLOCK_SECOND) };

	for (unsigned int i = 0; i < o->lanes; i++)
		polls[i] = (struct pollfd){ .fd = lanes[i].fd, .events = POLLIN };
	ppoll(polls, o->lanes, &time, NULL);
}

static bool load_over(const struct options *o, uint64_t now, uint64_t end)
{
	if (!o->once)
		return now >= end;
	if (asked < questions.count)
		return false;
	for (unsigned int i = 0; i < o->lanes; i++) {
		if (lane_busy(&lanes[i]) > 0)
			return false;
	}
	return true;
}

/* Runs the load. 0 and the seconds that were counted, or a negative errno. */
static int load_run(const struct options *o, double *ret_seconds)
{
	uint64_t step = o->rate > 0 ? (uint64_t)((double)CLOCK_SECOND / o->rate) : 0;
	uint64_t start = clock_ns();
	uint64_t due = start;
	uint64_t now = start;
	uint64_t warm = o->once ? 0 : start + WARM_UP;
	uint64_t end = start + WARM_UP + (uint64_t)(o->seconds * (double)CLOCK_SECOND);
	uint64_t sweep = start + SWEEP_EVERY;

	while (!load_over(o, now, end)) {
		int moved = step > 0 ? turn_rate(o, &due, step) : turn_window(o);
		uint64_t before = now;

		if (moved < 0)
			return moved;
		if (moved == 0 && o->waits && step > 0)
			turn_wait(o, due);
		now = clock_ns();
		if (moved == 0)
			tally.idle += now - before;
		if (now > sweep) {
			for (unsigned int i = 0; i < o->lanes; i++)
				lane_sweep(&lanes[i], now);
			sweep = now + SWEEP_EVERY;
		}
		if (warm > 0 && now > warm) {
			memset(&tally, 0, sizeof(tally));
			memset(&latency, 0, sizeof(latency));
			start = now;
			warm = 0;
		}
	}
	*ret_seconds = (double)(now - start) / (double)CLOCK_SECOND;
	return 0;
}

/* Waits for the answers still on their way; what then is missing is lost. They add to no rate. */
static void load_drain(const struct options *o)
{
	struct tally counted = tally;
	uint64_t end = clock_ns() + LOST_AFTER;
	unsigned int busy = 1;

	while (busy > 0 && clock_ns() < end) {
		busy = 0;
		for (unsigned int i = 0; i < o->lanes; i++) {
			lane_receive(&lanes[i]);
			busy += lane_busy(&lanes[i]);
		}
	}
	counted.lost += busy;
	tally = counted;
}

static void load_print(double seconds)
{
	double answered = (double)tally.answered;

	printf("{\"seconds\": %.3f, \"rate\": %.1f, \"sent\": %lu, \"answered\": %lu, ", seconds,
	       answered / seconds, tally.sent, tally.answered);
	printf("\"names_missing\": %lu, \"wrong\": %lu, \"lost\": %lu, \"late\": %lu, "
	       "\"unsent\": %lu, ",
	       tally.names_missing, wrong, tally.lost, tally.late, tally.unsent);
	printf("\"octets\": %.1f, \"idle\": %.3f, ",
	       tally.answered > 0 ? (double)tally.octets / answered : 0,
	       (double)tally.idle / (double)CLOCK_SECOND / seconds);
	printf("\"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f}\n", latency_quantile(&latency, 0.5),
	       latency_quantile(&latency, 0.99), latency_quantile(&latency, 0.999));
}

static int options_parse(int argc, char **argv, struct options *o)
{
	int letter;

	while ((letter = getopt(argc, argv, "1nsuwa:p:l:o:r:t:")) > 0) {
		switch (letter) {
		case '1':
			o->once = true;
			break;
		case 'n':
			o->plain = true;
			break;
		case 's':
			o->single = true;
			break;
		case 'u':
			o->unchecked = true;
			break;
		case 'w':
			o->waits = true;
			break;
		case 'a':
			if (inet_pton(AF_INET, optarg, &o->address) != 1)
				return -EINVAL;
			break;
		case 'p':
			o->port = (uint16_t)atoi(optarg);
			break;
		case 'l':
			o->lanes = (unsigned int)atoi(optarg);
			break;
		case 'o':
			o->outstanding = (unsigned int)atoi(optarg);
			break;
		case 'r':
			o->rate = atof(optarg);
			break;
		case 't':
			o->seconds = atof(optarg);
			break;
		default:
			return -EINVAL;
		}
	}
	if (optind != argc - 1 || o->lanes < 1 || o->lanes > LANES_MAX || o->seconds <= 0)
		return -EINVAL;
	if (o->outstanding < o->lanes || o->outstanding / o->lanes > SLOTS || o->port == 0)
		return -EINVAL;
	o->file = argv[optind];
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { .port = 53,
			     .lanes = 4,
			     .outstanding = 128,
			     .seconds = 3,
			     .address.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned int line = 0;
	double seconds = 0;
	int err = 0;

	if (options_parse(argc, argv, &o) < 0) {
		fprintf(stderr, "usage: bench-generate [-1nsuw] [-a ADDRESS] [-p PORT] "
				"[-l LANES] [-o OUTSTANDING] [-r RATE] [-t SECONDS] FILE\n");
		return 2;
	}
	unchecked = o.unchecked;
	single = o.single;
	err = questions_read(&questions, o.file, !o.plain, &line);
	if (err < 0 || questions.count == 0) {
		fprintf(stderr, "bench-generate: %s:%u: %s\n", o.file, line,
			err < 0 ? strerror(-err) : "no queries");
		return 1;
	}
	prctl(PR_SET_TIMERSLACK, 1); /* a sleep is as long as it is said to be */
	for (unsigned int i = 0; err == 0 && i < o.lanes; i++)
		err = lane_init(&lanes[i], o.address, o.port);
	if (err == 0)
		err = load_run(&o, &seconds);
	if (err < 0) {
		fprintf(stderr, "bench-generate: port %u: %s\n", o.port, strerror(-err));
		return 1;
	}
	load_drain(&o);
	load_print(seconds);
	return 0;
}
