/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet undo: a change of the change log turned round, as one new update (RFC 2136).
 *
 * The server tells the entry and what its names have now, from one snapshot. Record by record: what
 * the change added must still be there as it was, what it removed must not be there again, and what
 * is to come back must not meet what can't stand beside it (a CNAME, RFC 2181 10.1). Where that is
 * not so, somebody has changed it since: the log says who, and nothing is sent.
 *
 * Between the look and the update others may be at work. So the update requires that each set that
 * it touches is still as it was seen (RFC 2136 2.4.2, 2.4.3): it changes all, or nothing. The serial is not
 * turned back; an undo is a change like others, which can be undone.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/writer.h"
#include "cmd/send.h"
#include "cmd/trail.h"
#include "cmd/when.h"
#include "dns/rdata.h"
#include "zone/history.h"

struct undo {
	struct session *session;
	uint32_t serial;
	const char *text; /* DOMAIN|NUMBER as it was typed; NULL: not */
	bool utc;
	const struct trail_target *target;
	struct trail trail;        /* the entry */
	struct trail_entry *entry; /* of it */
	const char *zone_text;     /* without its final dot */
};

/* --- sets --- */

static bool same_name(const struct record *a, const struct record *b)
{
	return knot_dname_is_case_equal(a->owner, b->owner);
}

static bool same_set(const struct record *a, const struct record *b)
{
	return a->type == b->type && same_name(a, b);
}

/* The record with this RDATA in the list; NULL: none. Names in RDATA differ by case, too, as in the store. */
static const struct record *find(const struct trail_list *list, const struct record *r)
{
	for (const struct trail_record *at = list->first; at != NULL; at = at->next)
		if (same_set(&at->record, r) && slice_equal(at->record.rdata, r->rdata))
			return &at->record;
	return NULL;
}

static size_t count_set(const struct trail_list *list, const struct record *r)
{
	size_t count = 0;

	for (const struct trail_record *at = list->first; at != NULL; at = at->next)
		count += same_set(&at->record, r);
	return count;
}

/* Whether an earlier record of the lists is of the same set, so that each set is looked at once. */
static bool seen_before(const struct trail_list *list, const struct trail_record *end,
			const struct record *r)
{
	for (const struct trail_record *at = list->first; at != end; at = at->next)
		if (same_set(&at->record, r))
			return true;
	return false;
}

/* The server tells a name's records once for each time that the name turns up in the entry. */
static void drop_doubles(struct trail_list *now)
{
	struct trail_list kept = { 0 };

	for (struct trail_record *at = now->first, *next; at != NULL; at = next) {
		next = at->next;
		if (find(&kept, &at->record) != NULL)
			continue;
		at->next = NULL;
		if (kept.count++ == 0)
			kept.first = at;
		else
			*kept.last = at;
		kept.last = &at->next;
	}
	*now = kept;
}

/* --- finding the entry --- */

static const char *plain_name(struct session *s, const knot_dname_t *name)
{
	struct text text = { 0 };

	name_format(&text, name);
	char *copy = text.failed ? NULL : arena_text(&s->arena, text_get(&text));
	if (copy != NULL && text.size > 1)
		copy[text.size - 1] = '\0';
	text_done(&text);
	return copy != NULL ? copy : "?";
}

static int not_found(struct undo *u, const struct trail *trail, size_t zones)
{
	char time[WHEN_ROOM];

	if (zones != 1)
		return command_fail(EXIT_NOT_FOUND,
				    "no change log has serial %u; \"onnet log\" shows them",
				    u->serial);
	when_format(time, trail->end.time, u->utc);
	if (trail->end.entries == 0)
		return command_fail(EXIT_NOT_FOUND, "the change log of %s is empty",
				    plain_name(u->session, u->target->zone));
	return command_fail(
		EXIT_NOT_FOUND,
		"serial %u is not in the change log of %s, which goes back to serial %u, %s",
		u->serial, plain_name(u->session, u->target->zone), trail->end.serial, time);
}

