/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading a catalog zone (RFC 9432 4). Under "zones" each member has a label of its own with one PTR
 * record that leads to the zone; below it stand properties, of which we know coo and group.
 * What we do not know is left alone (4.3: "MUST be ignored"). A catalog that is broken says
 * nothing at all (5.1): a version that is not "2" or stands there more than once, a member with
 * several PTR records, a zone that is listed twice.
 */
#include "zone/catalog.h"

#include <errno.h>
#include <libknot/descriptor.h>
#include <stdlib.h>

#include "dns/name.h"

/* What is being read, and where it stands in the walk. */
struct reading {
	struct arena *arena;
	const knot_dname_t *zones; /* "zones" below the apex */
	struct catalog_member *member;
	size_t count, room;
	const char *why;
};

static const knot_dname_t *below(struct arena *arena, const char *label, const knot_dname_t *apex)
{
	size_t size = strlen(label), rest = knot_dname_size(apex);
	uint8_t *name = arena_take(arena, 1 + size + rest);

	if (name == NULL)
		return NULL;
	name[0] = (uint8_t)size;
	memcpy(name + 1, label, size);
	memcpy(name + 1 + size, apex, rest);
	return name;
}

static int broken(struct reading *r, const char *why)
{
	r->why = why;
	return -EPROTO;
}

/* The only PTR record's name in lower case; NULL: there is none, or an error. */
static int read_pointer(struct reading *r, const struct node *node, const knot_dname_t **ret)
{
	struct rrset_record record;
	struct rrset set;
	size_t pos = 0;
	uint8_t *name;

	if (!node_find(node, KNOT_RRTYPE_PTR, &set) || !rrset_next(&set, &pos, &record))
		return 0;
	if (set.count != 1)
		return broken(r, "a member or a property has several PTR records");
	name = arena_copy(r->arena, record.rdata.data, record.rdata.size);
	if (name == NULL)
		return -ENOMEM;
	knot_dname_to_lower(name);
	*ret = name;
	return 0;
}

/* All texts of all TXT records, one after another. */
static int read_groups(struct reading *r, const struct node *node, struct slice *ret)
{
	struct rrset_record record;
	struct rrset set;
	size_t pos = 0, size = 0;
	uint8_t *texts;

	if (!node_find(node, KNOT_RRTYPE_TXT, &set))
		return 0;
	texts = arena_take(r->arena, set.size);
	if (texts == NULL)
		return -ENOMEM;
	while (rrset_next(&set, &pos, &record)) {
		memcpy(texts + size, record.rdata.data, record.rdata.size);
		size += record.rdata.size;
	}
	*ret = slice_make(texts, size);
	return 0;
}

static struct catalog_member *add_member(struct reading *r)
{
	if (r->count == r->room) {
		size_t room = r->room > 0 ? r->room * 2 : 64;
		struct catalog_member *more = arena_zero(r->arena, room * sizeof(*more));

		if (more == NULL)
			return NULL;
		if (r->count > 0)
			memcpy(more, r->member, r->count * sizeof(*more));
		r->member = more;
		r->room = room;
	}
	return &r->member[r->count++];
}

static int take_member(struct reading *r, const knot_dname_t *name, const struct node *node)
{
	const knot_dname_t *zone = NULL;
	int err = read_pointer(r, node, &zone);

	if (err != 0 || zone == NULL)
		return err;

	struct catalog_member *member = add_member(r);
	uint8_t *label = arena_copy(r->arena, name + 1, name[0]);
	if (member == NULL || label == NULL)
		return -ENOMEM;
	member->zone = zone;
	member->label = slice_make(label, name[0]);
	return 0;
}

static bool label_is(const knot_dname_t *name, struct slice label)
{
	return name[0] == label.size && memcmp(name + 1, label.data, label.size) == 0;
}

