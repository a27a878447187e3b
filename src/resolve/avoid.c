/* SPDX-License-Identifier: MIT */
/*
 * The failure memory of a resolver: which endpoints to try last (grey) or not at all (black), each
 * until some time.
 *
 * RFC 3263 4.3 says to go on with the next element when a server fails, and leaves open how the
 * next request finds its way around it. What is remembered here is an endpoint, not a name and not
 * a record: one bad call marks what it called and nothing else, DNS answers stay what they are,
 * and every mark ends by itself. The table is bounded; where it is full, the mark that would end
 * soonest makes room.
 */
#include "resolve/avoid.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "resolve/endpoint.h"

struct mark {
	struct onnet_endpoint endpoint;
	enum onnet_mark mark;
	int64_t until_ms; /* INT64_MAX: until cleared */
};

struct avoid {
	struct mark *marks;
	size_t count;
	size_t room;
};

int avoid_new(struct avoid **ret)
{
	struct avoid *avoid = calloc(1, sizeof(*avoid));

	if (avoid == NULL)
		return -ENOMEM;
	*ret = avoid;
	return 0;
}

void avoid_free(struct avoid *avoid)
{
	if (avoid == NULL)
		return;
	free(avoid->marks);
	free(avoid);
}

static struct mark *mark_find(const struct avoid *avoid, const struct onnet_endpoint *endpoint)
{
	for (size_t i = 0; i < avoid->count; i++)
		if (endpoint_equal(&avoid->marks[i].endpoint, endpoint))
			return &avoid->marks[i];
	return NULL;
}

static void marks_expire(struct avoid *avoid, int64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < avoid->count; i++)
		if (avoid->marks[i].until_ms > now_ms)
			avoid->marks[kept++] = avoid->marks[i];
	avoid->count = kept;
}

/* A place for one more, where need be that of the one that would end soonest. */
static struct mark *mark_add(struct avoid *avoid)
{
	if (avoid->count == AVOID_MAX) {
		struct mark *soonest = avoid->marks;

		for (size_t i = 1; i < avoid->count; i++)
			if (avoid->marks[i].until_ms < soonest->until_ms)
				soonest = &avoid->marks[i];
		return soonest;
	}
	if (avoid->count == avoid->room) {
		size_t room = avoid->room > 0 ? 2 * avoid->room : 8;
		struct mark *marks = reallocarray(avoid->marks, room, sizeof(*marks));

		if (marks == NULL)
			return NULL;
		avoid->marks = marks;
		avoid->room = room;
	}
	return &avoid->marks[avoid->count++];
}

int avoid_mark(struct avoid *avoid, const struct onnet_endpoint *endpoint, enum onnet_mark mark,
	       int64_t now_ms, int64_t for_ms)
{
	marks_expire(avoid, now_ms);

	struct mark *m = mark_find(avoid, endpoint);
	if (mark == ONNET_MARK_NONE) {
		if (m != NULL)
			*m = avoid->marks[--avoid->count];
		return 0;
	}
	if (m == NULL)
		m = mark_add(avoid);
	if (m == NULL)
		return -ENOMEM;
	m->endpoint = *endpoint;
	m->mark = mark;
	m->until_ms = for_ms > 0 && for_ms < INT64_MAX - now_ms ? now_ms + for_ms : INT64_MAX;
	return 0;
}

enum onnet_mark avoid_find(const struct avoid *avoid, const struct onnet_endpoint *endpoint,
			   int64_t now_ms)
{
	const struct mark *m = mark_find(avoid, endpoint);

	return m != NULL && m->until_ms > now_ms ? m->mark : ONNET_MARK_NONE;
}

size_t avoid_list(const struct avoid *avoid, int64_t now_ms, struct onnet_marked *ret, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < avoid->count; i++) {
		const struct mark *m = &avoid->marks[i];

		if (m->until_ms <= now_ms)
			continue;
		if (count < room) {
			int64_t left_s = (m->until_ms - now_ms + 999) / 1000;

			ret[count] = (struct onnet_marked){
				.endpoint = m->endpoint,
				.mark = m->mark,
				.left_s = m->until_ms == INT64_MAX || left_s >= UINT_MAX ?
						  UINT_MAX :
						  (unsigned)left_s,
			};
		}
		count++;
	}
	return count;
}

void avoid_clear(struct avoid *avoid)
{
	avoid->count = 0;
}