/* Asks each zone once; an entry in more than one is the person's to choose. */
static int find_entry(struct undo *u, struct trail_target *target, size_t count)
{
	const struct audit_question question = { .one = true, .serial = u->serial };
	struct session *s = u->session;
	int code = 0;

	for (size_t i = 0; code == 0 && i < count; i++) {
		struct trail_target whole = { .zone = target[i].zone };
		struct trail trail = { 0 };
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again = again || knot_dname_is_case_equal(target[k].zone, whole.zone);
		code = again ? 0 : trail_fetch(s, &trail, &whole, &question);
		if (code == 0 && !again && trail.count > 0 && u->entry != NULL)
			return command_fail(
				EXIT_INPUT,
				"serial %u is in several change logs; say of which zone: "
				"onnet undo %u %s",
				u->serial, u->serial, plain_name(s, whole.zone));
		if (code != 0 || again)
			continue;
		u->target = trail.count > 0 || u->entry == NULL ? &target[i] : u->target;
		if (trail.count > 0 || u->entry == NULL)
			u->trail = trail;
		if (trail.count > 0)
			u->entry = &u->trail.entry[0];
	}
	if (code == 0 && u->entry == NULL)
		return not_found(u, &u->trail, count);
	return code;
}

/* Whether the entry has to do with what the person named. */
static bool touches(const struct trail_entry *entry, const knot_dname_t *name)
{
	const struct trail_list *lists[] = { &entry->removed, &entry->added };

	for (size_t i = 0; i < 2; i++)
		for (const struct trail_record *r = lists[i]->first; r != NULL; r = r->next) {
			knot_dname_storage_t owner, top;

			knot_dname_copy_lower(owner, r->record.owner);
			knot_dname_copy_lower(top, name);
			if (knot_dname_in_bailiwick(owner, top) >= 0)
				return true;
		}
	return false;
}

static int check_named(struct undo *u, const struct trail_target *target, size_t count)
{
	bool any = u->entry->head.kind != HISTORY_CHANGE;

	for (size_t i = 0; i < count; i++)
		any = any || target[i].name == NULL || touches(u->entry, target[i].name);
	return any ? 0 :
		     command_fail(EXIT_NOT_FOUND, "serial %u of %s did not change %s", u->serial,
				  u->zone_text, u->text);
}

static int check_kind(struct undo *u)
{
	const struct trail_entry *entry = u->entry;
	bool cut = false;

	for (const struct trail_record *r = entry->removed.first; r != NULL; r = r->next)
		cut = cut || r->cut;
	for (const struct trail_record *r = entry->added.first; r != NULL; r = r->next)
		cut = cut || r->cut;
	for (const struct trail_record *r = entry->now.first; r != NULL; r = r->next)
		cut = cut || r->cut;
	if (cut)
		return command_fail(EXIT_REFUSED,
				    "serial %u has a record that is too large to be turned round",
				    u->serial);
	switch (entry->head.kind) {
	case HISTORY_CHANGE:
		return 0;
	case HISTORY_MADE:
		return command_fail(EXIT_REFUSED,
				    "with serial %u %s was made: there was nothing before",
				    u->serial, u->zone_text);
	default:
		return command_fail(
			EXIT_REFUSED,
			"with serial %u %s was replaced by an import, and the change log does not have "
			"what was there before; import that file again",
			u->serial, u->zone_text);
	}
}

/* --- what stands in the way --- */

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
		if (entry->head.kind == HISTORY_CHANGE && count_set(&entry->removed, r) == 0 &&
		    count_set(&entry->added, r) == 0)
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

		if (same_name(r, back) && alias && find(&entry->added, r) == NULL &&
		    (back->type == KNOT_RRTYPE_CNAME ?
			     r->type == KNOT_RRTYPE_CNAME || !beside_cname(r->type) :
			     !beside_cname(back->type)))
			return r;
	}
	return NULL;
}

static int check_added(struct undo *u, const struct record *r)
{
	const struct record *now = find(&u->entry->now, r);

	if (now == NULL)
		return conflict(u, r, "that it added was taken away");
	return now->ttl == r->ttl ? 0 : conflict(u, r, "that it added got another TTL");
}

