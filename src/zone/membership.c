/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which zone is served because of which catalog (RFC 9432 5). What the catalogs say is held against what
 * is noted in the store beside each zone that one of them brought, so that nothing is forgotten in a
 * restart: a zone that is not listed any more goes (5.3), one with another label begins anew (5.4), one
 * that its catalog lets go (coo, 4.4.1) moves, with its records where the label stays (5.5). A zone that
 * is there already never gives way to a catalog that lists it as well (5.2).
 */
#include "zone/membership.h"

#include <errno.h>
#include <stdlib.h>

#include "base/writer.h"

static int compare(const void *a, const void *b)
{
	const knot_dname_t *x = ((const struct membership *)a)->zone;
	const knot_dname_t *y = ((const struct membership *)b)->zone;
	size_t x_size = knot_dname_size(x), y_size = knot_dname_size(y);
	int order = memcmp(x, y, x_size < y_size ? x_size : y_size);

	return order != 0 ? order : (x_size > y_size) - (x_size < y_size);
}

int membership_format(struct slice *ret, struct arena *arena, const struct membership *m)
{
	size_t catalog = knot_dname_size(m->catalog);
	size_t size = 1 + m->label.size + catalog + m->groups.size;
	uint8_t *octets = arena_take(arena, size);
	struct writer w = write_begin(octets, size);

	if (octets == NULL)
		return -ENOMEM;
	write_u8(&w, (uint8_t)m->label.size);
	write_bytes(&w, m->label.data, m->label.size);
	write_bytes(&w, m->catalog, catalog);
	write_bytes(&w, m->groups.data, m->groups.size);
	*ret = slice_make(octets, size);
	return 0;
}

/* The note's octets lie in the arena. */
static int parse(struct membership *ret, struct slice note)
{
	size_t label = note.size > 0 ? note.data[0] : 0;

	if (note.size <= 1 + label)
		return -EBADMSG;

	const uint8_t *catalog = note.data + 1 + label, *end = note.data + note.size;
	int size = knot_dname_wire_check(catalog, end, NULL);
	if (size <= 0)
		return -EBADMSG;
	ret->label = slice_make(note.data + 1, label);
	ret->catalog = catalog;
	ret->groups = slice_make(catalog + size, (size_t)(end - catalog) - (size_t)size);
	return 0;
}

int membership_read(struct memberships *ret, struct arena *arena, struct store_txn *txn)
{
	struct memberships found = { 0 };
	knot_dname_storage_t apex = { 0xff };
	struct slice note;
	size_t room = 0;
	int err;

	while ((err = store_member_next(txn, apex, &note)) == 0) {
		const uint8_t *octets = arena_copy(arena, note.data, note.size);
		const uint8_t *zone = arena_copy(arena, apex, knot_dname_size(apex));

		if (octets == NULL || zone == NULL)
			return -ENOMEM;
		if (found.count == room) {
			struct membership *more =
				arena_take(arena, (room * 2 + 64) * sizeof(*more));

			if (more == NULL)
				return -ENOMEM;
			if (room > 0)
				memcpy(more, found.list, room * sizeof(*more));
			found.list = more;
			room = room * 2 + 64;
		}
		found.list[found.count].zone = zone;
		err = parse(&found.list[found.count++], slice_make(octets, note.size));
		if (err != 0)
			return err;
	}
	if (err != -ENOENT)
		return err;
	if (found.count > 0)
		qsort(found.list, found.count, sizeof(found.list[0]), compare);
	*ret = found;
	return 0;
}

struct planning {
	const struct memberships *noted;
	const struct catalog_source *source;
	size_t count;
	const struct zone_table *declared;
	struct membership_step *step; /* first those of what is noted, in its order */
	size_t steps;
};

static const struct catalog_source *find_source(const struct planning *p, const knot_dname_t *apex)
{
	for (size_t i = 0; apex != NULL && i < p->count; i++)
		if (knot_dname_is_equal(p->source[i].apex, apex))
			return &p->source[i];
	return NULL;
}

/* Gives the zone of a step to a catalog; its records stay where the label does. */
static void give(struct planning *p, struct membership_step *step,
		 const struct catalog_source *source, const struct catalog_member *member)
{
	const struct membership before = step->now;
	bool same = knot_dname_is_equal(before.catalog, source->apex) &&
		    slice_equal(before.groups, member->groups);

	step->source = (size_t)(source - p->source);
	step->now = (struct membership){ .zone = before.zone,
					 .catalog = source->apex,
					 .label = member->label,
					 .groups = member->groups };
	step->fate = !slice_equal(before.label, member->label) ? MEMBER_RESET :
		     same                                      ? MEMBER_KEPT :
								 MEMBER_CHANGED;
}

