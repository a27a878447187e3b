/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_UNREACHABLE_H
#define SERVER_UNREACHABLE_H

#include <pthread.h>

#include "conf/conf.h"

enum { UNREACHABLE_MAX = 64, UNREACHABLE_MS = 5000 };

/* Servers that did not answer in time. For any thread; times are milliseconds of the caller's clock. */
struct unreachable {
	pthread_mutex_t lock;
	struct {
		struct conf_address address;
		int64_t until_ms;
	} entry[UNREACHABLE_MAX];
	size_t count, next;
};

void unreachable_init(struct unreachable *u);
void unreachable_done(struct unreachable *u);

/*
 * Whether it is better left alone for now. Once the time is over, one caller is let through to try, and the
 * others wait for what comes of it.
 */
bool unreachable_skip(struct unreachable *u, const struct conf_address *address, int64_t now_ms);
void unreachable_add(struct unreachable *u, const struct conf_address *address, int64_t now_ms);
void unreachable_remove(struct unreachable *u, const struct conf_address *address);

#endif