static int check_removed(struct undo *u, const struct record *r)
{
	const struct trail_entry *entry = u->entry;
	const struct record *other = in_the_way(u, r);

	if (find(&entry->now, r) != NULL && find(&entry->added, r) == NULL)
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

/* Whether the change was one of more of the SOA record than its serial. */
static bool changed_soa(const struct trail_entry *entry)
{
	const struct record *old = trail_find(&entry->removed, KNOT_RRTYPE_SOA);
	const struct record *new = trail_find(&entry->added, KNOT_RRTYPE_SOA);

	return old != NULL && new != NULL && !trail_same_soa(old, new);
}

static int check_conflicts(struct undo *u)
{
	const struct trail_entry *entry = u->entry;
	int code = changed_soa(entry) ? check_soa(u) : 0;

	for (const struct trail_record *r = entry->added.first; code == 0 && r != NULL; r = r->next)
		if (r->record.type != KNOT_RRTYPE_SOA)
			code = check_added(u, &r->record);
	for (const struct trail_record *r = entry->removed.first; code == 0 && r != NULL;
	     r = r->next)
		if (r->record.type != KNOT_RRTYPE_SOA)
			code = check_removed(u, &r->record);
	return code;
}

/* --- the update --- */

/* The set is as it was seen (RFC 2136 2.4.2), or is not there (2.4.3). */
static int require_set(struct undo *u, const struct record *of)
{
	struct session *s = u->session;
	int code = 0;

	if (count_set(&u->entry->now, of) == 0) {
		struct record none = { of->owner, of->type, KNOT_CLASS_NONE, 0, { 0 } };

		return session_update_require(s, &none);
	}
	for (const struct trail_record *r = u->entry->now.first; code == 0 && r != NULL;
	     r = r->next)
		if (same_set(&r->record, of)) {
			struct record there = r->record;

			there.rclass = KNOT_CLASS_IN;
			code = session_update_require(s, &there);
		}
	return code;
}

static int require_sets(struct undo *u)
{
	const struct trail_entry *entry = u->entry;
	bool soa = changed_soa(entry);
	int code = 0;

	for (const struct trail_record *r = entry->added.first; code == 0 && r != NULL; r = r->next)
		if ((soa || r->record.type != KNOT_RRTYPE_SOA) &&
		    !seen_before(&entry->added, r, &r->record))
			code = require_set(u, &r->record);
	for (const struct trail_record *r = entry->removed.first; code == 0 && r != NULL;
	     r = r->next)
		if (r->record.type != KNOT_RRTYPE_SOA &&
		    count_set(&entry->added, &r->record) == 0 &&
		    !seen_before(&entry->removed, r, &r->record))
			code = require_set(u, &r->record);
	return code;
}

static bool is_apex_ns(const struct undo *u, const struct record *r)
{
	return r->type == KNOT_RRTYPE_NS && knot_dname_is_case_equal(r->owner, u->target->zone);
}

/* Whether all that the set has now goes and nothing comes back, so that one short record says it. */
static bool goes_whole(const struct undo *u, const struct record *of)
{
	const struct trail_entry *entry = u->entry;

	return !is_apex_ns(u, of) && count_set(&entry->removed, of) == 0 &&
	       count_set(&entry->now, of) == count_set(&entry->added, of);
}

/* Takes away what the change added, of the apex's NS set or of all others. */
static int take_back(struct undo *u, bool apex_ns)
{
	const struct trail_entry *entry = u->entry;
	int code = 0;

	for (const struct trail_record *at = entry->added.first; code == 0 && at != NULL;
	     at = at->next) {
		const struct record *r = &at->record;
		struct slice none = { 0 };
		bool whole = goes_whole(u, r);

		/* to add it with the TTL of then is enough (RFC 2136 3.4.2.2) */
		if (r->type == KNOT_RRTYPE_SOA || is_apex_ns(u, r) != apex_ns ||
		    find(&entry->removed, r) != NULL ||
		    (whole && seen_before(&entry->added, at, r)))
			continue;
		code = session_update_delete(u->session, r->owner, r->type,
					     whole ? none : r->rdata);
	}
	return code;
}

static int put_back(struct undo *u, bool apex_ns)
{
	int code = 0;

	for (const struct trail_record *at = u->entry->removed.first; code == 0 && at != NULL;
	     at = at->next) {
		const struct record *r = &at->record;

		if (r->type != KNOT_RRTYPE_SOA && is_apex_ns(u, r) == apex_ns)
			code = session_update_add(u->session, r->owner, r->ttl, r->type, r->rdata);
	}
	return code;
}

/* The SOA record of then with a serial that is newer than the one of now. */
static int put_back_soa(struct undo *u)
{
	const struct record *old = trail_find(&u->entry->removed, KNOT_RRTYPE_SOA);
	const struct record *now = trail_find(&u->entry->now, KNOT_RRTYPE_SOA);

	if (!changed_soa(u->entry) || now == NULL)
		return 0;

	uint8_t *rdata = arena_copy(&u->session->arena, old->rdata.data, old->rdata.size);
	if (rdata == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	uint32_t serial = rdata_soa_serial(now->rdata) + 1;
	put_u32(rdata + rdata_soa_serial_at(old->rdata), serial + (serial == 0));
	return session_update_add(u->session, old->owner, old->ttl, old->type,
				  slice_make(rdata, old->rdata.size));
}

/*
 * What goes before what comes, so that an alias can take the place of other records and the other way
 * round; but of the apex's NS records the last one would stay (RFC 2136 3.4.2.4).
 */
static int make_update(struct undo *u)
{
	int code = session_update_begin(u->session, u->target->zone);

	if (code == 0)
		code = require_sets(u);
	if (code == 0)
		code = take_back(u, false);
	if (code == 0)
		code = put_back(u, false);
	if (code == 0)
		code = put_back(u, true);
	if (code == 0)
		code = take_back(u, true);
	if (code == 0)
		code = put_back_soa(u);
	if (code == 0 && client_update_count(u->session->update) == 0)
		return command_fail(EXIT_NOT_FOUND,
				    "serial %u of %s changed nothing but the serial", u->serial,
				    u->zone_text);
	return code;
}

static bool is_prerequisite(uint16_t rcode)
{
	return rcode == KNOT_RCODE_YXDOMAIN || rcode == KNOT_RCODE_YXRRSET ||
	       rcode == KNOT_RCODE_NXDOMAIN || rcode == KNOT_RCODE_NXRRSET;
}

static int send_update(struct undo *u)
{
	struct session *s = u->session;
	struct client_answer answer;

	if (s->print)
		return session_update_send(s);
	int code = session_update_try(s, &answer);
	if (code == 0 && is_prerequisite(answer.rcode))
		return command_fail(EXIT_PREREQUISITE,
				    "it was changed at this very moment, and nothing was undone; "
				    "\"onnet log %s\" shows by whom",
				    u->zone_text);
	return code == 0 ? session_refused(s, &answer) : code;
}

static int tell(struct undo *u)
{
	const struct trail_style style = { .utc = u->utc };
	const struct audit_head *head = &u->entry->head;
	struct text out = { 0 }, who = { 0 };
	char time[WHEN_ROOM];

	if (u->session->print)
		return 0;
	when_format(time, head->time, u->utc);
	trail_who(&who, head);
	text_printf(&out, "%s: serial %u undone, which was made by %s, %s\n", u->zone_text,
		    u->serial, text_get(&who), time);
	text_done(&who);
	int code = trail_records(u->session, &out, u->entry, &style, true);
	if (code == 0)
		return text_show(&out);
	text_done(&out);
	return code;
}

/* --- the command --- */

static int options_read(struct undo *u, int argc, char **argv)
{
	static const struct option options[] = { { "utc", no_argument, NULL, 'z' }, { 0 } };
	struct session *s = u->session;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'z')
			return command_misuse(s, NULL);
		u->utc = true;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return command_misuse(s, "a serial, and a zone where several have it");
	char *end;
	errno = 0;
	unsigned long long serial = strtoull(argv[optind], &end, 10);
	if (errno != 0 || argv[optind][0] < '0' || argv[optind][0] > '9' || *end != '\0' ||
	    serial > UINT32_MAX)
		return command_misuse(s, "'%s' is no serial; \"onnet log\" shows them",
				      argv[optind]);
	u->serial = (uint32_t)serial;
	u->text = argv[optind + 1];
	return 0;
}

static int run_undo(struct session *s, int argc, char **argv)
{
	struct undo undo = { .session = s };
	struct trail_target *target = NULL;
	size_t count = 0;
	int code = options_read(&undo, argc, argv);

	if (code == 0)
		code = trail_targets(s, undo.text, &target, &count);
	if (code == 0)
		code = find_entry(&undo, target, count);
	if (code != 0)
		return code;
	undo.zone_text = plain_name(s, undo.target->zone);
	drop_doubles(&undo.entry->now);
	code = check_kind(&undo);
	if (code == 0)
		code = check_named(&undo, target, count);
	if (code == 0)
		code = check_conflicts(&undo);
	if (code == 0)
		code = make_update(&undo);
	if (code == 0)
		code = send_update(&undo);
	return code == 0 ? tell(&undo) : code;
}

static const char undo_help[] =
	"SERIAL is one that \"onnet log\" shows; the zone need be named only where several have it.\n"
	"What the change added goes and what it removed comes back, in one update that changes\n"
	"all of it or nothing. It is refused where somebody has changed the same records since.\n"
	"To undo an undo brings the change back.\n"
	"\n"
	"  --utc               times in UTC\n";

const struct command command_undo = {
	.name = "undo",
	.run = run_undo,
	.usage = "SERIAL [DOMAIN|NUMBER]",
	.brief = "turn a change round, by its serial",
	.help = undo_help,
};