/* Goes on to the catalog that the member is let go to, where that lists it. */
static bool move_on(const struct planning *p, const struct catalog_source **source,
		    const struct catalog_member **member)
{
	const struct catalog_source *other = find_source(p, (*member)->coo);
	const struct catalog_member *there =
		other != NULL && !other->broken ? catalog_find(&other->now, (*member)->zone) : NULL;

	if (there == NULL)
		return false;
	*source = other;
	*member = there;
	return true;
}

/* Gives the zone to where its catalog, and those after it, let it go; where they send it round in a circle it stays. */
static void move(struct planning *p, struct membership_step *step,
		 const struct catalog_source *source, const struct catalog_member *member)
{
	const struct catalog_source *to = source;
	const struct catalog_member *there = member;
	size_t moves = 0;

	while (moves <= p->count && move_on(p, &to, &there))
		moves++;
	if (moves > p->count)
		give(p, step, source, member);
	else
		give(p, step, to, there);
}

static void plan_noted(struct planning *p, const struct membership *noted)
{
	struct membership_step *step = &p->step[p->steps++];
	const struct catalog_source *source = find_source(p, noted->catalog);
	const struct catalog_member *member;

	*step = (struct membership_step){ .fate = MEMBER_GONE, .now = *noted };
	if (zone_table_find(p->declared, noted->zone) != NULL) {
		step->fate = MEMBER_DECLARED;
		return;
	}
	if (source == NULL)
		return;
	step->source = (size_t)(source - p->source);
	if (source->broken) {
		step->fate = MEMBER_KEPT;
		return;
	}
	member = catalog_find(&source->now, noted->zone);
	if (member == NULL)
		return;
	move(p, step, source, member);
}

static struct membership_step *find_step(const struct planning *p, const knot_dname_t *zone)
{
	const struct membership key = { .zone = zone };
	const struct membership *found =
		p->noted->count == 0 ?
			NULL :
			bsearch(&key, p->noted->list, p->noted->count, sizeof(key), compare);

	return found == NULL ? NULL : &p->step[found - p->noted->list];
}

/* Whether a catalog before this one brings the zone. */
static bool comes_before(const struct planning *p, size_t source, const knot_dname_t *zone)
{
	for (size_t i = 0; i < source; i++)
		if (!p->source[i].broken && catalog_find(&p->source[i].now, zone) != NULL)
			return true;
	return false;
}

static void plan_listed(struct planning *p, size_t source, const struct catalog_member *member)
{
	const struct catalog_source *from = &p->source[source];
	struct membership_step *step = find_step(p, member->zone);
	const struct membership now = { .zone = member->zone,
					.catalog = from->apex,
					.label = member->label,
					.groups = member->groups };
	enum membership_fate fate = MEMBER_NEW;

	if (step != NULL && step->fate == MEMBER_GONE) {
		*step = (struct membership_step){ MEMBER_RESET, now, source };
		return;
	}
	if (step != NULL && step->fate != MEMBER_DECLARED && step->source == source)
		return;
	if (step != NULL && step->fate != MEMBER_DECLARED && member->coo != NULL &&
	    knot_dname_is_equal(member->coo, step->now.catalog))
		return; /* it has moved there */
	if (step != NULL || comes_before(p, source, member->zone) ||
	    zone_table_find(p->declared, member->zone) != NULL)
		fate = MEMBER_CLASHES;
	p->step[p->steps++] = (struct membership_step){ fate, now, source };
}

int membership_plan(struct membership_plan *ret, struct arena *arena,
		    const struct memberships *noted, const struct catalog_source *source,
		    size_t count, const struct zone_table *declared)
{
	size_t most = noted->count + 1;

	for (size_t i = 0; i < count; i++)
		most += source[i].broken ? 0 : source[i].now.count;

	struct planning p = { .noted = noted,
			      .source = source,
			      .count = count,
			      .declared = declared,
			      .step = arena_take(arena, most * sizeof(*p.step)) };
	if (p.step == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < noted->count; i++)
		plan_noted(&p, &noted->list[i]);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; !source[i].broken && k < source[i].now.count; k++)
			plan_listed(&p, i, &source[i].now.member[k]);
	*ret = (struct membership_plan){ p.step, p.steps };
	return 0;
}
