/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Telling systemd, or whoever else speaks its protocol, how the process is (sd_notify(3)). The protocol is
 * a datagram of lines; a name that begins with '@' is one in the abstract namespace (unix(7)), where
 * a zero octet stands in its place.
 */
#include "cmd/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/observed.h"

static int send_lines(const char *path, const char *lines)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t size = strlen(path);

	if (size < 2 || size >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -EINVAL;
	memcpy(to.sun_path, path, size);
	if (path[0] == '@')
		to.sun_path[0] = '\0';

	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;
	if (fd < 0)
		return -errno;

	/* an abstract name ends where its size says, a path has its NUL */
	socklen_t to_size =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (path[0] != '@'));
	if (sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (const struct sockaddr *)&to, to_size) <
	    0)
		err = -errno;
	close(fd);
	return err;
}

int supervisor_tell(const char *lines)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int err = path != NULL && path[0] != '\0' ? send_lines(path, lines) : 0;

	if (err != 0)
		log_debug("NOTIFY_SOCKET: %s", strerror(-err));
	return err;
}

void supervisor_tell_reloading(void)
{
	struct text text = { 0 };

	/* sd_notify(3): "the CLOCK_MONOTONIC timestamp in µs when the notification was generated" */
	text_printf(&text, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=reading the configuration",
		    (long long)clock_monotonic_us());
	supervisor_tell(text_get(&text));
	text_done(&text);
}

void supervisor_tell_status(const char *lines, struct observed *observed)
{
	struct text text = { 0 };

	if (getenv("NOTIFY_SOCKET") == NULL)
		return;
	text_printf(&text, "%s\nSTATUS=", lines);
	if (observed_status(observed, &text) == 0 && supervisor_tell(text_get(&text)) == 0) {
		text_done(&text);
		return;
	}
	text_done(&text);
	supervisor_tell(lines); /* what must be said is short */
}

uint64_t supervisor_patience_us(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *process = getenv("WATCHDOG_PID");
	char *end = NULL;

	if (time == NULL || getenv("NOTIFY_SOCKET") == NULL ||
	    (process != NULL && strtoll(process, NULL, 10) != getpid()))
		return 0;

	unsigned long long us = strtoull(time, &end, 10);
	return end != time && *end == '\0' && us <= INT64_MAX ? us : 0;
}
