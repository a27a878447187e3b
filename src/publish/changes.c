/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A list of changes (RFC 2136 2.5) that grows in an arena. Numbers, ranges and domains are turned
 * into such lists by pure functions; who sends them, or prints them, is not known here.
 */
#include "publish/changes.h"

void changes_put(struct changes *c, const struct record *change)
{
	if (c->failed)
		return;
	if (c->count == c->room) {
		size_t room = c->room * 2 + 16;
		struct record *at = arena_take(c->arena, room * sizeof(*at));

		if (at == NULL) {
			c->failed = true;
			return;
		}
		if (c->count > 0)
			memcpy(at, c->at, c->count * sizeof(*at));
		c->at = at;
		c->room = room;
	}
	c->at[c->count++] = *change;
}

void changes_add(struct changes *c, const knot_dname_t *owner, uint32_t ttl, uint16_t type,
		 struct slice rdata)
{
	changes_put(c, &(struct record){ owner, type, KNOT_CLASS_IN, ttl, rdata });
}

void changes_delete(struct changes *c, const knot_dname_t *owner, uint16_t type, struct slice rdata)
{
	changes_put(c, &(struct record){ owner, type, KNOT_CLASS_NONE, 0, rdata });
}

void changes_delete_set(struct changes *c, const knot_dname_t *owner, uint16_t type)
{
	changes_put(c, &(struct record){ owner, type, KNOT_CLASS_ANY, 0, { NULL, 0 } });
}
