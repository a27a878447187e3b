/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who has to be told of what, and when (RFC 1996 3.6).
 *
 * A zone's change is told at once, and what changes in the second after that is told together at its
 * end: so a zone may change thousands of times a second, and still the last change is told. A peer
 * that does not answer is told again, each time after twice as long, and each time of the newest
 * state; it is given up after as many tries as take about two minutes.
 */
#include "server/notify_plan.h"

#include <errno.h>
#include <stdlib.h>

/* At the start a zone after another, so that secondaries do not come all at once. */
enum { SPREAD_MS = 1, SPREAD_WHOLE_MS = 60000 };

enum notify_step notify_peer_step(struct notify_peer *peer, int64_t now)
{
	if (peer->tries > 0 ? now < peer->due : !peer->changed)
		return NOTIFY_NOTHING;
	if (peer->tries >= NOTIFY_TRIES) {
		peer->tries = 0;
		return NOTIFY_GIVE_UP;
	}
	peer->due = now + ((int64_t)NOTIFY_FIRST_MS << peer->tries);
	peer->tries++;
	peer->changed = false;
	return NOTIFY_SEND;
}

void notify_peer_answered(struct notify_peer *peer)
{
	peer->tries = 0;
}

static int make_peer(struct notify_peer *ret, const struct conf_peer *peer,
		     const struct state *state)
{
	const struct server_key *key =
		peer->key != NULL ? &state->key[peer->key - state->conf->key] : NULL;

	ret->address = peer->address;
	ret->changed = true;
	if (key != NULL && knot_tsig_key_copy(&ret->key, &key->tsig) != KNOT_EOK)
		return -ENOMEM;
	return 0;
}

static int make_zone(struct notify_plan *plan, struct notify_zone *ret,
		     const struct conf_zone *conf, const struct state *state)
{
	ret->peer = arena_zero(&plan->arena, conf->notify_count * sizeof(*ret->peer));
	if (ret->peer == NULL)
		return -ENOMEM;
	for (; ret->count < conf->notify_count; ret->count++) {
		int err = make_peer(&ret->peer[ret->count], &conf->notify[ret->count], state);

		if (err != 0)
			return err;
	}
	return 0;
}

static int make_zones(struct notify_plan *plan, const struct state *state)
{
	const struct conf *conf = state->conf;
	size_t count = 0;
	int err = 0;

	for (size_t i = 0; err == 0 && i < conf->zone_count; i++) {
		struct notify_zone *zone = &plan->zone[count];

		if (conf->zone[i].notify_count == 0)
			continue;
		*zone_table_at(plan->table, count) = *zone_table_at(state->zones, i);
		zone->zone = zone_table_at(plan->table, count++);
		err = make_zone(plan, zone, &conf->zone[i], state);
	}
	return err == 0 ? zone_table_index(plan->table) : err;
}

static int64_t spread(const struct notify_plan *plan, size_t index)
{
	size_t count = zone_table_count(plan->table);

	return count * SPREAD_MS <= SPREAD_WHOLE_MS ? (int64_t)(index * SPREAD_MS) :
						      (int64_t)(index * SPREAD_WHOLE_MS / count);
}

int notify_plan_new(struct notify_plan **ret, const struct state *state, int64_t now)
{
	struct notify_plan *plan = calloc(1, sizeof(*plan));
	size_t count = 0;

	for (size_t i = 0; i < state->conf->zone_count; i++)
		count += state->conf->zone[i].notify_count > 0;
	if (plan == NULL)
		return -ENOMEM;
	plan->zone = arena_zero(&plan->arena, count * sizeof(*plan->zone));

	int err = plan->zone != NULL ? zone_table_new(&plan->table, count) : -ENOMEM;
	if (err == 0)
		err = agenda_init(&plan->agenda, count);
	if (err == 0)
		err = make_zones(plan, state);
	if (err != 0) {
		notify_plan_free(plan);
		return err;
	}
	for (size_t i = 0; i < count; i++) {
		plan->zone[i].told = now - NOTIFY_RHYTHM_MS;
		agenda_put(&plan->agenda, &plan->zone[i].entry, now + spread(plan, i));
	}
	*ret = plan;
	return 0;
}

void notify_plan_free(struct notify_plan *plan)
{
	if (plan == NULL)
		return;
	for (size_t i = 0; plan->table != NULL && i < zone_table_count(plan->table); i++)
		for (size_t k = 0; k < plan->zone[i].count; k++)
			knot_tsig_key_deinit(&plan->zone[i].peer[k].key);
	agenda_done(&plan->agenda);
	zone_table_free(plan->table);
	arena_done(&plan->arena);
	free(plan);
}

struct notify_zone *notify_plan_find(const struct notify_plan *plan, const knot_dname_t *apex)
{
	const struct zone *zone = zone_table_find(plan->table, apex);

	return zone != NULL ? &plan->zone[zone->index] : NULL;
}

static bool same_key(const knot_tsig_key_t *a, const knot_tsig_key_t *b)
{
	return a->name == NULL || b->name == NULL ? a->name == b->name :
						    knot_dname_is_equal(a->name, b->name);
}

static void follow_peer(struct notify_peer *peer, const struct notify_zone *old)
{
	for (size_t i = 0; i < old->count; i++) {
		const struct notify_peer *was = &old->peer[i];

		if (!conf_address_equal(&was->address, &peer->address) ||
		    !same_key(&was->key, &peer->key))
			continue;

		knot_tsig_key_t key = peer->key;
		*peer = *was;
		peer->key = key;
		return;
	}
}

void notify_plan_follow(struct notify_plan *plan, const struct notify_plan *old, int64_t now)
{
	for (size_t i = 0; i < zone_table_count(plan->table); i++) {
		struct notify_zone *zone = &plan->zone[i];
		const struct notify_zone *was = notify_plan_find(old, zone->zone->apex);

		if (was == NULL)
			continue;
		zone->told = was->told;
		zone->waits = was->waits;
		zone->changed = was->changed;
		for (size_t k = 0; k < zone->count; k++)
			follow_peer(&zone->peer[k], was);
		notify_plan_schedule(plan, zone, now);
	}
}

void notify_plan_schedule(struct notify_plan *plan, struct notify_zone *zone, int64_t now)
{
	int64_t first = zone->waits ? zone->told + NOTIFY_RHYTHM_MS : INT64_MAX;

	for (size_t i = 0; i < zone->count; i++) {
		const struct notify_peer *peer = &zone->peer[i];
		int64_t due = peer->tries > 0 ? peer->due : peer->changed ? now : INT64_MAX;

		first = due < first ? due : first;
	}
	if (first == INT64_MAX)
		agenda_remove(&plan->agenda, &zone->entry);
	else
		agenda_put(&plan->agenda, &zone->entry, first);
}
