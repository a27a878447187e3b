/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A thread that answers sleeps until something comes in, then works for microseconds. With turns
 * of the usual length (milliseconds) it has to wait until the writer's is over, where both share a
 * processor. From Linux 6.12 on a thread may say how long its turns are: who asks for shorter ones
 * has an earlier deadline, and takes the processor when it wakes (sched_setattr(2), sched_runtime
 * of a thread under SCHED_OTHER). Older kernels take the call and make nothing of it.
 *
 * Where the process may (root, CAP_SYS_NICE, or a limit as LimitNICE= of systemd sets it) such a thread
 * also goes before others: it never has much to do, and a call waits for it. Whatever nice value the
 * process was started with, other than 0, is left alone.
 */
#include "server/schedule.h"

#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	TURN_NS = 100000, /* the shortest that there is */
	NICE = -10,
};

/* struct sched_attr of linux/sched/types.h, which does not go together with sched.h. */
struct attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* ns */
};

void schedule_answering(void)
{
	struct attributes a;

	memset(&a, 0, sizeof(a));
	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) != 0 || a.policy != 0)
		return; /* somebody has seen to it by other means */
	a.size = sizeof(a);
	a.flags = 0;
	a.runtime = TURN_NS;
	syscall(SYS_sched_setattr, 0, &a, 0);
	if (a.nice == 0)
		setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}
