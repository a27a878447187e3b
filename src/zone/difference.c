/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Differences from a primary, made changes of ours. RFC 1995 leaves open what to do where they do not fit;
 * here they are refused whole, and the secondary asks for the zone instead: a copy that went its own
 * way would go on to do so.
 *
 * TTLs of what goes are not compared. A set has one TTL here (RFC 2181 5.2), and a primary that has several
 * would never be followed.
 */
#include "zone/difference.h"

#include <errno.h>

#include "base/reader.h"
#include "base/writer.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "zone/import_names.h"

/* A record of the steps. */
struct step_record {
	struct record record;
	bool removed;
};

struct applying {
	struct change_group *group;
	const struct zone *zone;
	struct zone
		unchecked; /* the same: the primary decides which NAPTR expressions make sense */
	const struct change_origin *origin;
	struct difference_result *result;
	struct arena arena; /* of the step at hand */
	struct change change;
	bool open; /* a step is under way */
};

enum { RECORD_HEAD = 1 + 2 + 2 + 4 + 2 };

int difference_add(struct text *steps, const struct record *record, bool removed)
{
	uint8_t head[RECORD_HEAD + KNOT_DNAME_MAXLEN];
	struct writer w = write_begin(head, sizeof(head));

	write_u8(&w, removed);
	write_bytes(&w, record->owner, knot_dname_size(record->owner));
	write_u16(&w, record->type);
	write_u16(&w, record->rclass);
	write_u32(&w, record->ttl);
	write_u16(&w, (uint16_t)record->rdata.size);
	text_add(steps, head, write_size(&w));
	text_add(steps, record->rdata.data, record->rdata.size);
	return steps->failed ? -ENOMEM : 0;
}

static int read_record(struct reader *r, struct step_record *ret)
{
	ret->removed = read_u8(r) != 0;

	struct slice owner = read_name(r);
	ret->record.owner = owner.data;
	ret->record.type = read_u16(r);
	ret->record.rclass = read_u16(r);
	ret->record.ttl = read_u32(r);

	uint16_t size = read_u16(r);
	ret->record.rdata = read_bytes(r, size);
	return r->failed ? -EBADMSG : 0;
}

static int refuse(struct applying *a, const struct record *record, const char *why)
{
	a->result->why = why;
	memcpy(a->result->name, record->owner, knot_dname_size(record->owner));
	return -EINVAL;
}

static int remove_record(struct applying *a, struct node_edit *edit, const struct record *record)
{
	if (!edit_remove(edit, record->type, record->rdata))
		return refuse(a, record, "a record that is to go is not there");
	return 0;
}

static int add_record(struct applying *a, struct node_edit *edit, const struct record *record)
{
	size_t count = edit_count(edit, record->type);
	uint32_t ttl = record->ttl > INT32_MAX ? 0 : record->ttl; /* RFC 2181 8 */
	const char *why = import_check(&a->unchecked, record);

	if (why != NULL)
		return refuse(a, record, why);
	int err = import_add(edit, record->type, ttl, record->rdata, &why);
	if (why != NULL)
		return refuse(a, record, why);
	if (err == 0 && edit_count(edit, record->type) == count)
		return refuse(a, record, "a record that comes is there already");
	return err;
}

static int close_step(struct applying *a)
{
	int err = a->open ? change_commit(&a->change, a->origin) : 0;

	a->open = false;
	return err < 0 ? err : 0;
}

/* The SOA of before: the step begins, and must do so where the zone is. */
static int open_step(struct applying *a, const struct record *soa)
{
	struct change_node *apex;
	struct rrset set;
	struct rrset_record record;
	size_t pos = 0;
	int err = close_step(a);

	if (err != 0)
		return err;
	arena_reset(&a->arena);
	err = change_begin(&a->change, &a->arena, a->group, a->zone);
	if (err == 0)
		err = change_node(&a->change, a->zone->apex, &apex);
	if (err != 0)
		return err;
	if (!edit_find(&apex->edit, KNOT_RRTYPE_SOA, &set) || !rrset_next(&set, &pos, &record) ||
	    rdata_soa_serial(record.rdata) != rdata_soa_serial(soa->rdata))
		return refuse(a, soa, "the differences begin at another serial");
	if (a->result->changes++ == 0)
		a->result->before = rdata_soa_serial(soa->rdata);
	edit_clear(&apex->edit, KNOT_RRTYPE_SOA);
	a->open = true;
	return 0;
}

static int apply_record(struct applying *a, const struct step_record *step)
{
	const struct record *record = &step->record;
	struct change_node *node;

	if (record->type == KNOT_RRTYPE_SOA && step->removed)
		return open_step(a, record);
	if (!a->open)
		return refuse(a, record, "the differences do not begin with a SOA record");
	if (name_depth(record->owner, a->zone->apex) < 0) {
		a->result->outside++;
		return 0;
	}

	int err = change_node(&a->change, record->owner, &node);
	if (err != 0)
		return err;
	if (step->removed)
		return remove_record(a, &node->edit, record);
	if (record->type == KNOT_RRTYPE_SOA)
		a->result->after = rdata_soa_serial(record->rdata);
	return add_record(a, &node->edit, record);
}

int difference_apply(struct change_group *group, const struct zone *zone, struct slice steps,
		     const struct change_origin *origin, struct difference_result *ret)
{
	struct applying a = { .group = group, .zone = zone, .origin = origin, .result = ret };
	struct reader r = read_begin(steps.data, steps.size);
	int err = 0;

	*ret = (struct difference_result){ 0 };
	a.unchecked = *zone;
	a.unchecked.naptr_check = false;
	while (err == 0 && read_left(&r) > 0) {
		struct step_record step;

		err = read_record(&r, &step);
		if (err == 0)
			err = apply_record(&a, &step);
	}
	if (err == 0)
		err = close_step(&a);
	arena_done(&a.arena);
	return err;
}
