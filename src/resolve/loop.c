/* SPDX-License-Identifier: MIT */
/*
 * The event loop that libunbound runs in, turned inside out.
 *
 * libunbound is told of events by whoever owns the loop: it wants an event base with a table of
 * methods (unbound-event.h), and says which descriptors and time-outs it waits for. Here they sit
 * in an epoll set, and the timers in a heap with one timerfd in the same set. An epoll descriptor
 * is itself readable while something in it is, so that a program needs to poll this one descriptor
 * and no more.
 *
 * The timerfd is set only by loop_arm(), when all is done, and only where the next timer is earlier
 * than what it is set to: libunbound sets and clears a timer for each datagram, and one that fires
 * in vain costs less than two system calls each time. So it never fires late, but may fire in vain.
 *
 * A callback may free any event, also one that the same epoll_wait() reported: each event knows its
 * place among those reported, and leaves it when it goes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <unbound-event.h>

#include "base/clock.h"
#include "resolve/loop.h"

enum {
	BATCH = 64,      /* events that one epoll_wait() reports */
	ROUNDS_MAX = 16, /* batches in one loop_run(): the program has other work, too */
	HEAP_FIRST = 64,
};

struct loop {
	struct ub_event_base base; /* first: libunbound knows the loop by it */
	int epoll_fd;
	int timer_fd;
	int64_t armed_ms; /* when the timerfd fires; INT64_MAX: not */

	struct loop_timer **heap; /* from 1; the parent of n is n / 2 */
	size_t heap_used;
	size_t heap_room;

	struct epoll_event ready[BATCH];
	int ready_count;
	uint64_t heard;
	uint64_t starved;
};

/* An event of libunbound: a descriptor, a time-out, or both. */
struct event {
	struct ub_event ub; /* first, as above */
	struct loop *loop;
	struct loop_timer timer;
	void (*callback)(int fd, short bits, void *arg);
	void *arg;
	struct timeval again; /* of a persistent one with a time-out */
	int fd;
	short bits;
	bool added;   /* waits for its descriptor */
	int reported; /* place in loop->ready, from 1 */
};

static struct event *event_of(struct ub_event *ub)
{
	return (struct event *)ub;
}

/* The heap. */

static void heap_put(struct loop *loop, struct loop_timer *timer, size_t place)
{
	loop->heap[place] = timer;
	timer->place = place;
}

static void heap_up(struct loop *loop, struct loop_timer *timer, size_t place)
{
	while (place > 1 && loop->heap[place / 2]->due_ms > timer->due_ms) {
		heap_put(loop, loop->heap[place / 2], place);
		place /= 2;
	}
	heap_put(loop, timer, place);
}

static void heap_down(struct loop *loop, struct loop_timer *timer, size_t place)
{
	for (;;) {
		size_t child = place * 2;

		if (child > loop->heap_used)
			break;
		if (child < loop->heap_used &&
		    loop->heap[child + 1]->due_ms < loop->heap[child]->due_ms)
			child++;
		if (loop->heap[child]->due_ms >= timer->due_ms)
			break;
		heap_put(loop, loop->heap[child], place);
		place = child;
	}
	heap_put(loop, timer, place);
}

static int heap_grow(struct loop *loop)
{
	size_t room = loop->heap_room ? loop->heap_room * 2 : HEAP_FIRST;
	struct loop_timer **heap;

	if (loop->heap_used + 1 < loop->heap_room)
		return 0;
	heap = reallocarray(loop->heap, room, sizeof(struct loop_timer *));
	if (!heap)
		return -ENOMEM;
	loop->heap = heap;
	loop->heap_room = room;
	return 0;
}

int loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms)
{
	int err;

	loop_timer_clear(loop, timer);
	err = heap_grow(loop);
	if (err < 0)
		return err;
	timer->due_ms = clock_monotonic_ms() + delay_ms;
	heap_up(loop, timer, ++loop->heap_used);
	return 0;
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
	size_t place = timer->place;
	struct loop_timer *last;

	if (place == 0)
		return;
	timer->place = 0;
	last = loop->heap[loop->heap_used--];
	if (last == timer)
		return;
	if (place > 1 && loop->heap[place / 2]->due_ms > last->due_ms)
		heap_up(loop, last, place);
	else
		heap_down(loop, last, place);
}

/* What libunbound calls. Its functions give 0, or -1 as libevent's do. */

static uint32_t event_epoll_bits(const struct event *e)
{
	return (e->bits & UB_EV_READ ? (uint32_t)EPOLLIN : 0) |
	       (e->bits & UB_EV_WRITE ? (uint32_t)EPOLLOUT : 0);
}

