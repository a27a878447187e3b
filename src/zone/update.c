/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dynamic update (RFC 2136). A message is checked in form by whoever received it, then, inside the
 * one write transaction, its prerequisites are looked at and its changes made in memory. Nothing
 * reaches the store before all of that has gone well.
 */
#include "zone/update.h"

#include <errno.h>

#include "dns/name.h"
#include "dns/rdata.h"
#include "tel/naptr.h"

static const knot_pktsection_t *prerequisites(const knot_pkt_t *message)
{
	return knot_pkt_section(message, KNOT_ANSWER);
}

static const knot_pktsection_t *updates(const knot_pkt_t *message)
{
	return knot_pkt_section(message, KNOT_AUTHORITY);
}

static struct slice rr_rdata(const knot_rrset_t *rr)
{
	if (rr->rrs.count == 0)
		return (struct slice){ 0 };
	return slice_make(rr->rrs.rdata->data, rr->rrs.rdata->len);
}

/* Types that are no data: questions and what belongs to one message (RFC 2136 3.4.1.2, RFC 6895 3.1). */
static bool is_meta(uint16_t type)
{
	return type == 0 || type == KNOT_RRTYPE_OPT || (type >= 128 && type <= 255);
}

static bool is_inside(const struct zone *zone, const knot_rrset_t *rr)
{
	return name_depth(rr->owner, zone->apex) >= 0;
}

/* "TYPE of NAME: what", for people. */
static const char *explain(struct arena *arena, const knot_rrset_t *rr, const char *what)
{
	knot_dname_txt_storage_t name;
	char type[32];

	if (knot_dname_to_str(name, rr->owner, sizeof(name)) == NULL ||
	    knot_rrtype_to_string(rr->type, type, sizeof(type)) < 0)
		return what;

	const char *text = arena_printf(arena, "%s %s: %s", name, type, what);
	return text != NULL ? text : what;
}

static uint8_t check_naptr(struct arena *arena, const knot_rrset_t *rr, const char **why)
{
	struct naptr naptr;
	const char *fault = NULL;
	int err = naptr_read(rr_rdata(rr), &naptr);

	if (err != 0) {
		*why = explain(arena, rr, "the record is cut short");
		return KNOT_RCODE_FORMERR;
	}
	err = naptr_check(&naptr, &fault);
	if (err == 0)
		return KNOT_RCODE_NOERROR;
	*why = explain(arena, rr, fault != NULL ? fault : "no memory to check it");
	return err == -ENOMEM ? KNOT_RCODE_SERVFAIL : KNOT_RCODE_REFUSED;
}

static uint8_t check_add(struct arena *arena, const struct zone *zone, const knot_rrset_t *rr,
			 const char **why)
{
	if (is_meta(rr->type)) {
		*why = explain(arena, rr, "a type for questions can't be added");
		return KNOT_RCODE_FORMERR;
	}
	if (rr->rrs.count == 0 || !rdata_valid(rr->type, rr_rdata(rr))) {
		*why = explain(arena, rr, "the data is not of this type's form");
		return KNOT_RCODE_FORMERR;
	}
	return rr->type == KNOT_RRTYPE_NAPTR && zone->naptr_check ? check_naptr(arena, rr, why) :
								    KNOT_RCODE_NOERROR;
}

/* RFC 2136 3.4.1.3, the pseudocode's order. */
static uint8_t check_one(struct arena *arena, const struct zone *zone, const knot_rrset_t *rr,
			 const char **why)
{
	bool empty = rr_rdata(rr).size == 0;

	if (!is_inside(zone, rr)) {
		*why = explain(arena, rr, "the name is not in the zone");
		return KNOT_RCODE_NOTZONE;
	}
	switch (rr->rclass) {
	case KNOT_CLASS_IN:
		return check_add(arena, zone, rr, why);
	case KNOT_CLASS_ANY:
		if (rr->ttl == 0 && empty && (!is_meta(rr->type) || rr->type == KNOT_RRTYPE_ANY))
			return KNOT_RCODE_NOERROR;
		*why = explain(arena, rr, "a deletion of a set has no TTL and no data");
		return KNOT_RCODE_FORMERR;
	case KNOT_CLASS_NONE:
		if (rr->ttl == 0 && !is_meta(rr->type))
			return KNOT_RCODE_NOERROR;
		*why = explain(arena, rr, "a deletion of a record has no TTL and a type of data");
		return KNOT_RCODE_FORMERR;
	default:
		*why = explain(arena, rr, "the class is none that an update knows");
		return KNOT_RCODE_FORMERR;
	}
}

