/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * onnet undo: a change of the change log turned round, as one new update.
 *
 * The server tells the entry and what its names have now, from one snapshot; by that it is seen whether
 * anybody has changed the same since (undo_check.c), and what the update must require (undo_make.c). The
 * serial is not turned back; an undo is a change like others, which can be undone.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/send.h"
#include "cmd/undo.h"
#include "cmd/when.h"
#include "zone/history.h"

/* The server tells a name's records once for each time that the name turns up in the entry. */
static void drop_doubles(struct trail_list *now)
{
	struct trail_list kept = { 0 };

	for (struct trail_record *at = now->first, *next; at != NULL; at = next) {
		next = at->next;
		if (undo_find(&kept, &at->record) != NULL)
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
			"what was there before; import an older file again",
			u->serial, u->zone_text);
	}
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
		code = undo_check(&undo);
	if (code == 0)
		code = undo_make(&undo);
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
