/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making a catalog zone (RFC 9432 4) that others follow: SOA, "NS invalid.", the version, and each member.
 * A member's label is a hash of its name: as long as the zone is listed the label stays, whatever happens
 * to other zones or to the file, because another label would have consumers start the zone anew (5.4).
 */
#include <errno.h>
#include <libdnssec/digest.h>
#include <libknot/descriptor.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/writer.h"
#include "zone/catalog.h"
#include "zone/change.h"

enum {
	LABEL_OCTETS =
		16, /* of the hash; as many as make two names with one label a thing not to fear */
	TTL = 0,    /* nobody but servers asks for it */
};

static const knot_dname_t invalid[] = "\x07"
				      "invalid";

/* Makes the label, two digits for each octet. */
static int make_label(struct catalog_member *member, struct arena *arena)
{
	dnssec_binary_t name = { .data = (uint8_t *)(uintptr_t)member->zone,
				 .size = knot_dname_size(member->zone) };
	dnssec_binary_t hash = { 0 };
	dnssec_digest_ctx_t *context;
	char *label = arena_take(arena, 2 * LABEL_OCTETS + 1);

	if (label == NULL || dnssec_digest_init(DNSSEC_DIGEST_SHA384, &context) != DNSSEC_EOK ||
	    dnssec_digest(context, &name) != DNSSEC_EOK ||
	    dnssec_digest_finish(context, &hash) != DNSSEC_EOK)
		return -ENOMEM;
	for (size_t i = 0; i < LABEL_OCTETS; i++) {
		label[2 * i] = "0123456789abcdef"[hash.data[i] >> 4];
		label[2 * i + 1] = "0123456789abcdef"[hash.data[i] & 15];
	}
	dnssec_binary_free(&hash);
	member->label = slice_make(label, 2 * LABEL_OCTETS);
	return 0;
}

/* All of the zone as it is. */
static int open_all(struct change *change, const struct zone *zone)
{
	struct store_walk *walk;
	struct node node;
	knot_dname_storage_t name;
	struct change_node *open;
	int more, err = store_walk_begin(&walk, change->group->txn, &change->open->record,
					 zone->apex, zone->apex);

	while (err == 0 && (more = store_walk_next(walk, name, &node)) != 0)
		err = more < 0 ? more : change_node(change, name, &open);
	store_walk_end(walk);
	return err;
}

static void clear_all(struct change *change)
{
	for (struct change_node *node = change->first; node != NULL; node = node->next)
		for (size_t i = 0; edit_type(&node->edit, i) >= 0;) {
			uint16_t type = (uint16_t)edit_type(&node->edit, i);

			if (type == KNOT_RRTYPE_SOA)
				i++;
			else
				edit_clear(&node->edit, type);
		}
}

/* Adds a record at the name of these labels above the apex. */
static int add(struct change *change, struct slice labels, uint16_t type, struct slice rdata)
{
	uint8_t name[KNOT_DNAME_MAXLEN];
	struct writer w = write_begin(name, sizeof(name));
	struct change_node *node;

	write_bytes(&w, labels.data, labels.size);
	write_bytes(&w, change->zone->apex, change->zone->apex_size);
	if (w.full)
		return -ENAMETOOLONG;

	int err = change_node(change, name, &node);
	if (err == 0)
		err = edit_add(&node->edit, type, TTL, rdata);
	return err < 0 ? err : 0;
}

static int add_member(struct change *change, const struct catalog_member *member)
{
	uint8_t labels[6 + 1 + LABEL_OCTETS * 2 + 6];
	struct writer w = write_begin(labels, sizeof(labels));

	write_bytes(&w, "\x05group", 6);
	write_u8(&w, (uint8_t)member->label.size);
	write_bytes(&w, member->label.data, member->label.size);
	write_bytes(&w, "\x05zones", 6);

	int err = add(change, slice_make(labels + 6, sizeof(labels) - 6), KNOT_RRTYPE_PTR,
		      slice_make(member->zone, knot_dname_size(member->zone)));
	if (err == 0 && member->groups.size > 0)
		err = add(change, slice_make(labels, sizeof(labels)), KNOT_RRTYPE_TXT,
			  member->groups);
	return err;
}

static int compare_labels(const void *a, const void *b)
{
	return memcmp(((const struct catalog_member *)a)->label.data,
		      ((const struct catalog_member *)b)->label.data, 2 * LABEL_OCTETS);
}

static int make_labels(struct catalog_member *member, size_t count, struct arena *arena)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++)
		err = make_label(&member[i], arena);
	if (err == 0 && count > 0)
		qsort(member, count, sizeof(*member), compare_labels);
	for (size_t i = 1; err == 0 && i < count; i++)
		if (compare_labels(&member[i - 1], &member[i]) == 0)
			err = -EEXIST;
	return err;
}

int catalog_write(struct change_group *group, struct arena *arena, const struct zone *zone,
		  struct catalog_member *member, size_t count)
{
	const struct change_origin ourselves = { .time = (uint64_t)clock_wall_s() };
	struct change change;
	int err = make_labels(member, count, arena);

	if (err == 0)
		err = change_begin(&change, arena, group, zone);
	if (err == 0)
		err = open_all(&change, zone);
	if (err != 0)
		return err;
	clear_all(&change);
	err = add(&change, slice_make("", 0), KNOT_RRTYPE_NS, slice_make(invalid, sizeof(invalid)));
	if (err == 0)
		err = add(&change, slice_make("\x07version", 8), KNOT_RRTYPE_TXT,
			  slice_make("\x01"
				     "2",
				     2));
	for (size_t i = 0; err == 0 && i < count; i++)
		err = add_member(&change, &member[i]);
	return err == 0 ? change_commit(&change, &ourselves) : err;
}
