/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A dead primary costs whoever asks it seconds of waiting. Of a thousand zones that it has, the first few find that
 * out and the others are spared it, so that threads are there for zones whose primary lives.
 */
#include "server/unreachable.h"

static size_t find(const struct unreachable *u, const struct conf_address *address)
{
	size_t i = 0;

	while (i < u->count && !conf_address_equal(&u->entry[i].address, address))
		i++;
	return i;
}

static bool skip(struct unreachable *u, const struct conf_address *address, int64_t now_ms)
{
	size_t i = find(u, address);

	if (i == u->count)
		return false;
	if (now_ms < u->entry[i].until_ms)
		return true;
	u->entry[i].until_ms = now_ms + UNREACHABLE_MS;
	return false;
}

bool unreachable_skip(struct unreachable *u, const struct conf_address *address, int64_t now_ms)
{
	pthread_mutex_lock(&u->lock);
	bool skipped = skip(u, address, now_ms);
	pthread_mutex_unlock(&u->lock);
	return skipped;
}

void unreachable_add(struct unreachable *u, const struct conf_address *address, int64_t now_ms)
{
	pthread_mutex_lock(&u->lock);
	size_t i = find(u, address);
	if (i == u->count && u->count < UNREACHABLE_MAX)
		u->count++;
	else if (i == u->count)
		i = u->next++ % UNREACHABLE_MAX;
	u->entry[i].address = *address;
	u->entry[i].until_ms = now_ms + UNREACHABLE_MS;
	pthread_mutex_unlock(&u->lock);
}

void unreachable_remove(struct unreachable *u, const struct conf_address *address)
{
	pthread_mutex_lock(&u->lock);
	size_t i = find(u, address);
	if (i < u->count)
		u->entry[i] = u->entry[--u->count];
	pthread_mutex_unlock(&u->lock);
}

void unreachable_init(struct unreachable *u)
{
	*u = (struct unreachable){ 0 };
	pthread_mutex_init(&u->lock, NULL);
}

void unreachable_done(struct unreachable *u)
{
	pthread_mutex_destroy(&u->lock);
}
