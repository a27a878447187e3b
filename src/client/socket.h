/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CLIENT_SOCKET_H
#define CLIENT_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Sockets with a deadline, which is a time of clock_monotonic_ms(). All functions give 0 or a
 * negative errno, -ETIMEDOUT past the deadline.
 */

/* A connected socket that does not block; the caller closes it. */
int client_socket_open(int *ret, const struct sockaddr_storage *address, bool tcp,
		       int64_t deadline);

/* Waits for POLLIN or POLLOUT (or an error, which the next call on the socket shows). */
int client_socket_wait(int fd, short events, int64_t deadline);

/*
 * From now on all waits of this thread end with -ECANCELED once there is something to read at this
 * descriptor, which nobody reads: an eventfd of a program that is to end. -1: there is none, as at first.
 */
void client_socket_heed(int fd);

int client_socket_send_datagram(int fd, const uint8_t *data, size_t size);

/* The next datagram; its size in ret. */
int client_socket_receive_datagram(int fd, uint8_t *buffer, size_t room, size_t *ret,
				   int64_t deadline);

#endif
