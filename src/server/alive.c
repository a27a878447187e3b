/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether the server really works, for a watchdog. Each thread counts its steps. A worker is woken at each
 * look, so one that stands still is stuck. The writer is stuck where it stands still while
 * updates wait or are in its hands. What may take long and is no update is not held against it: a zone
 * that is seeded, a change log that is read, a compaction or an import that a command asked for, a zone
 * that is transferred whole, after which an update may have to wait until all of it is on disk.
 */
#include "server/alive.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

/* Where a thread stood when it was last seen to move. */
struct mark {
	unsigned steps;
	int64_t since_us;
	bool stuck; /* was told */
};

struct alive {
	struct observed *observed;
	struct mark writer;
	struct mark worker[];
};

int alive_new(struct alive **ret, struct observed *observed)
{
	struct alive *alive =
		calloc(1, sizeof(*alive) + observed->workers * sizeof(alive->worker[0]));
	int64_t now = clock_monotonic_us();

	if (alive == NULL)
		return -ENOMEM;
	alive->observed = observed;
	alive->writer.since_us = now;
	for (size_t i = 0; i < observed->workers; i++)
		alive->worker[i].since_us = now;
	*ret = alive;
	return 0;
}

void alive_free(struct alive *alive)
{
	free(alive);
}

/* Looks at one thread; excused: it may stand still. */
static bool goes_on(struct mark *mark, const char *name, unsigned steps, bool excused,
		    int64_t limit_us)
{
	int64_t now = clock_monotonic_us();

	if (excused || steps != mark->steps) {
		*mark = (struct mark){ .steps = steps, .since_us = now };
		return true;
	}

	bool good = now - mark->since_us <= limit_us;
	if (!good && !mark->stuck)
		log_error("%s has stood still for %lld s: the watchdog is told nothing any more",
			  name, (long long)((now - mark->since_us) / 1000000));
	mark->stuck = !good;
	return good;
}

static bool writer_may_rest(const struct observed *observed)
{
	struct update_writer *writer = observed->writer;

	return atomic_load(&observed->shared->slow_work) > 0 || atomic_load(&writer->slow) ||
	       atomic_load(&writer->loads) > 0 ||
	       (!atomic_load(&writer->busy) && queue_waiting(&writer->queue) == 0);
}

bool alive_look(struct alive *alive, int64_t limit_us)
{
	struct observed *observed = alive->observed;
	bool good = goes_on(&alive->writer, "the writer", atomic_load(&observed->writer->steps),
			    writer_may_rest(observed), limit_us);

	for (size_t i = 0; i < observed->workers; i++) {
		struct worker *worker = &observed->worker[i];
		unsigned steps = atomic_load(&worker->steps);

		good = goes_on(&alive->worker[i], "a worker", steps, false, limit_us) && good;
		worker_wake(worker);
	}
	return good;
}
