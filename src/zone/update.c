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
#include "dns/rrset_index.h"
#include "dns/serial.h"
#include "tel/naptr.h"

enum { FOUND_STEP = 8 * RRSET_RECORD_HEAD /* octets of a set for each octet of listed.found */ };

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
	if (rdata_is_meta(rr->type)) {
		*why = explain(arena, rr, "a type for questions can't be added");
		return KNOT_RCODE_FORMERR;
	}
	errno = 0;
	if (rr->rrs.count == 0 || !rdata_valid(rr->type, rr_rdata(rr))) {
		if (errno == ENOMEM) {
			*why = explain(arena, rr, "no memory to check it");
			return KNOT_RCODE_SERVFAIL;
		}
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
		if (rr->ttl == 0 && empty &&
		    (!rdata_is_meta(rr->type) || rr->type == KNOT_RRTYPE_ANY))
			return KNOT_RCODE_NOERROR;
		*why = explain(arena, rr, "a deletion of a set has no TTL and no data");
		return KNOT_RCODE_FORMERR;
	case KNOT_CLASS_NONE:
		if (rr->ttl == 0 && !rdata_is_meta(rr->type))
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

	if (rr_rdata(rr).size > 0 || (!any && rdata_is_meta(rr->type))) {
		*why = explain(change->arena, rr, "this kind of prerequisite has no data");
		return KNOT_RCODE_FORMERR;
	}

	int err = change_node(change, rr->owner, &node);
	if (err != 0)
		return failed(err, why);

	bool there = any ? edit_type(&node->edit, 0) >= 0 : edit_count(&node->edit, rr->type) > 0;
	for (size_t i = 0; there != wanted && i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].wanted == wanted && rules[i].any == any) {
			*why = explain(change->arena, rr, rules[i].why);
			return rules[i].rcode;
		}
	}
	return KNOT_RCODE_NOERROR;
}

/* A set that prerequisites list record by record (RFC 2136 3.2.5). */
struct listed {
	const knot_rrset_t *first; /* its first record in the section */
	const struct change_node *node;
	struct rrset set; /* as the zone has it */
	struct rrset_index index;
	uint8_t *found; /* a bit for each of its records: it is listed */
	size_t left;    /* records that are not */
	bool strange;   /* one is listed that the zone does not have */
};

/* All sets that a section lists, by name and type. */
struct listing {
	struct listed *listed; /* in the order of their first records */
	size_t count;
	struct listed **slot;
	size_t slots;
};

static int listing_begin(struct listing *ret, struct arena *arena, size_t records)
{
	size_t slots = 2;

	while (slots < records * 2)
		slots *= 2;
	*ret = (struct listing){ .listed = arena_take(arena, records * sizeof(*ret->listed)),
				 .slot = arena_zero(arena, slots * sizeof(*ret->slot)),
				 .slots = slots };
	return ret->listed != NULL && ret->slot != NULL ? 0 : -ENOMEM;
}

/* The set that rr belongs to, which may be a new one. */
static int listing_find(struct listing *listing, struct change *change, const knot_rrset_t *rr,
			struct listed **ret)
{
	struct change_node *node;
	int err = change_node(change, rr->owner, &node);

	if (err != 0)
		return err;

	struct listed **slot;
	for (size_t i = name_hash(node->name, node->name_size) + rr->type * 31u;; i++) {
		slot = &listing->slot[i & (listing->slots - 1)];
		if (*slot == NULL || ((*slot)->node == node && (*slot)->first->type == rr->type))
			break;
	}
	if (*slot == NULL) {
		struct listed *listed = &listing->listed[listing->count++];

		*listed = (struct listed){ .first = rr, .node = node };
		if (edit_find(&node->edit, rr->type, &listed->set))
			listed->left = listed->set.count;
		listed->found = arena_zero(change->arena, listed->set.size / FOUND_STEP + 1);
		if (listed->found == NULL)
			return -ENOMEM;
		rrset_index_begin(&listed->index, change->arena, &listed->set);
		*slot = listed;
	}
	*ret = *slot;
	return 0;
}

