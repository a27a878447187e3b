/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server/outbox.h: what is put in arrives, at whom it is for, whatever the kernel takes at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/outbox.h"

enum { PEERS = 9 };

static struct outbox *box;
static bool segments;
static struct origin origin[PEERS];
static int server, client[PEERS];

static int socket_open(struct sockaddr_in *ret)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(*ret);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET };
	ret->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)ret, sizeof(*ret)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &size), 0);
	return fd;
}

static int sockets_begin(void **state)
{
	struct sockaddr_in own;

	(void)state;
	box = calloc(1, sizeof(*box));
	if (box == NULL)
		return -1;
	server = socket_open(&own);
	for (int i = 0; i < PEERS; i++) {
		struct sockaddr_in peer;

		client[i] = socket_open(&peer);
		memset(&origin[i], 0, sizeof(origin[i]));
		memcpy(&origin[i].peer, &peer, sizeof(peer));
		origin[i].peer_size = sizeof(peer);
		origin[i].socket = server;
	}
	segments = outbox_can_segment(server);
	outbox_use(box, server, &segments);
	return 0;
}

static int sockets_end(void **state)
{
	(void)state;
	for (int i = 0; i < PEERS; i++)
		close(client[i]);
	close(server);
	free(box);
	return 0;
}

/* A response that says in its octets whose it is and which. */
static void put(int peer, int number, size_t size)
{
	uint8_t *wire = outbox_room(box);

	memset(wire, peer, size);
	wire[0] = (uint8_t)number;
	outbox_add(box, &origin[peer], size);
}

/* Takes what came to a peer, and marks in size what there is no more of. */
static void take_all(int peer, size_t size[256])
{
	uint8_t octets[OUTBOX_RESPONSE];
	ssize_t got;

	while ((got = recv(client[peer], octets, sizeof(octets), 0)) > 0) {
		assert_int_equal((size_t)got, size[octets[0]]);
		for (ssize_t i = 1; i < got; i++)
			assert_int_equal(octets[i], peer);
		size[octets[0]] = 0;
	}
	for (int i = 0; i < 256; i++)
		assert_int_equal(size[i], 0);
}

/* Sends responses of random size to random peers; each must arrive, once. */
static void exchange_random(size_t size_max)
{
	static size_t size[PEERS][256];
	int count = rand() % 200;

	for (int i = 0; i < count; i++) {
		int peer = rand() % PEERS;
		size_t octets = 1 + (size_t)rand() % size_max;

		size[peer][i] = octets;
		put(peer, i, octets);
		if (rand() % 50 == 0)
			outbox_send(box);
	}
	outbox_send(box);
	for (int peer = 0; peer < PEERS; peer++)
		take_all(peer, size[peer]);
}

static void each_response_arrives_where_it_should(void **state)
{
	static const size_t size_max[] = { 1, 3, 20, 120, 1300, 4096 };

	(void)state;
	srand(1);
	for (size_t i = 0; i < sizeof(size_max) / sizeof(size_max[0]); i++)
		for (int round = 0; round < 50; round++)
			exchange_random(size_max[i]);
}

static void what_is_equally_long_goes_as_one_message(void **state)
{
	size_t size[256] = { 0 };

	(void)state;
	if (!segments)
		skip();
	for (int i = 0; i < 10; i++) {
		size[i] = i < 7 ? 100 : i < 9 ? 120 : 90;
		put(0, i, size[i]);
	}
	outbox_send(box);
	/* 120 120 100, 100 100 100 100 100 100 90 */
	assert_int_equal(box->message[0].msg_hdr.msg_iovlen, 3);
	assert_int_equal(box->message[1].msg_hdr.msg_iovlen, 7);
	take_all(0, size);
}

static void a_run_that_is_refused_goes_one_by_one(void **state)
{
	int one = 1;

	(void)state;
	/* without checksums the kernel makes no segments */
	assert_int_equal(setsockopt(server, SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one)), 0);
	srand(2);
	for (int round = 0; round < 50; round++)
		exchange_random(3);
	one = 0;
	assert_int_equal(setsockopt(server, SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one)), 0);
}

static void a_peer_that_is_not_there_takes_nothing_from_others(void **state)
{
	size_t size[256] = { 0 };
	struct origin nowhere = origin[0];

	(void)state;
	memset(&nowhere.peer, 0, sizeof(nowhere.peer)); /* no address family at all */
	for (int i = 0; i < 6; i++) {
		uint8_t *wire = outbox_room(box);

		memset(wire, 0, 50);
		outbox_add(box, &nowhere, 50);
		put(1, i, 60);
		size[i] = 60;
	}
	outbox_send(box);
	take_all(1, size);
}

static void what_waits_for_one_socket_does_not_go_out_by_another(void **state)
{
	struct sockaddr_in own, from;
	socklen_t from_size = sizeof(from);
	int second = socket_open(&own);
	bool other = segments;
	uint8_t octets[100];

	(void)state;
	put(2, 1, 50);
	outbox_use(box, second, &other);
	put(2, 2, 50);
	outbox_send(box);
	outbox_use(box, server, &segments);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(recvfrom(client[2], octets, sizeof(octets), 0,
					  (struct sockaddr *)&from, &from_size),
				 50);
		assert_int_equal(octets[0], i + 1);
		assert_int_equal(from.sin_port == own.sin_port, i == 1);
	}
	close(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_response_arrives_where_it_should),
		cmocka_unit_test(what_is_equally_long_goes_as_one_message),
		cmocka_unit_test(a_run_that_is_refused_goes_one_by_one),
		cmocka_unit_test(what_waits_for_one_socket_does_not_go_out_by_another),
		cmocka_unit_test(a_peer_that_is_not_there_takes_nothing_from_others),
	};

	return cmocka_run_group_tests_name("outbox", tests, sockets_begin, sockets_end);
}
