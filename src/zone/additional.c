/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The additional section (RFC 1034 4.3.2 step 6, RFC 2782, RFC 3403 4.1, RFC 3263): a NAPTR record with
 * flag "s" brings the SRV set that it leads to, flag "a" the addresses; SRV, NS and MX bring the addresses of their
 * targets. What is added is looked at in turn, so that one question for a SIP domain's NAPTR
 * records locates it. Nothing here ever truncates a reply, and the work is bounded.
 */
#include <libknot/libknot.h>

#include "dns/rdata.h"
#include "zone/answer.h"

enum { LOOKUPS_MAX = 32 };

static const uint16_t address_types[] = { KNOT_RRTYPE_A, KNOT_RRTYPE_AAAA, 0 };
static const uint16_t service_types[] = { KNOT_RRTYPE_SRV, 0 };

/* The types to look for at the target of a record; NULL: none. */
static const uint16_t *types_wanted(uint16_t type, struct slice rdata)
{
	if (type == KNOT_RRTYPE_SRV || type == KNOT_RRTYPE_NS || type == KNOT_RRTYPE_MX)
		return address_types;
	if (type != KNOT_RRTYPE_NAPTR)
		return NULL;

	struct slice flags = rdata_naptr_flags(rdata);
	if (flags.size == 0)
		return NULL;
	switch (flags.data[0]) {
	case 's':
	case 'S':
		return service_types;
	case 'a':
	case 'A':
		return address_types;
	default:
		return NULL;
	}
}

/* A name that was looked at, or will be now. */
struct target {
	const knot_dname_t *name; /* in the message */
	size_t size;
	const uint16_t *types;
};

struct adding {
	struct zone_view *view;
	struct reply *reply;
	struct target target[LOOKUPS_MAX];
	size_t count;
};

static bool is_placed(const struct reply *reply, const knot_dname_t *owner, uint16_t type)
{
	for (size_t i = 0; i < reply->placed_count; i++)
		if (reply->placed[i].type == type &&
		    knot_dname_is_case_equal(reply->placed[i].owner, owner))
			return true;
	return false;
}

static bool find_target(struct zone_view *view, const knot_dname_t *target, struct node *ret)
{
	const struct zone *zone = zone_table_above(view->table, target);
	const struct store_zone *record = zone != NULL ? zone_view_get(view, zone) : NULL;
	struct store_match match;

	if (record == NULL)
		return false;

	/* a target may be below a delegation, where no range is for it */
	bool ranges = zone->number_ranges && record->cuts == 0;
	if (answer_find_name(view, record, ranges, target, &match) != 0 ||
	    match.status != STORE_FOUND)
		return false;
	*ret = match.node;
	return true;
}

/* Several records may lead to one name. Whether this one was not looked at for these types yet; notes it down. */
static bool take_target(struct adding *a, const knot_dname_t *name, const uint16_t *types)
{
	size_t size = knot_dname_size(name);

	for (size_t i = 0; i < a->count; i++)
		if (a->target[i].size == size && a->target[i].types == types &&
		    memcmp(a->target[i].name, name, size) == 0)
			return false;
	a->target[a->count++] = (struct target){ .name = name, .size = size, .types = types };
	return true;
}

static void add_target(struct adding *a, const knot_dname_t *name, const uint16_t *types)
{
	struct node node;
	struct rrset set;

	if (!find_target(a->view, name, &node))
		return;
	for (; *types != 0; types++)
		if (node_find(&node, *types, &set) && !is_placed(a->reply, name, *types))
			reply_put(a->reply, REPLY_ADDITIONAL, name, &set);
}

void answer_additional(struct zone_view *view, struct reply *reply)
{
	struct adding a;

	a.view = view;
	a.reply = reply;
	a.count = 0;
	for (size_t i = 0; i < reply->placed_count && !reply->truncated; i++) {
		const struct reply_placed placed = reply->placed[i];
		struct slice rdata;

		for (size_t pos = 0; reply_placed_next(&placed, &pos, &rdata);) {
			const uint16_t *types = types_wanted(placed.type, rdata);

			if (types == NULL)
				continue;

			const knot_dname_t *name = rdata_target(placed.type, rdata);
			if (name == NULL || *name == 0)
				continue;
			if (a.count == LOOKUPS_MAX)
				return;
			if (take_target(&a, name, types))
				add_target(&a, name, types);
		}
	}
}