uint8_t update_check(struct arena *arena, const struct zone *zone, const knot_pkt_t *message,
		     const char **why)
{
	const knot_pktsection_t *section = updates(message);
	uint8_t rcode = KNOT_RCODE_NOERROR;

	for (uint16_t i = 0; rcode == KNOT_RCODE_NOERROR && i < section->count; i++)
		rcode = check_one(arena, zone, knot_pkt_rr(section, i), why);
	return rcode;
}

static uint8_t failed(int err, const char **why)
{
	*why = strerror(-err);
	return KNOT_RCODE_SERVFAIL;
}

/* RFC 2136 3.2.1-3.2.4, those that ask whether something is there or not. */
static uint8_t require_existence(struct change *change, const knot_rrset_t *rr, const char **why)
{
	static const struct {
		bool wanted, any;
		uint8_t rcode;
		const char *why;
	} rules[] = {
		{ true, true, KNOT_RCODE_NXDOMAIN, "a name that must be there is not" },
		{ true, false, KNOT_RCODE_NXRRSET, "a set that must be there is not" },
		{ false, true, KNOT_RCODE_YXDOMAIN, "a name that must not be there is" },
		{ false, false, KNOT_RCODE_YXRRSET, "a set that must not be there is" },
	};
	bool wanted = rr->rclass == KNOT_CLASS_ANY, any = rr->type == KNOT_RRTYPE_ANY;
	struct change_node *node;
	struct rrset set;

	if (rr_rdata(rr).size > 0 || (!any && is_meta(rr->type))) {
		*why = explain(change->arena, rr, "this kind of prerequisite has no data");
		return KNOT_RCODE_FORMERR;
	}

	int err = change_node(change, rr->owner, &node);
	if (err != 0)
		return failed(err, why);

	bool there = any ? edit_at(&node->edit, 0, &set) : edit_find(&node->edit, rr->type, &set);
	for (size_t i = 0; there != wanted && i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].wanted == wanted && rules[i].any == any) {
			*why = explain(change->arena, rr, rules[i].why);
			return rules[i].rcode;
		}
	}
	return KNOT_RCODE_NOERROR;
}

static bool is_of_set(const knot_rrset_t *rr, const knot_rrset_t *first)
{
	return rr->rclass == KNOT_CLASS_IN && rr->type == first->type &&
	       knot_dname_is_case_equal(rr->owner, first->owner);
}

/* Whether the section lists this record of the set that first belongs to. */
static bool is_listed(const knot_pktsection_t *section, const knot_rrset_t *first,
		      struct slice rdata)
{
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, i);

		if (is_of_set(rr, first) && rdata_equal(first->type, rr_rdata(rr), rdata))
			return true;
	}
	return false;
}

/* Whether what the section lists from index on, of the set that begins there, is this set. */
static bool is_listed_set(const knot_pktsection_t *section, uint16_t index, const struct rrset *set)
{
	const knot_rrset_t *first = knot_pkt_rr(section, index);
	struct rrset_record record;

	for (uint16_t i = index; i < section->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, i);

		if (is_of_set(rr, first) && !rrset_has(set, rr_rdata(rr)))
			return false;
	}
	for (size_t pos = 0; rrset_next(set, &pos, &record);)
		if (!is_listed(section, first, record.rdata))
			return false;
	return true;
}

/* RFC 2136 3.2.5: the set of all records of one name and type that the section lists, starting at index. */
static uint8_t require_value(struct change *change, const knot_pktsection_t *section,
			     uint16_t index, const char **why)
{
	const knot_rrset_t *first = knot_pkt_rr(section, index);
	struct change_node *node;
	struct rrset set;

	for (uint16_t i = 0; i < index; i++)
		if (is_of_set(knot_pkt_rr(section, i), first))
			return KNOT_RCODE_NOERROR; /* looked at already */

	int err = change_node(change, first->owner, &node);
	if (err != 0)
		return failed(err, why);
	if (edit_find(&node->edit, first->type, &set) && is_listed_set(section, index, &set))
		return KNOT_RCODE_NOERROR;
	*why = explain(change->arena, first, "the set is not the one that must be there");
	return KNOT_RCODE_NXRRSET;
}

static uint8_t require_one(struct change *change, const knot_rrset_t *rr, const char **why)
{
	if (rr->ttl != 0) {
		*why = explain(change->arena, rr, "a prerequisite has no TTL");
		return KNOT_RCODE_FORMERR;
	}
	if (!is_inside(change->zone, rr)) {
		*why = explain(change->arena, rr, "the name is not in the zone");
		return KNOT_RCODE_NOTZONE;
	}
	if (rr->rclass == KNOT_CLASS_ANY || rr->rclass == KNOT_CLASS_NONE)
		return require_existence(change, rr, why);
	if (rr->rclass != KNOT_CLASS_IN || is_meta(rr->type)) {
		*why = explain(change->arena, rr,
			       "the class or type is none that a prerequisite knows");
		return KNOT_RCODE_FORMERR;
	}
	return KNOT_RCODE_NOERROR;
}

