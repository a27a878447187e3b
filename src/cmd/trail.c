/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A change log fetched (dns/audit.h). It comes newest first, so that a limit can end it, and is
 * shown newest last, where a terminal's reader looks. What came counts only when the whole answer was right, so
 * nothing is shown before its end.
 */
#include "cmd/trail.h"

#include <errno.h>
#include <stdlib.h>

#include "client/transfer.h"
#include "cmd/place.h"

/* --- targets --- */

static int add_target(struct session *s, const knot_dname_t *name, struct trail_target *list,
		      size_t *count)
{
	struct trail_target *target = &list[*count];
	int code = session_zone(s, name, &target->zone);

	if (code != 0)
		return code;
	target->name = knot_dname_is_case_equal(name, target->zone) ? NULL : name;
	++*count;
	return 0;
}

static int number_targets(struct session *s, const struct number *n, struct trail_target **ret,
			  size_t *count)
{
	const char *const *suffix;
	size_t suffixes;
	int code = place_suffixes(s, n->kind, &suffix, &suffixes);

	if (code != 0)
		return code;
	*ret = arena_take(&s->arena, (suffixes + 1) * sizeof(**ret));
	if (*ret == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	for (size_t i = 0; code == 0 && i < suffixes; i++) {
		const struct entry_place entry = { .number = *n, .suffix = suffix[i] };
		struct place place;

		code = place_at(s, &entry, &place);
		if (code == 0)
			code = add_target(s, place.owner, *ret, count);
	}
	return code;
}

static int all_targets(struct session *s, struct trail_target **ret, size_t *count)
{
	const struct conf *conf;
	int code = session_conf(s, &conf);

	if (code != 0)
		return code;
	if (conf == NULL || conf->zone_count == 0 || s->server != NULL)
		return command_misuse(s, "which zone, name or number?");
	*ret = arena_take(&s->arena, conf->zone_count * sizeof(**ret));
	if (*ret == NULL)
		return command_fail(EXIT_INTERNAL, "out of memory");
	for (size_t i = 0; code == 0 && i < conf->zone_count; i++) {
		(*ret)[i].name = NULL;
		code = session_name(s, conf->zone[i].domain, &(*ret)[i].zone, "zone");
	}
	*count = conf->zone_count;
	return code;
}

int trail_targets(struct session *s, const char *text, struct trail_target **ret, size_t *count)
{
	const knot_dname_t *name;
	struct number number;
	const char *why;

	*count = 0;
	if (text == NULL && s->zone == NULL)
		return all_targets(s, ret, count);
	if (text == NULL)
		text = s->zone;
	if (number_parse(&number, text, &why) == 0)
		return number_targets(s, &number, ret, count);

	int code = session_name(s, text, &name, "domain");
	*ret = arena_take(&s->arena, sizeof(**ret));
	if (code == 0 && *ret == NULL)
		code = command_fail(EXIT_INTERNAL, "out of memory");
	return code == 0 ? add_target(s, name, *ret, count) : code;
}

/* --- what comes --- */

struct fetch {
	struct session *session;
	struct trail *trail;
	const knot_dname_t *zone;
	size_t first; /* of the entries that this answer brings */
};

static int take_entry(struct fetch *f, struct slice data)
{
	struct trail *trail = f->trail;
	struct arena *arena = &f->session->arena;

	if (trail->count == trail->room) {
		size_t room = trail->room * 2 + 64;
		struct trail_entry *entry = arena_take(arena, room * sizeof(*entry));

		if (entry == NULL)
			return -ENOMEM;
		if (trail->count > 0)
			memcpy(entry, trail->entry, trail->count * sizeof(*entry));
		trail->entry = entry;
		trail->room = room;
	}

	struct trail_entry *entry = &trail->entry[trail->count];
	*entry = (struct trail_entry){ .zone = f->zone };
	const uint8_t *copy = arena_copy(arena, data.data, data.size);
	if (copy == NULL)
		return -ENOMEM;
	int err = audit_head_read(&entry->head, slice_make(copy, data.size));
	trail->count += err == 0;
	return err;
}

static int take_record(struct fetch *f, uint8_t tag, struct slice data)
{
	struct trail *trail = f->trail;
	struct arena *arena = &f->session->arena;
	const uint8_t *copy = arena_copy(arena, data.data, data.size);
	struct trail_record *r = arena_zero(arena, sizeof(*r));
	size_t offset = 0;

	if (copy == NULL || r == NULL)
		return -ENOMEM;
	if (trail->count == f->first ||
	    audit_record_read(&r->record, slice_make(copy, data.size), &offset) != 1 ||
	    offset != data.size)
		return -EBADMSG;
	r->cut = (tag & AUDIT_CUT) != 0;

	struct trail_entry *entry = &trail->entry[trail->count - 1];
	uint8_t side = (uint8_t)(tag & ~AUDIT_CUT);
	struct trail_list *list = side == AUDIT_REMOVED ? &entry->removed :
				  side == AUDIT_ADDED   ? &entry->added :
							  &entry->now;
	if (list->count++ == 0)
		list->first = r;
	else
		*list->last = r;
	list->last = &r->next;
	return 0;
}

/* One record of the answer, the SOA at its beginning among them. */
static int take(const struct record *r, void *arg)
{
	struct fetch *f = arg;
	struct slice data = r->rdata;

	if (r->type != AUDIT_TYPE)
		return 0;
	if (data.size == 0)
		return -EBADMSG;

	uint8_t tag = data.data[0];
	data = slice_make(data.data + 1, data.size - 1);
	switch (tag & ~AUDIT_CUT) {
	case AUDIT_ENTRY:
		return take_entry(f, data);
	case AUDIT_REMOVED:
	case AUDIT_ADDED:
	case AUDIT_NOW:
		return take_record(f, tag, data);
	case AUDIT_END:
		return audit_end_read(&f->trail->end, data);
	default:
		return 0; /* AUDIT_SEARCHING, and what a newer server may add */
	}
}

int trail_fetch(struct session *s, struct trail *trail, const struct trail_target *target,
		const struct audit_question *question)
{
	struct fetch fetch = {
		.session = s, .trail = trail, .zone = target->zone, .first = trail->count
	};
	struct audit_question asked = *question;
	struct client_answer answer;
	struct client *client;
	int code = session_client(s, target->zone, &client);

	if (code != 0)
		return code;
	if (asked.name == NULL)
		asked.name = target->name;
	int err = client_audit(client, &answer, target->zone, &asked, take, &fetch);
	if (err == -EBADMSG && client_fault(client)[0] == '\0')
		return command_fail(EXIT_UNREACHABLE, "%s: the change log can't be read",
				    client_server(client));
	if (err == -ENOTSUP)
		return command_fail(EXIT_REFUSED, "%s", client_fault(client));
	if (err < 0)
		return session_failed(s, err);
	if (answer.rcode == KNOT_RCODE_NOTIMPL)
		return command_fail(EXIT_REFUSED,
				    "%s keeps no change log that onnet can read; onnetd does",
				    client_server(client));
	trail->more = trail->more || trail->end.more;
	code = session_refused(s, &answer);
	if (answer.rcode == KNOT_RCODE_REFUSED)
		command_fail(EXIT_REFUSED,
			     "a change log is for whoever may transfer the zone (transfer: in "
			     "onnet.yaml)");
	return code;
}

static int compare(const void *a, const void *b)
{
	const struct trail_entry *x = a, *y = b;
	uint64_t p = x->head.time, q = y->head.time;

	if (p != q)
		return p < q ? -1 : 1;
	/* of one zone in the order of serials (RFC 1982), of several as they came */
	if (knot_dname_is_case_equal(x->zone, y->zone) &&
	    x->head.serial_after != y->head.serial_after)
		return x->head.serial_after - y->head.serial_after < (uint32_t)1 << 31 ? 1 : -1;
	return knot_dname_cmp(x->zone, y->zone);
}

void trail_sort(struct trail *trail, size_t limit)
{
	if (trail->count > 0)
		qsort(trail->entry, trail->count, sizeof(*trail->entry), compare);
	if (limit > 0 && trail->count > limit) {
		trail->entry += trail->count - limit;
		trail->count = limit;
		trail->more = true;
	}
}

const struct record *trail_find(const struct trail_list *list, uint16_t type)
{
	for (const struct trail_record *r = list->first; r != NULL; r = r->next)
		if (r->record.type == type)
			return &r->record;
	return NULL;
}
