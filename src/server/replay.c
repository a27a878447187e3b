/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hash table of messages, and for each second the list of those signed in it, which is how they
 * are forgotten: seconds older than a signature's life go whole. Seconds lie SECONDS apart in one list; a clock that
 * stepped may have put others there, which stay. A MAC is as good as random, so its octets are the
 * hash. Used by the writer's thread alone.
 */
#include "server/replay.h"

#include <errno.h>
#include <stdlib.h>

enum { SECONDS = 1024, LIFE = 300, START = 1024 };

struct entry {
	uint64_t mac;
	uint64_t signed_at;
	uint32_t next_in_chain; /* index + 1; 0: none */
	uint32_t next_in_second;
	uint8_t rcode;
};

struct replay {
	struct entry *entry;
	uint32_t *chain; /* as many as there is room for entries */
	size_t room, used, capacity;
	uint32_t free; /* list of given up entries, by next_in_chain */
	uint32_t second[SECONDS];
	uint64_t oldest; /* seconds before this one are forgotten */
};

int replay_new(struct replay **ret, size_t capacity)
{
	struct replay *replay = calloc(1, sizeof(*replay));

	if (replay == NULL)
		return -ENOMEM;
	replay->capacity = capacity;
	*ret = replay;
	return 0;
}

void replay_free(struct replay *replay)
{
	if (replay == NULL)
		return;
	free(replay->entry);
	free(replay->chain);
	free(replay);
}

static uint32_t *chain_head(const struct replay *replay, uint64_t mac)
{
	return &replay->chain[mac & (replay->room - 1)];
}

static struct entry *find(const struct replay *replay, uint64_t mac, uint64_t signed_at)
{
	if (replay->room == 0)
		return NULL;
	for (uint32_t i = *chain_head(replay, mac); i != 0;
	     i = replay->entry[i - 1].next_in_chain) {
		struct entry *entry = &replay->entry[i - 1];

		if (entry->mac == mac && entry->signed_at == signed_at)
			return entry;
	}
	return NULL;
}

bool replay_find(const struct replay *replay, uint64_t mac, uint64_t signed_at, uint8_t *ret)
{
	const struct entry *entry = find(replay, mac, signed_at);

	if (entry != NULL)
		*ret = entry->rcode;
	return entry != NULL;
}

static void unchain(struct replay *replay, uint32_t index)
{
	uint32_t *link = chain_head(replay, replay->entry[index - 1].mac);

	while (*link != index)
		link = &replay->entry[*link - 1].next_in_chain;
	*link = replay->entry[index - 1].next_in_chain;
}

/* The list of a second, as far as it was signed up to the limit. */
static void forget_second(struct replay *replay, uint64_t second, uint64_t limit)
{
	uint32_t *link = &replay->second[second % SECONDS];

	while (*link != 0) {
		uint32_t index = *link;
		struct entry *entry = &replay->entry[index - 1];

		if (entry->signed_at > limit) {
			link = &entry->next_in_second;
			continue;
		}
		*link = entry->next_in_second;
		unchain(replay, index);
		entry->next_in_chain = replay->free;
		replay->free = index;
	}
}

uint64_t replay_oldest(const struct replay *replay)
{
	return replay->oldest;
}

void replay_forget(struct replay *replay, uint64_t oldest, uint64_t now)
{
	if (oldest > now + LIFE)
		return; /* said by a clock that was ahead */
	if (oldest > replay->oldest + SECONDS)
		replay->oldest = oldest - SECONDS; /* all lists are looked at once */
	for (; replay->oldest < oldest; replay->oldest++)
		forget_second(replay, replay->oldest, oldest - 1);
}

bool replay_in_time(struct replay *replay, uint64_t signed_at, uint64_t now)
{
	uint64_t oldest = now > LIFE ? now - LIFE : 0;

	/* A clock that was ahead and was put right: nothing signed from now on was forgotten. */
	if (replay->oldest > now + LIFE)
		replay->oldest = now;
	replay_forget(replay, oldest, now);
	return signed_at >= replay->oldest;
}

static int grow(struct replay *replay)
{
	size_t room = replay->room == 0 ? START : replay->room * 2;
	struct entry *entry = realloc(replay->entry, room * sizeof(*entry));

	if (entry == NULL)
		return -ENOMEM;
	replay->entry = entry;

	uint32_t *chain = calloc(room, sizeof(*chain));
	if (chain == NULL)
		return -ENOMEM;
	free(replay->chain);
	replay->chain = chain;
	replay->room = room;
	for (uint32_t i = 1; i <= replay->used; i++) {
		uint32_t *head = chain_head(replay, entry[i - 1].mac);

		entry[i - 1].next_in_chain = *head;
		*head = i;
	}
	return 0;
}

/* An index for a new entry; 0: no memory. */
static uint32_t take_index(struct replay *replay)
{
	if (replay->free == 0 && replay->used == replay->capacity)
		for (; replay->free == 0; replay->oldest++)
			forget_second(replay, replay->oldest, replay->oldest);
	if (replay->free != 0) {
		uint32_t index = replay->free;

		replay->free = replay->entry[index - 1].next_in_chain;
		return index;
	}
	if (replay->used == replay->room && grow(replay) != 0)
		return 0;
	return (uint32_t)++replay->used;
}

int replay_add(struct replay *replay, uint64_t mac, uint64_t signed_at, uint8_t rcode)
{
	struct entry *known = find(replay, mac, signed_at);

	if (known != NULL) {
		known->rcode = rcode;
		return 0;
	}

	uint32_t index = take_index(replay);
	if (index == 0)
		return -ENOMEM;

	uint32_t *chain = chain_head(replay, mac), *second = &replay->second[signed_at % SECONDS];
	replay->entry[index - 1] = (struct entry){ .mac = mac,
						   .signed_at = signed_at,
						   .next_in_chain = *chain,
						   .next_in_second = *second,
						   .rcode = rcode };
	*chain = index;
	*second = index;
	return 0;
}