/* A name below that of a member, which the walk has just passed: in canonical order it comes first. */
static int take_property(struct reading *r, const knot_dname_t *name, const struct node *node)
{
	struct catalog_member *last = r->count > 0 ? &r->member[r->count - 1] : NULL;

	if (last == NULL || !label_is(name + 1 + name[0], last->label))
		return 0; /* of no member */
	if (label_is(name, slice_make("group", 5)))
		return read_groups(r, node, &last->groups);
	return label_is(name, slice_make("coo", 3)) ? read_pointer(r, node, &last->coo) : 0;
}

static int read_members(struct reading *r, struct store_txn *txn, const struct store_zone *record,
			const knot_dname_t *apex)
{
	knot_dname_storage_t name;
	struct store_walk *walk;
	struct node node;
	int more, err = store_walk_begin(&walk, txn, record, apex, r->zones);

	if (err != 0)
		return err;
	while (err == 0 && (more = store_walk_next(walk, name, &node)) != 0) {
		int depth = name_depth(name, r->zones);

		knot_dname_to_lower(name);
		err = more < 0   ? more :
		      depth == 1 ? take_member(r, name, &node) :
		      depth == 2 ? take_property(r, name, &node) :
				   0;
	}
	store_walk_end(walk);
	return err;
}

static int compare_names(const knot_dname_t *a, const knot_dname_t *b)
{
	size_t a_size = knot_dname_size(a), b_size = knot_dname_size(b);
	int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

	return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_members(const void *a, const void *b)
{
	return compare_names(((const struct catalog_member *)a)->zone,
			     ((const struct catalog_member *)b)->zone);
}

/* 4.2.1: one TXT record, "2". */
static int check_version(struct reading *r, struct store_txn *txn, const struct store_zone *record,
			 const knot_dname_t *apex)
{
	static const uint8_t two[] = { 1, '2' };
	const knot_dname_t *name = below(r->arena, "version", apex);
	struct rrset_record version;
	struct rrset set;
	struct node node;
	size_t pos = 0;
	int err = name != NULL ? store_node_get(txn, record, name, &node) : -ENOMEM;

	if (err != 0)
		return err;
	if (!node_find(&node, KNOT_RRTYPE_TXT, &set) || !rrset_next(&set, &pos, &version))
		return broken(r, "it has no version");
	if (set.count != 1)
		return broken(r, "it has several versions");
	if (!slice_equal(version.rdata, slice_make(two, sizeof(two))))
		return broken(r, "its version is not 2");
	return 0;
}

int catalog_read(struct catalog *ret, struct arena *arena, struct store_txn *txn,
		 const knot_dname_t *apex, const char **why)
{
	struct reading r = { .arena = arena, .zones = below(arena, "zones", apex) };
	struct store_zone record;
	int err = r.zones != NULL ? store_zone_get(txn, apex, &record) : -ENOMEM;

	if (err == 0)
		err = check_version(&r, txn, &record, apex);
	if (err == 0)
		err = read_members(&r, txn, &record, apex);
	if (err == 0 && r.count > 0)
		qsort(r.member, r.count, sizeof(r.member[0]), compare_members);
	for (size_t i = 1; err == 0 && i < r.count; i++)
		if (compare_members(&r.member[i - 1], &r.member[i]) == 0)
			err = broken(&r, "it lists a zone twice");
	if (err == 0)
		*ret = (struct catalog){ r.member, r.count };
	else if (err == -EPROTO)
		*why = r.why;
	return err;
}

const struct catalog_member *catalog_find(const struct catalog *catalog, const knot_dname_t *zone)
{
	const struct catalog_member key = { .zone = zone };

	return catalog->count == 0 ? NULL :
				     bsearch(&key, catalog->member, catalog->count,
					     sizeof(catalog->member[0]), compare_members);
}

bool catalog_has_group(struct slice groups, const char *group)
{
	size_t size = strlen(group);

	for (size_t at = 0; at < groups.size; at += 1 + (size_t)groups.data[at])
		if (groups.data[at] == size && at + 1 + size <= groups.size &&
		    memcmp(groups.data + at + 1, group, size) == 0)
			return true;
	return false;
}
