/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Clients that add numbers to a zone by signed updates, each as fast as it is answered.
 *
 *	bench-update -k ALGORITHM:NAME:SECRET -z ZONE [-a FILE] [-c CLIENTS] [-p PORT]
 *		     [-r RECORDS] [-s SKIP] [-t SECONDS] [-T] NUMBERS
 *
 * Each of CLIENTS has its own socket (UDP, with -T a TCP connection) and one update of RECORDS
 * new numbers on its way; when the answer is there and its signature is right, it sends the next.
 * So with one client the rate is the reciprocal of an update's way through the server to the disk
 * and back, and with several it shows whether the server lets those that wait share that way. One
 * thread drives all clients: waiting for a disk needs no more.
 *
 * NUMBERS (form: numbers.c) tells which numbers, after the first SKIP of them, so that one run
 * goes on where another ended. -a FILE gets a question for each number that was acknowledged (of
 * large messages for ten numbers each), as bench-generate reads it, so that what the server
 * promised can be asked for after its end.
 *
 * An answer counts as `wrong` if its RCODE is not NOERROR or its signature does not hold; an
 * update that has no answer in LOST_AFTER is lost and its connection made anew. What is answered
 * after the end is listed in FILE but adds nothing to the rate. Output: one line of JSON, times in
 * microseconds. Exit: 0; 1 where it could not be run; 2 for wrong usage.
 *
 * RFC 2136 section 2 (the message), RFC 8945 (TSIG), by libknot.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <libknot/libknot.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "latency.h"
#include "numbers.h"
#include "wire.h"

#define CLIENTS_MAX 256
#define RECORDS_MAX 500
#define LISTED_OF_MESSAGE 10
#define TYPE_SOA 6
#define CLASS_IN 1
#define OPCODE_UPDATE (5 << 11)
#define OPCODE_MASK (15 << 11)
#define RESPONSE (1 << 15)
#define MAC_MAX 64
#define LOST_AFTER (5 * CLOCK_SECOND)

struct client {
	int fd;
	uint16_t id;
	uint64_t sent;      /* ns; 0: no update on its way */
	unsigned int count; /* of its records */
	uint64_t numbers[RECORDS_MAX];
	uint8_t mac[MAC_MAX]; /* of the request, which the answer's covers (RFC 8945 5.3.1) */
	size_t mac_size;
	uint8_t answer[2 + UINT16_MAX]; /* TCP: with the length in front */
	size_t got;
};

struct options {
	const char *numbers;
	const char *key;
	const char *zone;
	const char *acknowledged;
	uint16_t port;
	unsigned int clients;
	unsigned int records;
	unsigned long skip;
	double seconds;
	bool tcp;
};

static struct options options = {
	.port = 53,
	.clients = 1,
	.records = 1,
	.seconds = 3,
};
static struct client clients[CLIENTS_MAX];
static struct numbers numbers;
static knot_tsig_key_t key;
static knot_dname_t *zone;
static FILE *acknowledged;
static struct latency latency;
static unsigned long taken; /* numbers */
static unsigned long done;
static unsigned long wrong;
static unsigned long lost;
static unsigned long rcodes[16];
static uint64_t end;