static int event_deactivate(struct ub_event *ub)
{
	struct event *e = event_of(ub);
	int err = 0;

	loop_timer_clear(e->loop, &e->timer);
	if (e->reported) {
		e->loop->ready[e->reported - 1].data.ptr = NULL;
		e->reported = 0;
	}
	if (e->added) {
		err = epoll_ctl(e->loop->epoll_fd, EPOLL_CTL_DEL, e->fd, NULL);
		e->added = false;
	}
	return err;
}

static int event_timer_set(struct event *e, const struct timeval *after)
{
	/* Up, not down: a timer that fires early finds nothing to do, again and again. */
	int64_t ms = (int64_t)after->tv_sec * 1000 + (after->tv_usec + 999) / 1000;

	e->again = *after;
	if (loop_timer_set(e->loop, &e->timer, ms) == 0)
		return 0;
	e->loop->starved++;
	return -1;
}

static int event_activate(struct ub_event *ub, struct timeval *after)
{
	struct event *e = event_of(ub);
	uint32_t bits = event_epoll_bits(e);

	if (bits && e->fd >= 0 && !e->added) {
		struct epoll_event wanted = { .events = bits, .data = { .ptr = e } };

		if (epoll_ctl(e->loop->epoll_fd, EPOLL_CTL_ADD, e->fd, &wanted) < 0)
			return -1;
		e->added = true;
	}
	/* As with libevent: without a time-out, the one that is set stays. */
	return after ? event_timer_set(e, after) : 0;
}

static void event_add_bits(struct ub_event *ub, short bits)
{
	event_of(ub)->bits |= bits;
}

static void event_del_bits(struct ub_event *ub, short bits)
{
	event_of(ub)->bits &= (short)~bits;
}

static void event_set_fd(struct ub_event *ub, int fd)
{
	event_of(ub)->fd = fd;
}

static void event_free(struct ub_event *ub)
{
	event_deactivate(ub);
	free(event_of(ub));
}

static int event_timer_add(struct ub_event *ub, struct ub_event_base *base,
			   void (*callback)(int, short, void *), void *arg, struct timeval *after)
{
	struct event *e = event_of(ub);

	event_deactivate(ub);
	e->loop = (struct loop *)base;
	e->fd = -1;
	e->bits = UB_EV_TIMEOUT;
	e->callback = callback;
	e->arg = arg;
	return event_timer_set(e, after);
}

/* Signals are not ours, and libunbound asks for none here. */
static int event_signal_add(struct ub_event *ub, struct timeval *after)
{
	(void)ub;
	(void)after;
	return -1;
}

static int event_signal_del(struct ub_event *ub)
{
	(void)ub;
	return -1;
}

static void event_wsa_unregister(struct ub_event *ub)
{
	(void)ub;
}

static void event_wsa_wouldblock(struct ub_event *ub, int bit)
{
	(void)ub;
	(void)bit;
}

/* Not constant only because struct ub_event does not say so. */
static struct ub_event_vmt event_methods = {
	event_add_bits,   event_del_bits,   event_set_fd,         event_free,
	event_activate,   event_deactivate, event_timer_add,      event_deactivate,
	event_signal_add, event_signal_del, event_wsa_unregister, event_wsa_wouldblock,
};

/*
 * libunbound writes to TCP connections as if SIGPIPE were ignored, which is the program's to say. So
 * it is kept away while such a write may come, and taken away where one came.
 */
