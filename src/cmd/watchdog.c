/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The watchdog's thread. It looks at the server four times as often as the supervisor wants to be told, so that
 * one sign that comes late does no harm; and it has a thread of its own, since a reload may take long.
 */
#include "cmd/watchdog.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cmd/supervisor.h"
#include "server/alive.h"

struct watchdog {
	struct observed *observed;
	struct alive *alive;
	uint64_t patience_us;
	pthread_t thread;
	int stop; /* an eventfd */
};

static void *watchdog_main(void *arg)
{
	struct watchdog *watchdog = arg;
	struct pollfd wait = { .fd = watchdog->stop, .events = POLLIN };
	uint64_t pause_ms = watchdog->patience_us / 4000;
	int timeout = pause_ms < 1 ? 1 : pause_ms < 60000 ? (int)pause_ms : 60000;

	pthread_setname_np(pthread_self(), "watchdog");
	while (poll(&wait, 1, timeout) <= 0)
		if (alive_look(watchdog->alive, (int64_t)watchdog->patience_us))
			supervisor_tell_status("WATCHDOG=1", watchdog->observed);
	return NULL;
}

int watchdog_start(struct watchdog **ret, struct observed *observed)
{
	uint64_t patience_us = supervisor_patience_us();
	struct watchdog *watchdog;

	*ret = NULL;
	if (patience_us == 0)
		return 0;
	watchdog = calloc(1, sizeof(*watchdog));
	if (watchdog == NULL)
		return -ENOMEM;
	watchdog->observed = observed;
	watchdog->patience_us = patience_us;
	watchdog->stop = eventfd(0, EFD_CLOEXEC);

	int err = watchdog->stop < 0 ? -errno : alive_new(&watchdog->alive, observed);
	if (err == 0)
		err = -pthread_create(&watchdog->thread, NULL, watchdog_main, watchdog);
	if (err == 0) {
		*ret = watchdog;
		return 0;
	}
	alive_free(watchdog->alive);
	if (watchdog->stop >= 0)
		close(watchdog->stop);
	free(watchdog);
	return err;
}

void watchdog_stop(struct watchdog *watchdog)
{
	if (watchdog == NULL)
		return;
	eventfd_write(watchdog->stop, 1);
	pthread_join(watchdog->thread, NULL);
	alive_free(watchdog->alive);
	close(watchdog->stop);
	free(watchdog);
}
