/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What can be wrong with a zone whose every line can be read. In the order of a reader's
 * patience: is it a zone (SOA, NS); do names belong and go together (RFC 1034 3.6.2, RFC 2181
 * 10.1, RFC 6672 2.4); do record sets agree with themselves (RFC 2181 5.2); do the names that
 * NS, SRV, NAPTR and MX send callers to exist (RFC 2782, RFC 3403); would a NAPTR expression
 * work.
 */
#include "cmd/zone_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/check.h"
#include "dns/rdata.h"

struct check {
	struct zone_findings *findings;
	const struct records *zone;
	knot_dname_storage_t apex; /* in lower case */
	const char *file;
};

void zone_findings_add(struct zone_findings *f, bool error, const struct master_place *place,
		       const char *format, ...)
{
	char line[1600];
	va_list args;

	if (f->count == f->room) {
		size_t room = f->room * 2 + 32;
		struct zone_finding *at = reallocarray(f->at, room, sizeof(*at));

		if (at == NULL) {
			f->failed = true;
			return;
		}
		f->at = at;
		f->room = room;
	}
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);

	struct zone_finding finding = { arena_text(f->arena, place->file), place->line, error,
					arena_text(f->arena, line) };
	if (finding.file == NULL || finding.text == NULL) {
		f->failed = true;
		return;
	}
	f->at[f->count++] = finding;
	f->errors += error;
}

static int finding_compare(const void *a, const void *b)
{
	const struct zone_finding *x = a, *y = b;
	int sign = strcmp(x->file, y->file);

	if (sign == 0 && x->line != y->line)
		sign = x->line < y->line ? -1 : 1;
	return sign != 0 ? sign : strcmp(x->text, y->text);
}

void zone_findings_sort(struct zone_findings *f)
{
	if (f->count > 0)
		qsort(f->at, f->count, sizeof(*f->at), finding_compare);
}

void zone_findings_done(struct zone_findings *f)
{
	free(f->at);
	f->at = NULL;
}

static const char *name_of(const struct check *c, const knot_dname_t *name)
{
	struct text text = { 0 };

	name_format(&text, name);
	const char *copy = arena_text(c->findings->arena, text_get(&text));
	text_done(&text);
	return copy != NULL ? copy : "?";
}

static const char *type_of(const struct check *c, uint16_t type)
{
	struct text text = { 0 };

	type_format(&text, type);
	const char *copy = arena_text(c->findings->arena, text_get(&text));
	text_done(&text);
	return copy != NULL ? copy : "?";
}

#define ERROR(c, item, ...)                    \
	zone_findings_add((c)->findings, true, \
			  &(struct master_place){ (item)->file, (item)->line }, __VA_ARGS__)
#define WARN(c, item, ...)                      \
	zone_findings_add((c)->findings, false, \
			  &(struct master_place){ (item)->file, (item)->line }, __VA_ARGS__)

static bool is_in_zone(const struct check *c, const knot_dname_t *name)
{
	knot_dname_storage_t lower;

	knot_dname_copy_lower(lower, name);
	return knot_dname_in_bailiwick(lower, c->apex) >= 0;
}

static bool has_type(const struct records_item *at, size_t count, uint16_t type)
{
	for (size_t i = 0; i < count; i++)
		if (at[i].record.type == type)
			return true;
	return false;
}

/* --- apex --- */

static void check_apex(const struct check *c)
{
	struct records_item whole = { .file = c->file };
	size_t count = 0;
	const struct records_item *at = records_find(c->zone, c->apex, &count);

	if (at == NULL || !has_type(at, count, KNOT_RRTYPE_SOA))
		ERROR(c, &whole, "%s has no SOA record", name_of(c, c->apex));
	/* RFC 1035 5.2: "All RRs in the file should have the same class" and one SOA at the top */
	for (size_t i = 1; i < count; i++)
		if (at[i].record.type == KNOT_RRTYPE_SOA &&
		    !slice_equal(at[i].record.rdata, at[0].record.rdata))
			ERROR(c, &at[i], "a second SOA record");
	if (at == NULL || !has_type(at, count, KNOT_RRTYPE_NS))
		ERROR(c, &whole, "%s has no NS record", name_of(c, c->apex));
}

