/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ceiling: what the kernel's socket interface allows a server on one core.
 *
 *	bench-echo PORT [ADDRESS]
 *
 * It does what any UDP server must (take a batch of datagrams with recvmmsg, send a batch with
 * sendmmsg) and nothing that makes a DNS server: no parsing, no look-up. Each datagram goes back
 * with the bits QR and AA set, ANCOUNT at 1 and the octets of one NAPTR record behind it, so that
 * it is as long as the answer to a number. A server's rate divided by the echo's, in one run on
 * one machine, says how much of a core is left over from its own work. A rate above the echo's
 * would need another way into the kernel.
 *
 * The record is put at the end, behind an OPT record if the query had one; that makes the message
 * wrong as DNS but right in length. The generator is told not to look at it.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

#define BATCH 64
#define QUERY_MAX 512

/* Owner (a pointer to the question), NAPTR, IN, TTL 60, RDLENGTH 56 and RDATA as a number has. */
static const char record[] = "\xc0\x0c\0\x23\0\1\0\0\0\x3c\0\x38"
			     "\0\x64\0\x0a\1u\7E2U+sip"
			     "\x28!^.*$!sip:+12025550123@gw17.example.net!";
#define RECORD_SIZE sizeof(record) /* the literal's closing zero is the root as replacement */

_Static_assert(RECORD_SIZE == 12 + 56, "RDLENGTH says how long the record is");

static uint8_t buffers[BATCH][QUERY_MAX + RECORD_SIZE];
static struct sockaddr_in peers[BATCH];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];

static int echo_open(struct in_addr at, uint16_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = at,
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return fd;
}

static int echo_receive(int fd)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){ buffers[i], QUERY_MAX };
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &peers[i],
			.msg_namelen = sizeof(peers[i]),
			.msg_iov = &vectors[i],
			.msg_iovlen = 1,
		};
	}
	return recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
}

static void echo_answer(unsigned int i)
{
	uint8_t *message = buffers[i];
	size_t length = messages[i].msg_len;

	message[WIRE_FLAGS] |= 0x84;
	message[WIRE_ANCOUNT + 1] = 1;
	memcpy(message + length, record, RECORD_SIZE);
	vectors[i].iov_len = length + RECORD_SIZE;
}

int main(int argc, char **argv)
{
	int port = argc == 2 || argc == 3 ? atoi(argv[1]) : 0;
	struct in_addr address = { htonl(INADDR_LOOPBACK) };

	if (port < 1 || port > UINT16_MAX ||
	    (argc == 3 && inet_pton(AF_INET, argv[2], &address) != 1)) {
		fprintf(stderr, "usage: bench-echo PORT [ADDRESS]\n");
		return 2;
	}

	int fd = echo_open(address, (uint16_t)port);

	if (fd < 0) {
		fprintf(stderr, "bench-echo: port %d: %s\n", port, strerror(-fd));
		return 1;
	}
	for (;;) {
		int count = echo_receive(fd);

		for (int i = 0; i < count; i++)
			echo_answer((unsigned int)i);
		for (int done = 0; done < count;) {
			int sent = sendmmsg(fd, messages + done, (unsigned int)(count - done), 0);

			done += sent > 0 ? sent : 1; /* a peer that has gone takes nobody with it */
		}
	}
}
