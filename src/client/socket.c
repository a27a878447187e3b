/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's sockets. None blocks; each wait is a poll() up to a deadline, so that a server that
 * sends a byte a minute is as silent as one that sends none.
 */
#include "client/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

static socklen_t address_size(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
						sizeof(struct sockaddr_in);
}

/* A thread's, and not a parameter: whoever waits, however deep, has to heed it. */
static _Thread_local int heeded = -1;

void client_socket_heed(int fd)
{
	heeded = fd;
}

int client_socket_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p[] = { { .fd = fd, .events = events }, { .fd = heeded, .events = POLLIN } };

	for (;;) {
		int64_t left = deadline - clock_monotonic_ms();
		int count = poll(p, 2, left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);

		if (count > 0)
			return p[1].revents != 0 ? -ECANCELED : 0;
		if (count == 0 && left <= 0)
			return -ETIMEDOUT;
		if (count < 0 && errno != EINTR)
			return -errno;
	}
}

static int wait_connected(int fd, int64_t deadline)
{
	int reason = 0;
	socklen_t size = sizeof(reason);
	int err = client_socket_wait(fd, POLLOUT, deadline);

	if (err < 0)
		return err;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size) < 0)
		return -errno;
	return -reason;
}

int client_socket_open(int *ret, const struct sockaddr_storage *address, bool tcp, int64_t deadline)
{
	int kind = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = socket(address->ss_family, kind, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (connect(fd, (const struct sockaddr *)address, address_size(address)) < 0)
		err = errno == EINPROGRESS ? wait_connected(fd, deadline) : -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	*ret = fd;
	return 0;
}

int client_socket_send_datagram(int fd, const uint8_t *data, size_t size)
{
	ssize_t sent;

	do
		sent = send(fd, data, size, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

int client_socket_receive_datagram(int fd, uint8_t *buffer, size_t room, size_t *ret,
				   int64_t deadline)
{
	for (;;) {
		ssize_t size = recv(fd, buffer, room, 0);

		if (size >= 0) {
			*ret = (size_t)size;
			return 0;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;

		int err = client_socket_wait(fd, POLLIN, deadline);
		if (err < 0)
			return err;
	}
}