static int client_open(struct client *c)
{
	struct sockaddr_in server = {
		.sin_family = AF_INET,
		.sin_port = htons(options.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int on = 1;
	int size = 1 << 18; /* a whole message: to send one never waits for the server's reading */

	c->fd = socket(AF_INET, options.tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (c->fd < 0)
		return -errno;
	setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (options.tcp)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->fd, (struct sockaddr *)&server, sizeof(server)) < 0)
		return -errno;
	c->got = 0;
	c->sent = 0;
	return 0;
}

/* RFC 2136 section 2: the zone section names the zone, the update section adds the records. */
static size_t message_write(uint8_t *message, struct client *c)
{
	size_t zone_size = knot_dname_size(zone);
	uint8_t *at = message;

	at = wire_put16(at, c->id);
	at = wire_put16(at, OPCODE_UPDATE);
	at = wire_put16(at, 1);
	at = wire_put16(at, 0);
	at = wire_put16(at, c->count);
	at = wire_put16(at, 0);
	memcpy(at, zone, zone_size);
	at = wire_put16(at + zone_size, TYPE_SOA);
	at = wire_put16(at, CLASS_IN);
	for (unsigned int i = 0; i < c->count; i++)
		at = number_write(at, c->numbers[i]);
	return (size_t)(at - message);
}

/* Sends a client's next update. 0, -ENODATA when the numbers are used up, or -errno. */
static int client_send(struct client *c)
{
	static uint8_t buffer[2 + UINT16_MAX];
	uint8_t *message = buffer + 2;

	for (c->count = 0; c->count < options.records; c->count++) {
		c->numbers[c->count] = numbers_next(&numbers);
		if (c->numbers[c->count] == 0)
			return -ENODATA;
	}
	taken += c->count;
	c->id++;

	size_t size = message_write(message, c);

	c->mac_size = sizeof(c->mac);
	if (knot_tsig_sign(message, &size, UINT16_MAX, NULL, 0, c->mac, &c->mac_size, &key, 0, 0) !=
	    KNOT_EOK)
		return -EINVAL;
	wire_put16(buffer, (unsigned int)size);
	c->sent = clock_ns();

	ssize_t n = options.tcp ? send(c->fd, buffer, size + 2, MSG_NOSIGNAL) :
				  send(c->fd, message, size, 0);

	return n < 0 ? -errno : 0;
}

static bool signature_holds(const struct client *c, uint8_t *message, size_t size)
{
	knot_pkt_t *packet = knot_pkt_new(message, (uint16_t)size, NULL);
	bool holds = false;

	if (packet == NULL)
		return false;
	packet->size = size;
	if (knot_pkt_parse(packet, 0) == KNOT_EOK && packet->tsig_rr != NULL)
		holds = knot_tsig_client_check(packet->tsig_rr, packet->wire, packet->size, c->mac,
					       c->mac_size, &key, 0) == KNOT_EOK;
	knot_pkt_free(packet);
	return holds;
}

static void client_list(const struct client *c)
{
	char name[NUMBER_NAME_MAX];
	char uri[NUMBER_URI_MAX];
	unsigned int step = c->count > LISTED_OF_MESSAGE ? c->count / LISTED_OF_MESSAGE : 1;

	for (unsigned int i = 0; acknowledged != NULL && i < c->count; i += step) {
		number_name(name, c->numbers[i], options.zone);
		number_uri(uri, c->numbers[i]);
		fprintf(acknowledged, "%s NAPTR 0 1 %s\n", name, uri);
	}
}

/* Judges a whole message; what answers an update that was given up is passed over. */
static void client_answered(struct client *c, uint8_t *message, size_t size)
{
	uint64_t now = clock_ns();

	if (c->sent == 0 || size < WIRE_HEADER || wire_get16(message + WIRE_ID) != c->id)
		return;

	unsigned int flags = wire_get16(message + WIRE_FLAGS);
	bool answer = (flags & (RESPONSE | OPCODE_MASK)) == (RESPONSE | OPCODE_UPDATE);

	rcodes[flags & 15]++;
	if (!answer || (flags & 15) != 0 || !signature_holds(c, message, size)) {
		wrong++;
	} else {
		client_list(c);
		if (now < end) {
			done++;
			latency_add(&latency, now - c->sent);
		}
	}
	c->sent = 0;
}

/* Reads what has come; a stream's message may come in parts. 0 or -errno. */
static int client_receive(struct client *c)
{
	ssize_t n = recv(c->fd, c->answer + c->got, sizeof(c->answer) - c->got, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (!options.tcp) {
		client_answered(c, c->answer, (size_t)n);
		return 0;
	}
	if (n == 0)
		return -ECONNRESET;
	c->got += (size_t)n;
	if (c->got >= 2 && c->got >= 2u + wire_get16(c->answer)) {
		client_answered(c, c->answer + 2, wire_get16(c->answer));
		c->got = 0;
	}
	return 0;
}

/* Gives an update up. A new socket keeps its late answer away from the next one. */
static int client_again(struct client *c)
{
	lost++;
	close(c->fd);
	return client_open(c);
}

static int client_step(struct client *c, bool readable, uint64_t now)
{
	int err = 0;

	if (readable)
		err = client_receive(c);
	if (err < 0 || (c->sent > 0 && now > c->sent + LOST_AFTER))
		err = client_again(c);
	if (err == 0 && c->sent == 0 && now < end)
		err = client_send(c);
	return err;
}

/* Runs the clients until `end` and until their last answers are there. */
static int clients_run(void)
{
	struct pollfd polls[CLIENTS_MAX];
	unsigned int busy = 1;
	int err = 0;

	while (err == 0 && (busy > 0 || clock_ns() < end)) {
		for (unsigned int i = 0; i < options.clients; i++)
			polls[i] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
		poll(polls, options.clients, busy > 0 ? 100 : 0);

		uint64_t now = clock_ns();

		busy = 0;
		for (unsigned int i = 0; err == 0 && i < options.clients; i++) {
			err = client_step(&clients[i], polls[i].revents != 0, now);
			busy += clients[i].sent > 0;
		}
	}
	return err;
}

static void rates_print(double seconds)
{
	double rate = (double)done / seconds;

	printf("{\"seconds\": %.3f, \"rate\": %.1f, \"records\": %.1f, \"done\": %lu, ", seconds,
	       rate, rate * options.records, done);
	printf("\"wrong\": %lu, \"lost\": %lu, \"taken\": %lu, ", wrong, lost, taken);
	printf("\"p50\": %.1f, \"p99\": %.1f, \"rcodes\": {", latency_quantile(&latency, 0.5),
	       latency_quantile(&latency, 0.99));
	for (unsigned int i = 0, any = 0; i < 16; i++) {
		if (rcodes[i] > 0)
			printf("%s\"%u\": %lu", any++ > 0 ? ", " : "", i, rcodes[i]);
	}
	printf("}}\n");
}

static int options_parse(int argc, char **argv, struct options *o)
{
	int letter;

	while ((letter = getopt(argc, argv, "a:c:k:p:r:s:t:Tz:")) > 0) {
		switch (letter) {
		case 'a':
			o->acknowledged = optarg;
			break;
		case 'c':
			o->clients = (unsigned int)atoi(optarg);
			break;
		case 'k':
			o->key = optarg;
			break;
		case 'p':
			o->port = (uint16_t)atoi(optarg);
			break;
		case 'r':
			o->records = (unsigned int)atoi(optarg);
			break;
		case 's':
			o->skip = strtoul(optarg, NULL, 10);
			break;
		case 't':
			o->seconds = atof(optarg);
			break;
		case 'T':
			o->tcp = true;
			break;
		case 'z':
			o->zone = optarg;
			break;
		default:
			return -EINVAL;
		}
	}
	if (optind != argc - 1 || o->key == NULL || o->zone == NULL || o->seconds <= 0)
		return -EINVAL;
	if (o->clients < 1 || o->clients > CLIENTS_MAX || o->records < 1 ||
	    o->records > RECORDS_MAX)
		return -EINVAL;
	o->numbers = argv[optind];
	return 0;
}

/* Reads the files and opens the sockets. 0 or a negative errno. */
static int clients_init(void)
{
	int err = numbers_read(&numbers, options.numbers);

	for (unsigned long i = 0; err == 0 && i < options.skip; i++) {
		if (numbers_next(&numbers) == 0)
			err = -ENODATA;
	}
	zone = knot_dname_from_str_alloc(options.zone);
	if (zone == NULL || knot_tsig_key_init_str(&key, options.key) != KNOT_EOK)
		return -EINVAL;
	if (options.acknowledged != NULL) {
		acknowledged = fopen(options.acknowledged, "ae");
		if (acknowledged == NULL)
			return -errno;
	}
	for (unsigned int i = 0; err == 0 && i < options.clients; i++) {
		clients[i].id = (uint16_t)(i << 8);
		err = client_open(&clients[i]);
	}
	return err;
}

int main(int argc, char **argv)
{
	if (options_parse(argc, argv, &options) < 0) {
		fprintf(stderr, "usage: bench-update -k ALGORITHM:NAME:SECRET -z ZONE [-a FILE] "
				"[-c CLIENTS] [-p PORT] [-r RECORDS] [-s SKIP] [-t SECONDS] [-T] "
				"NUMBERS\n");
		return 2;
	}

	int err = clients_init();
	uint64_t start = clock_ns();

	end = start + (uint64_t)(options.seconds * (double)CLOCK_SECOND);
	if (err == 0)
		err = clients_run();
	if (err < 0) {
		fprintf(stderr, "bench-update: port %u: %s\n", options.port,
			err == -ENODATA ? "the numbers are used up" : strerror(-err));
		return 1;
	}
	if (acknowledged != NULL && fclose(acknowledged) != 0) {
		fprintf(stderr, "bench-update: %s: %s\n", options.acknowledged, strerror(errno));
		return 1;
	}
	rates_print(options.seconds);
	return 0;
}
