/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stands in the way of an undo. Record by record: what the change added must still be there as it
 * was, what it removed must not be there again, and what is to come back must not meet what can't
 * stand beside it (a CNAME, RFC 2181 10.1). Where that is not so, the log says who changed it since.
 */
#include "cmd/undo.h"
#include "cmd/when.h"
#include "zone/history.h"

bool undo_same_name(const struct record *a, const struct record *b)
{
	return knot_dname_is_case_equal(a->owner, b->owner);
}

bool undo_same_set(const struct record *a, const struct record *b)
{
	return a->type == b->type && undo_same_name(a, b);
}

const struct record *undo_find(const struct trail_list *list, const struct record *r)
{
	for (const struct trail_record *at = list->first; at != NULL; at = at->next)
		if (undo_same_set(&at->record, r) && slice_equal(at->record.rdata, r->rdata))
			return &at->record;
	return NULL;
}

size_t undo_count(const struct trail_list *list, const struct record *r)
{
	size_t count = 0;

	for (const struct trail_record *at = list->first; at != NULL; at = at->next)
		count += undo_same_set(&at->record, r);
	return count;
}

bool undo_changed_soa(const struct trail_entry *entry)
{
	const struct record *old = trail_find(&entry->removed, KNOT_RRTYPE_SOA);
	const struct record *new = trail_find(&entry->added, KNOT_RRTYPE_SOA);

	return old != NULL && new != NULL && !trail_same_soa(old, new);
}

/* The newest change of the record's set since the entry: its serial, and who and when in out. */
static bool blame(struct undo *u, const struct record *r, uint32_t *serial, struct text *out)
{
	const struct trail_target at = { .zone = u->target->zone, .name = r->owner };
	const struct audit_question question = { .since = u->entry->head.time,
						 .until = UINT64_MAX };
	struct trail trail = { 0 };

	if (trail_fetch(u->session, &trail, &at, &question) != 0)
		return false;
	for (size_t i = 0; i < trail.count; i++) {
		const struct trail_entry *entry = &trail.entry[i];
		char time[WHEN_ROOM];

		if (entry->head.serial_after == u->serial)
			return false;
		if (entry->head.kind == HISTORY_CHANGE && undo_count(&entry->removed, r) == 0 &&
		    undo_count(&entry->added, r) == 0)
			continue;
		when_format(time, entry->head.time, u->utc);
		text_printf(out, "serial %u (", entry->head.serial_after);
		trail_who(out, &entry->head);
		text_printf(out, ", %s)", time);
		*serial = entry->head.serial_after;
		return true;
	}
	return false;
}

static int conflict(struct undo *u, const struct record *r, const char *what)
{
	struct text name = { 0 }, type = { 0 }, who = { 0 };
	uint32_t serial;

	trail_label(u->session, &name, r);
	type_format(&type, r->type);
	if (blame(u, r, &serial, &who))
		command_fail(
			EXIT_REFUSED,
			"serial %u can't be undone: %s %s %s since, by %s\n"
			"onnet: undo that one first (onnet undo %u %s), or see what became of it "
			"(onnet log %s)",
			u->serial, text_get(&name), text_get(&type), what, text_get(&who), serial,
			u->zone_text, text_get(&name));
	else
		command_fail(EXIT_REFUSED, "serial %u can't be undone: %s %s %s since", u->serial,
			     text_get(&name), text_get(&type), what);
	text_done(&name);
	text_done(&type);
	text_done(&who);
	return EXIT_REFUSED;
}

static bool beside_cname(uint16_t type)
{
	return type == KNOT_RRTYPE_CNAME || type == KNOT_RRTYPE_RRSIG || type == KNOT_RRTYPE_NSEC ||
	       type == KNOT_RRTYPE_KEY;
}

/* A record that is now at the name, stays, and can't stand beside the one that comes back; NULL: none. */
static const struct record *in_the_way(const struct undo *u, const struct record *back)
{
	const struct trail_entry *entry = u->entry;

	for (const struct trail_record *at = entry->now.first; at != NULL; at = at->next) {
		const struct record *r = &at->record;
		bool alias = r->type == KNOT_RRTYPE_CNAME || back->type == KNOT_RRTYPE_CNAME;

		if (undo_same_name(r, back) && alias && undo_find(&entry->added, r) == NULL &&
		    (back->type == KNOT_RRTYPE_CNAME ?
			     r->type == KNOT_RRTYPE_CNAME || !beside_cname(r->type) :
			     !beside_cname(back->type)))
			return r;
	}
	return NULL;
}

static int check_added(struct undo *u, const struct record *r)
{
	const struct record *now = undo_find(&u->entry->now, r);

	if (now == NULL)
		return conflict(u, r, "that it added was taken away");
	return now->ttl == r->ttl ? 0 : conflict(u, r, "that it added got another TTL");
}

static int check_removed(struct undo *u, const struct record *r)
{
	const struct trail_entry *entry = u->entry;
	const struct record *other = in_the_way(u, r);

	if (undo_find(&entry->now, r) != NULL && undo_find(&entry->added, r) == NULL)
		return conflict(u, r, "that it removed came back");
	return other != NULL ? conflict(u, other, "that can't stand beside it came") : 0;
}

static int check_soa(struct undo *u)
{
	const struct record *added = trail_find(&u->entry->added, KNOT_RRTYPE_SOA);
	const struct record *now = trail_find(&u->entry->now, KNOT_RRTYPE_SOA);

	if (added == NULL || now == NULL || trail_same_soa(added, now))
		return 0;
	return conflict(u, now, "was changed");
}

int undo_check(struct undo *u)
{
	const struct trail_entry *entry = u->entry;
	int code = undo_changed_soa(entry) ? check_soa(u) : 0;

	for (const struct trail_record *r = entry->added.first; code == 0 && r != NULL; r = r->next)
		if (r->record.type != KNOT_RRTYPE_SOA)
			code = check_added(u, &r->record);
	for (const struct trail_record *r = entry->removed.first; code == 0 && r != NULL;
	     r = r->next)
		if (r->record.type != KNOT_RRTYPE_SOA)
			code = check_removed(u, &r->record);
	return code;
}