/* --- owners --- */

/* The delegation or DNAME above the owner, which hides what is below it; NULL: none. */
static const struct records_item *find_cut(const struct check *c, const knot_dname_t *owner)
{
	const knot_dname_t *name = owner;

	while (*name != 0) {
		name += *name + 1;
		if (!is_in_zone(c, name))
			break;

		size_t count;
		const struct records_item *at = records_find(c->zone, name, &count);
		bool apex = knot_dname_is_case_equal(name, c->apex);
		for (size_t i = 0; at != NULL && i < count; i++)
			if (at[i].record.type == KNOT_RRTYPE_DNAME ||
			    (at[i].record.type == KNOT_RRTYPE_NS && !apex))
				return &at[i];
	}
	return NULL;
}

/* Addresses below a delegation are its glue; all else there is never served. */
static void check_hidden(const struct check *c, const struct records_item *at, size_t count)
{
	const struct records_item *cut = find_cut(c, at->record.owner);

	for (size_t i = 0; cut != NULL && i < count; i++) {
		uint16_t type = at[i].record.type;

		if (cut->record.type == KNOT_RRTYPE_DNAME)
			ERROR(c, &at[i], "%s lies below the DNAME at %s",
			      name_of(c, at->record.owner), name_of(c, cut->record.owner));
		else if (type != KNOT_RRTYPE_A && type != KNOT_RRTYPE_AAAA)
			WARN(c, &at[i], "%s %s is never served: %s is delegated",
			     name_of(c, at->record.owner), type_of(c, type),
			     name_of(c, cut->record.owner));
		else
			continue;
		return;
	}
}

/* RFC 1034 3.6.2: "If a CNAME RR is present at a node, no other data should be present" */
static void check_alias(const struct check *c, const struct records_item *at, size_t count)
{
	const struct records_item *alias = NULL;

	for (size_t i = 0; i < count; i++) {
		if (at[i].record.type != KNOT_RRTYPE_CNAME)
			continue;
		if (alias != NULL && !slice_equal(alias->record.rdata, at[i].record.rdata))
			ERROR(c, &at[i], "%s has two CNAME records", name_of(c, at->record.owner));
		alias = &at[i];
	}
	for (size_t i = 0; alias != NULL && i < count; i++) {
		uint16_t type = at[i].record.type;

		/* RFC 4034 2.5, RFC 4035 2.5: signatures and NSEC may stand beside it */
		if (type == KNOT_RRTYPE_CNAME || type == KNOT_RRTYPE_RRSIG ||
		    type == KNOT_RRTYPE_NSEC)
			continue;
		ERROR(c, &at[i], "%s has a CNAME record (line %llu) and %s beside it",
		      name_of(c, at->record.owner), (unsigned long long)alias->line,
		      type_of(c, type));
		return;
	}
}

/* --- sets --- */

static void check_set(const struct check *c, const struct records_item *at, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		/* RFC 2181 5.2: "the TTLs of all RRs in an RRSet must be the same" */
		if (at[i].record.ttl != at[0].record.ttl)
			WARN(c, &at[i], "%s %s has TTL %u here and %u in line %llu",
			     name_of(c, at->record.owner), type_of(c, at->record.type),
			     at[i].record.ttl, at[0].record.ttl, (unsigned long long)at[0].line);
		if (rdata_equal(at->record.type, at[i].record.rdata, at[i - 1].record.rdata))
			WARN(c, &at[i], "%s %s is the same as in line %llu",
			     name_of(c, at->record.owner), type_of(c, at->record.type),
			     (unsigned long long)at[i - 1].line);
	}
}

/* --- where records lead --- */

/* What stands at a name, or at the wildcard that stands for it (RFC 4592 3.3.1). */
static const struct records_item *find_or_wildcard(const struct check *c, const knot_dname_t *name,
						   size_t *count)
{
	const struct records_item *at = records_find(c->zone, name, count);
	knot_dname_storage_t star = { 1, '*' };

	while (at == NULL && *name != 0 && !knot_dname_is_case_equal(name, c->apex)) {
		name += *name + 1;
		if (knot_dname_size(name) + 2 > sizeof(star))
			break;
		memcpy(star + 2, name, knot_dname_size(name));
		at = records_find(c->zone, star, count);
	}
	return at;
}

