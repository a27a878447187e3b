/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_LOOP_H
#define RESOLVE_LOOP_H

#include <stddef.h>
#include <stdint.h>

struct ub_event_base;

/* Descriptors and timers behind one descriptor, for libunbound and for us. For one thread. */
struct loop;

/* A timer, part of what it wakes. All zeros but run is one that is not set. */
struct loop_timer {
	void (*run)(struct loop_timer *timer);
	int64_t due_ms;
	size_t place; /* in the heap, from 1; 0: not set */
};

int loop_new(struct loop **ret);

/* All timers and events are gone by then. */
void loop_free(struct loop *loop);

/* Readable while there is something for loop_run() to do. */
int loop_fd(const struct loop *loop);

/* What libunbound takes for its event base; lives as long as the loop. */
struct ub_event_base *loop_base(struct loop *loop);

/* Sets it, or moves it. -ENOMEM */
int loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

/* How many times a descriptor had something to read. */
uint64_t loop_heard(const struct loop *loop);

/* How many times libunbound was denied memory for an event. */
uint64_t loop_starved(const struct loop *loop);

/* Runs what is due and ready, without waiting. 0, or what the kernel said. */
int loop_run(struct loop *loop);

/*
 * Sees to it that the descriptor becomes readable when the next timer is due, or now. To be called
 * when all else is done: timers set since then count only from here on.
 */
int loop_arm(struct loop *loop, int now);

#endif