static void call_without_sigpipe(const struct event *e, short bits)
{
	static const struct timespec at_once = { 0 };
	bool pending;
	sigset_t pipe;
	sigset_t now;
	sigset_t before;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&now);
	pending = sigismember(&now, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	e->callback(e->fd, bits, e->arg);
	if (!pending)
		sigtimedwait(&pipe, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void event_call(struct event *e, short bits)
{
	if (!(e->bits & UB_EV_PERSIST))
		event_deactivate(&e->ub);
	else if (e->timer.place)
		event_timer_set(e, &e->again); /* can't fail: its place is free for it */
	if (bits & UB_EV_WRITE)
		call_without_sigpipe(e, bits);
	else
		e->callback(e->fd, bits, e->arg);
}

static void event_time_out(struct loop_timer *timer)
{
	struct event *e = (struct event *)((char *)timer - offsetof(struct event, timer));

	if (!(e->bits & UB_EV_PERSIST))
		event_deactivate(&e->ub);
	e->callback(e->fd, UB_EV_TIMEOUT, e->arg);
}

static void base_free(struct ub_event_base *base)
{
	(void)base; /* loop_free() does */
}

static int base_dispatch(struct ub_event_base *base)
{
	(void)base;
	return -1;
}

static int base_exit(struct ub_event_base *base, struct timeval *after)
{
	(void)base;
	(void)after;
	return 0;
}

static struct ub_event *base_event(struct ub_event_base *base, int fd, short bits,
				   void (*callback)(int, short, void *), void *arg)
{
	struct loop *loop = (struct loop *)base;
	struct event *e = calloc(1, sizeof(struct event));

	if (!e) {
		loop->starved++;
		return NULL;
	}
	e->ub.magic = UB_EVENT_MAGIC;
	e->ub.vmt = &event_methods;
	e->loop = loop;
	e->timer.run = event_time_out;
	e->fd = fd;
	e->bits = bits;
	e->callback = callback;
	e->arg = arg;
	return &e->ub;
}

static struct ub_event *base_signal(struct ub_event_base *base, int fd,
				    void (*callback)(int, short, void *), void *arg)
{
	return base_event(base, fd, 0, callback, arg);
}

static struct ub_event *base_wsaevent(struct ub_event_base *base, void *wsaevent,
				      void (*callback)(int, short, void *), void *arg)
{
	(void)base;
	(void)wsaevent;
	(void)callback;
	(void)arg;
	return NULL;
}

static struct ub_event_base_vmt base_methods = {
	base_free, base_dispatch, base_exit, base_event, base_signal, base_wsaevent,
};

/* The loop. */

int loop_new(struct loop **ret)
{
	struct loop *loop = calloc(1, sizeof(struct loop));
	struct epoll_event wanted = { .events = EPOLLIN, .data = { .ptr = NULL } };
	int err;

	if (!loop)
		return -ENOMEM;
	loop->base.magic = UB_EVENT_MAGIC;
	loop->base.vmt = &base_methods;
	loop->armed_ms = INT64_MAX;
	loop->timer_fd = -1;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd >= 0)
		loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->timer_fd < 0 ||
	    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &wanted) < 0) {
		err = -errno;
		loop_free(loop);
		return err;
	}
	*ret = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	free(loop->heap);
	free(loop);
}

int loop_fd(const struct loop *loop)
{
	return loop->epoll_fd;
}

struct ub_event_base *loop_base(struct loop *loop)
{
	return &loop->base;
}

uint64_t loop_heard(const struct loop *loop)
{
	return loop->heard;
}

uint64_t loop_starved(const struct loop *loop)
{
	return loop->starved;
}

static short ready_bits(const struct event *e, uint32_t seen)
{
	short bits = 0;

	/* An error shows in the read or the write that comes of it. */
	if (seen & (EPOLLIN | EPOLLHUP | EPOLLERR))
		bits |= UB_EV_READ;
	if (seen & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		bits |= UB_EV_WRITE;
	return bits & e->bits;
}

static void run_ready(struct loop *loop)
{
	for (int i = 0; i < loop->ready_count; i++) {
		struct event *e = loop->ready[i].data.ptr;

		if (e)
			e->reported = i + 1;
	}
	for (int i = 0; i < loop->ready_count; i++) {
		struct event *e = loop->ready[i].data.ptr;
		short bits;

		if (!e)
			continue;
		e->reported = 0;
		bits = ready_bits(e, loop->ready[i].events);
		if (bits & UB_EV_READ && !(loop->ready[i].events & EPOLLERR))
			loop->heard++;
		if (bits)
			event_call(e, bits);
	}
	loop->ready_count = 0;
}

static void run_timers(struct loop *loop)
{
	int64_t now = clock_monotonic_ms();

	while (loop->heap_used && loop->heap[1]->due_ms <= now) {
		struct loop_timer *timer = loop->heap[1];

		loop_timer_clear(loop, timer);
		timer->run(timer);
	}
}

int loop_run(struct loop *loop)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		int count = epoll_wait(loop->epoll_fd, loop->ready, BATCH, 0);

		if (count < 0 && errno == EINTR)
			count = 0;
		if (count < 0)
			return -errno;
		loop->ready_count = count;
		run_ready(loop);
		if (count < BATCH)
			break;
	}
	run_timers(loop);
	return 0;
}

int loop_arm(struct loop *loop, int now)
{
	struct itimerspec at = { 0 };
	int64_t due = INT64_MAX;

	if (loop->heap_used)
		due = loop->heap[1]->due_ms;
	if (now)
		due = 0;
	/* What has fired stays readable until it is set again. */
	if (now ? loop->armed_ms == 0 :
		  loop->armed_ms <= due && loop->armed_ms > clock_monotonic_ms())
		return 0;
	if (due != INT64_MAX) {
		at.it_value.tv_sec = (time_t)(due / 1000);
		at.it_value.tv_nsec = (long)(due % 1000) * 1000000;
		if (due == 0)
			at.it_value.tv_nsec = 1; /* all zeros would be never */
	}
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) < 0)
		return -errno;
	loop->armed_ms = due;
	return 0;
}