/* The types of which a target must have one. */
struct wanted {
	uint16_t type[2];
	const char *words;
};

static void check_reaches(const struct check *c, const struct records_item *item,
			  const knot_dname_t *target, const struct wanted *wanted)
{
	size_t count = 0;

	if (*target == 0 || !is_in_zone(c, target) || find_cut(c, target) != NULL)
		return;
	const struct records_item *at = find_or_wildcard(c, target, &count);
	if (at != NULL &&
	    (has_type(at, count, wanted->type[0]) || has_type(at, count, wanted->type[1])))
		return;
	if (at != NULL && has_type(at, count, KNOT_RRTYPE_CNAME)) {
		/* RFC 2181 10.3, RFC 2782: "MUST NOT be an alias"; a NAPTR may lead to one */
		if (item->record.type != KNOT_RRTYPE_NAPTR)
			WARN(c, item, "%s leads to %s, which is an alias (CNAME)",
			     type_of(c, item->record.type), name_of(c, target));
		return;
	}
	WARN(c, item, "%s leads to %s, which has no %s", type_of(c, item->record.type),
	     name_of(c, target), wanted->words);
}

static void check_target(const struct check *c, const struct records_item *item)
{
	static const struct wanted address = { { KNOT_RRTYPE_A, KNOT_RRTYPE_AAAA }, "address" };
	static const struct wanted service = { { KNOT_RRTYPE_SRV, KNOT_RRTYPE_SRV }, "SRV record" };
	static const struct wanted rule = { { KNOT_RRTYPE_NAPTR, KNOT_RRTYPE_NAPTR },
					    "NAPTR record" };
	const struct record *r = &item->record;
	const knot_dname_t *target = rdata_target(r->type, r->rdata);

	if (target == NULL)
		return;
	if (r->type == KNOT_RRTYPE_NS || r->type == KNOT_RRTYPE_SRV || r->type == KNOT_RRTYPE_MX) {
		check_reaches(c, item, target, &address);
	} else if (r->type == KNOT_RRTYPE_NAPTR) {
		struct slice flags = rdata_naptr_flags(r->rdata);
		uint8_t flag = flags.size > 0 ? flags.data[0] | 0x20 : 0;

		/* RFC 3403 4.1, RFC 3404 4.3: S leads to SRV, A to addresses, none to NAPTR */
		if (flag == 's')
			check_reaches(c, item, target, &service);
		else if (flag == 'a')
			check_reaches(c, item, target, &address);
		else if (flag == 0)
			check_reaches(c, item, target, &rule);
	}
}

static void check_item(const struct check *c, const struct records_item *item)
{
	const char *why = check_record(item->record.type, item->record.rdata);

	if (why != NULL)
		ERROR(c, item, "%s NAPTR would not work: %s", name_of(c, item->record.owner), why);
	if (item->record.type == KNOT_RRTYPE_SOA &&
	    !knot_dname_is_case_equal(item->record.owner, c->apex))
		ERROR(c, item, "the SOA record of %s is in the zone of %s",
		      name_of(c, item->record.owner), name_of(c, c->apex));
	check_target(c, item);
}

void zone_check(struct zone_findings *f, const struct records *zone, const knot_dname_t *apex,
		const char *file)
{
	struct check c = { .findings = f, .zone = zone, .file = file };
	size_t end;

	knot_dname_copy_lower(c.apex, apex);
	check_apex(&c);
	for (size_t i = 0; i < zone->count; i = end) {
		end = records_owner_end(zone, i);
		if (!is_in_zone(&c, zone->at[i].record.owner)) {
			ERROR(&c, &zone->at[i], "%s is not in the zone %s",
			      name_of(&c, zone->at[i].record.owner), name_of(&c, apex));
			continue;
		}
		check_alias(&c, &zone->at[i], end - i);
		check_hidden(&c, &zone->at[i], end - i);
		for (size_t at = i; at < end; at = records_set_end(zone, at))
			check_set(&c, &zone->at[at], records_set_end(zone, at) - at);
		for (size_t at = i; at < end; at++)
			check_item(&c, &zone->at[at]);
	}
}
