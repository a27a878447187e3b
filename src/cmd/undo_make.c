/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The update that turns a change round (RFC 2136). It requires that each set that it touches is still
 * as it was seen (2.4.2, 2.4.3), since others may be at work: so it changes all, or nothing.
 */
#include "base/writer.h"
#include "cmd/undo.h"
#include "dns/rdata.h"

/* Whether an earlier record of the lists is of the same set, so that each set is looked at once. */
static bool seen_before(const struct trail_list *list, const struct trail_record *end,
			const struct record *r)
{
	for (const struct trail_record *at = list->first; at != end; at = at->next)
		if (undo_same_set(&at->record, r))
			return true;
	return false;
}

/* The set is as it was seen (RFC 2136 2.4.2), or is not there (2.4.3). */
static int require_set(struct undo *u, const struct record *of)
{
	struct session *s = u->session;
	int code = 0;

	if (undo_count(&u->entry->now, of) == 0) {
		struct record none = { of->owner, of->type, KNOT_CLASS_NONE, 0, { 0 } };

		return session_update_require(s, &none);
	}
	for (const struct trail_record *r = u->entry->now.first; code == 0 && r != NULL;
	     r = r->next)
		if (undo_same_set(&r->record, of)) {
			struct record there = r->record;

			there.rclass = KNOT_CLASS_IN;
			code = session_update_require(s, &there);
		}
	return code;
}

static int require_sets(struct undo *u)
{
	const struct trail_entry *entry = u->entry;
	bool soa = undo_changed_soa(entry);
	int code = 0;

	for (const struct trail_record *r = entry->added.first; code == 0 && r != NULL; r = r->next)
		if ((soa || r->record.type != KNOT_RRTYPE_SOA) &&
		    !seen_before(&entry->added, r, &r->record))
			code = require_set(u, &r->record);
	for (const struct trail_record *r = entry->removed.first; code == 0 && r != NULL;
	     r = r->next)
		if (r->record.type != KNOT_RRTYPE_SOA &&
		    undo_count(&entry->added, &r->record) == 0 &&
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

	return !is_apex_ns(u, of) && undo_count(&entry->removed, of) == 0 &&
	       undo_count(&entry->now, of) == undo_count(&entry->added, of);
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
		    undo_find(&entry->removed, r) != NULL ||
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

	if (!undo_changed_soa(u->entry) || now == NULL)
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
int undo_make(struct undo *u)
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