static void listed_add(struct listed *listed, struct slice rdata)
{
	size_t at;

	if (!rrset_index_find(&listed->index, rdata, &at)) {
		listed->strange = true;
		return;
	}
	/* a record has at least RRSET_RECORD_HEAD octets, so no two share a bit */
	uint8_t *found = &listed->found[at / FOUND_STEP];
	uint8_t bit = (uint8_t)(1 << at / RRSET_RECORD_HEAD % 8);

	if ((*found & bit) == 0)
		listed->left--;
	*found |= bit;
}

/* RFC 2136 3.2.5: the sets that the section lists by their records are those that the zone has. */
static uint8_t require_values(struct change *change, const knot_pktsection_t *section,
			      const char **why)
{
	struct listing listing;
	int err = listing_begin(&listing, change->arena, section->count);

	for (uint16_t i = 0; err == 0 && i < section->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, i);
		struct listed *listed;

		if (rr->rclass != KNOT_CLASS_IN)
			continue;
		err = listing_find(&listing, change, rr, &listed);
		if (err == 0)
			listed_add(listed, rr_rdata(rr));
	}
	if (err != 0)
		return failed(err, why);
	for (size_t i = 0; i < listing.count; i++) {
		const struct listed *listed = &listing.listed[i];

		if (!listed->strange && listed->left == 0 && listed->set.count > 0)
			continue;
		*why = explain(change->arena, listed->first,
			       "the set is not the one that must be there");
		return KNOT_RCODE_NXRRSET;
	}
	return KNOT_RCODE_NOERROR;
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
	if (rr->rclass != KNOT_CLASS_IN || rdata_is_meta(rr->type)) {
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
	bool values = false;

	for (uint16_t i = 0; rcode == KNOT_RCODE_NOERROR && i < section->count; i++)
		rcode = require_one(change, knot_pkt_rr(section, i), why);
	for (uint16_t i = 0; rcode == KNOT_RCODE_NOERROR && i < section->count; i++)
		values = values || knot_pkt_rr(section, i)->rclass == KNOT_CLASS_IN;
	/* RFC 2136 3.2.5: sets are put together first and compared after all else */
	if (rcode == KNOT_RCODE_NOERROR && values)
		rcode = require_values(change, section, why);
	return rcode;
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
	int type;

	if (rr->type == KNOT_RRTYPE_SOA)
		return !apex || !edit_find(&node->edit, KNOT_RRTYPE_SOA, &set) ||
		       !rrset_next(&set, &pos, &record) ||
		       !serial_after(rdata_soa_serial(rr_rdata(rr)),
				     rdata_soa_serial(record.rdata));
	if (rr->type != KNOT_RRTYPE_CNAME)
		return !stands_beside_cname(rr->type) &&
		       edit_count(&node->edit, KNOT_RRTYPE_CNAME) > 0;
	for (size_t i = 0; (type = edit_type(&node->edit, i)) >= 0; i++)
		if (!stands_beside_cname((uint16_t)type))
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
	size_t index = 0;
	int there;

	while ((there = edit_type(&node->edit, index)) >= 0) {
		bool kept = apex && (there == KNOT_RRTYPE_SOA || there == KNOT_RRTYPE_NS);

		if (kept || (type != KNOT_RRTYPE_ANY && type != there))
			index++;
		else
			edit_clear(&node->edit, (uint16_t)there);
	}
}

/* RFC 2136 3.4.2.4: one record; the SOA and the apex's last NS stay. */
static void apply_delete_record(struct change_node *node, const knot_rrset_t *rr, bool apex)
{
	if (rr->type == KNOT_RRTYPE_SOA)
		return;
	if (!apex || rr->type != KNOT_RRTYPE_NS || edit_count(&node->edit, rr->type) > 1)
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