uint8_t update_require(struct change *change, const knot_pkt_t *message, const char **why)
{
	const knot_pktsection_t *section = prerequisites(message);
	uint8_t rcode = KNOT_RCODE_NOERROR;

	for (uint16_t i = 0; rcode == KNOT_RCODE_NOERROR && i < section->count; i++)
		rcode = require_one(change, knot_pkt_rr(section, i), why);
	/* RFC 2136 3.2.5: sets are put together first and compared after all else */
	for (uint16_t i = 0; rcode == KNOT_RCODE_NOERROR && i < section->count; i++)
		if (knot_pkt_rr(section, i)->rclass == KNOT_CLASS_IN)
			rcode = require_value(change, section, i, why);
	return rcode;
}

/* RFC 1982 3.2: whether serial a is ahead of b. */
static bool serial_after(uint32_t a, uint32_t b)
{
	return a != b && a - b < (uint32_t)1 << 31;
}

/* A CNAME stands alone at its name, but for what DNSSEC adds (RFC 2181 10.1, RFC 4034 2.5). */
static bool stands_beside_cname(uint16_t type)
{
	return type == KNOT_RRTYPE_CNAME || type == KNOT_RRTYPE_RRSIG || type == KNOT_RRTYPE_NSEC ||
	       type == KNOT_RRTYPE_KEY;
}

/* RFC 2136 3.4.2.2: additions that are passed over in silence. */
static bool passes_over(const struct change_node *node, const knot_rrset_t *rr, bool apex)
{
	struct rrset set;
	struct rrset_record record;
	size_t pos = 0;

	if (rr->type == KNOT_RRTYPE_SOA)
		return !apex || !edit_find(&node->edit, KNOT_RRTYPE_SOA, &set) ||
		       !rrset_next(&set, &pos, &record) ||
		       !serial_after(rdata_soa_serial(rr_rdata(rr)),
				     rdata_soa_serial(record.rdata));
	if (rr->type != KNOT_RRTYPE_CNAME)
		return !stands_beside_cname(rr->type) &&
		       edit_find(&node->edit, KNOT_RRTYPE_CNAME, &set);
	for (size_t i = 0; edit_at(&node->edit, i, &set); i++)
		if (!stands_beside_cname(set.type))
			return true;
	return false;
}

static int apply_add(struct change_node *node, const knot_rrset_t *rr, bool apex)
{
	if (passes_over(node, rr, apex))
		return 0;
	return edit_add(&node->edit, rr->type, rr->ttl, rr_rdata(rr));
}

/* RFC 2136 3.4.2.3: a set, or all of them; at the apex SOA and NS stay. */
static void apply_delete_sets(struct change_node *node, uint16_t type, bool apex)
{
	struct rrset set;
	size_t index = 0;

	while (edit_at(&node->edit, index, &set)) {
		bool kept = apex && (set.type == KNOT_RRTYPE_SOA || set.type == KNOT_RRTYPE_NS);

		if (kept || (type != KNOT_RRTYPE_ANY && type != set.type))
			index++;
		else
			edit_clear(&node->edit, set.type);
	}
}

/* RFC 2136 3.4.2.4: one record; the SOA and the apex's last NS stay. */
static void apply_delete_record(struct change_node *node, const knot_rrset_t *rr, bool apex)
{
	struct rrset set;

	if (rr->type == KNOT_RRTYPE_SOA || !edit_find(&node->edit, rr->type, &set))
		return;
	if (!apex || rr->type != KNOT_RRTYPE_NS || set.count > 1)
		edit_remove(&node->edit, rr->type, rr_rdata(rr));
}

static int apply_one(struct change *change, const knot_rrset_t *rr)
{
	bool apex = knot_dname_is_case_equal(rr->owner, change->zone->apex);
	struct change_node *node;
	int err = change_node(change, rr->owner, &node);

	if (err != 0)
		return err;
	if (rr->rclass == KNOT_CLASS_IN)
		return apply_add(node, rr, apex);
	if (rr->rclass == KNOT_CLASS_ANY)
		apply_delete_sets(node, rr->type, apex);
	else
		apply_delete_record(node, rr, apex);
	return 0;
}

uint8_t update_apply(struct change *change, const knot_pkt_t *message, const char **why)
{
	const knot_pktsection_t *section = updates(message);

	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, i);
		int err = apply_one(change, rr);

		if (err == -EMSGSIZE) {
			*why = explain(change->arena, rr,
				       "the set would not fit a message any more");
			return KNOT_RCODE_REFUSED;
		}
		if (err < 0)
			return failed(err, why);
	}
	return KNOT_RCODE_NOERROR;
}
