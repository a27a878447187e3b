/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk that fails while it makes something last: what the kernel has in memory, and so what readers
 * see, may not be what the disk has. There is no going on, for queries either. The store's own thread may be
 * the one that finds out; a worker is told with the next query, the writer with the next update, and
 * whoever comes first says it for the process.
 */
#include "server/lost.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/log.h"

static atomic_bool told;

void lost_tell(void)
{
	if (atomic_exchange(&told, true))
		return;
	log_error(
		"the disk failed at the end of a commit: the store has to be opened anew, so this "
		"server ends; what was acknowledged is safe");
	kill(getpid(), SIGTERM);
}

bool lost_was_told(void)
{
	return atomic_load(&told);
}
