/* SPDX-License-Identifier: MIT */
/*
 * The source address of a packet to some destination, which RFC 6724 5 leaves to the host and 6
 * orders destinations by. connect() on a datagram socket makes the kernel choose, and sends
 * nothing. Before the next one the choice has to be undone (AF_UNSPEC), or the address stays.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "resolve/source.h"

void source_init(struct source *source)
{
	source->v4 = -1;
	source->v6 = -1;
}

void source_done(struct source *source)
{
	if (source->v4 >= 0)
		close(source->v4);
	if (source->v6 >= 0)
		close(source->v6);
	source_init(source);
}

int source_find(void *arg, const union onnet_address *destination, union onnet_address *ret)
{
	static const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct source *source = arg;
	bool v6 = destination->any.sa_family == AF_INET6;
	socklen_t size = v6 ? sizeof(destination->v6) : sizeof(destination->v4);
	int *fd = v6 ? &source->v6 : &source->v4;
	union onnet_address found = { 0 };
	int err = 0;

	if (*fd < 0)
		*fd = socket(destination->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return -errno;
	if (connect(*fd, &destination->any, size) < 0 || getsockname(*fd, &found.any, &size) < 0)
		err = -errno;
	connect(*fd, &none, sizeof(none));
	if (err == 0)
		*ret = found;
	return err;
}
