/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding the answer (RFC 1034 4.3.2, with RFC 2181, 2308, 4592, 6604, 6672, 8482).
 *
 * A question is a name to look for. Where its zone has delegations or DNAMEs at all, the name's
 * ancestors are looked at from the apex down, and the first of these decides. Else one look-up
 * finds the name, or tells that it is an empty non-terminal, or names the closest encloser, below
 * which a wildcard may stand. An alias makes another name to look for, in whichever zone of ours
 * it is, until there is an answer, none, or nothing of ours.
 *
 * Names are never copied: each name looked for stands in the message, the first as the question,
 * the next ones in the RDATA of the alias that led there.
 */
#include "zone/answer.h"

#include <libknot/libknot.h>

#include "dns/rdata.h"
#include "zone/negative.h"
#include "zone/range.h"

enum { ALIASES_MAX = 16 };

/* How the look for one name ended. */
enum outcome {
	DONE,     /* an answer, or a referral */
	NODATA,   /* the name exists, but not with this type */
	NXDOMAIN, /* the name does not exist */
	ALIAS,    /* goes on with another name */
	TOO_LONG, /* the name that a DNAME leads to can't exist (RFC 6672 2.2) */
	BROKEN,   /* the store can't be read */
};

struct search {
	struct zone_view *view;
	struct reply *reply;
	const knot_dname_t *name;  /* in the message */
	struct question *question; /* for this name: the client's, or an alias's */
	struct question alias;
};

static const knot_dname_t *skip_labels(const knot_dname_t *name, size_t count)
{
	while (count-- > 0)
		name += *name + 1;
	return name;
}

/* The name of the wildcard that could stand for name below its closest encloser. */
static const knot_dname_t *wildcard_name(knot_dname_storage_t ret, const knot_dname_t *name,
					 size_t encloser_labels)
{
	size_t labels = knot_dname_labels(name, NULL);
	const knot_dname_t *encloser = skip_labels(name, labels - encloser_labels);
	size_t size = knot_dname_size(encloser);

	if (size + 2 > KNOT_DNAME_MAXLEN)
		return NULL;
	ret[0] = 1;
	ret[1] = '*';
	memcpy(ret + 2, encloser, size);
	return ret;
}

/* What stands in for a name that is not there (RFC 4592 3.3.1), if anything does. */
static int find_wildcard(struct zone_view *view, const struct store_zone *record,
			 const knot_dname_t *name, struct store_match *ret)
{
	knot_dname_storage_t storage;
	const knot_dname_t *wildcard = wildcard_name(storage, name, ret->encloser_labels);

	return wildcard != NULL ? store_find(view->txn, record, wildcard, ret) : 0;
}

/* answer_find_name() with a name that was made ready. */
static int find_aimed(struct zone_view *view, const struct store_zone *record, bool ranges,
		      const knot_dname_t *name, struct store_aim *aim, struct store_match *ret)
{
	int err = store_find_aimed(view->txn, record, aim, ret);

	if (err != 0 || ret->status == STORE_FOUND || record->wildcards == 0)
		return err;
	if (ranges)
		err = range_find(view->txn, record, name, ret);
	if (err != 0 || ret->status != STORE_ABSENT)
		return err;
	return find_wildcard(view, record, name, ret);
}

int answer_find_name(struct zone_view *view, const struct store_zone *record, bool ranges,
		     const knot_dname_t *name, struct store_match *ret)
{
	struct store_aim aim;

	store_aim(&aim, record, name);
	return find_aimed(view, record, ranges, name, &aim, ret);
}

static enum outcome refer(struct search *s, const knot_dname_t *cut, const struct node *node)
{
	struct rrset set;

	if (node_find(node, KNOT_RRTYPE_NS, &set))
		reply_put(s->reply, REPLY_AUTHORITY, cut, &set);
	if (s->reply->dnssec && node_find(node, KNOT_RRTYPE_DS, &set))
		reply_put(s->reply, REPLY_AUTHORITY, cut, &set);
	if (s->reply->count[REPLY_ANSWER] == 0)
		s->reply->authoritative = false;
	return DONE;
}

/* Goes on with the target of the alias that was put last into the answer section. */
static enum outcome follow(struct search *s)
{
	const struct reply_placed *alias = &s->reply->placed[s->reply->placed_count - 1];
	struct slice rdata;
	size_t pos = 0;

	if (!reply_placed_next(alias, &pos, &rdata))
		return BROKEN;
	s->name = rdata.data;
	return ALIAS;
}

/* RFC 6672 3.2: the DNAME, and the CNAME that it makes for the name looked for. */
static enum outcome rewrite(struct search *s, const knot_dname_t *owner, const struct rrset *dname)
{
	uint8_t wire[RRSET_RECORD_HEAD + KNOT_DNAME_MAXLEN];
	size_t kept = (size_t)(owner - s->name), pos = 0;
	struct rrset_record record;

	if (!reply_put(s->reply, REPLY_ANSWER, owner, dname))
		return DONE;
	rrset_next(dname, &pos, &record);
	if (kept + record.rdata.size > KNOT_DNAME_MAXLEN)
		return TOO_LONG;

	struct writer w = write_begin(wire, sizeof(wire));
	write_u16(&w, RRSET_OWNER);
	write_u16(&w, KNOT_RRTYPE_CNAME);
	write_u16(&w, KNOT_CLASS_IN);
	write_u32(&w, record.ttl);
	write_u16(&w, (uint16_t)(kept + record.rdata.size));
	write_bytes(&w, s->name, kept);
	write_bytes(&w, record.rdata.data, record.rdata.size);

	struct rrset cname = { .type = KNOT_RRTYPE_CNAME,
			       .count = 1,
			       .size = (uint32_t)write_size(&w),
			       .wire = wire };
	if (!reply_put(s->reply, REPLY_ANSWER, s->name, &cname))
		return DONE;
	return s->question->type == KNOT_RRTYPE_CNAME || s->question->type == KNOT_RRTYPE_ANY ?
		       DONE :
		       follow(s);
}

/*
 * Whether an ancestor decides: true with outcome where the name is at or below a delegation, or
 * below a DNAME.
 */
static bool find_cut(struct search *s, enum outcome *ret)
{
	size_t apex_labels = s->question->zone->apex_labels;

	for (size_t depth = apex_labels; depth <= s->question->labels; depth++) {
		const knot_dname_t *owner = skip_labels(s->name, s->question->labels - depth);
		struct node node;
		struct rrset set;

		if (store_node_get(s->view->txn, s->question->record, owner, &node) != 0) {
			*ret = BROKEN;
			return true;
		}
		if (depth > apex_labels && node_find(&node, KNOT_RRTYPE_NS, &set)) {
			/* RFC 4035 3.1.4.1: the parent side answers for DS at the cut */
			if (depth == s->question->labels && s->question->type == KNOT_RRTYPE_DS)
				return false;
			*ret = refer(s, owner, &node);
			return true;
		}
		if (depth < s->question->labels && node_find(&node, KNOT_RRTYPE_DNAME, &set)) {
			*ret = rewrite(s, owner, &set);
			return true;
		}
	}
	return false;
}

/* What a name that exists has to say (RFC 1034 4.3.2, 3.a). */
static enum outcome answer_node(struct search *s, const struct node *node)
{
	struct rrset set;

	if (s->question->type == KNOT_RRTYPE_ANY) {
		/* RFC 8482 4.1: one set is answer enough */
		if (!node_at(node, 0, &set))
			return NODATA;
		reply_put(s->reply, REPLY_ANSWER, s->name, &set);
		return DONE;
	}
	if (node_find(node, s->question->type, &set)) {
		reply_put(s->reply, REPLY_ANSWER, s->name, &set);
		return DONE;
	}
	if (!node_find(node, KNOT_RRTYPE_CNAME, &set))
		return NODATA;
	return reply_put(s->reply, REPLY_ANSWER, s->name, &set) ? follow(s) : DONE;
}

static enum outcome search_zone(struct search *s)
{
	enum outcome outcome;
	struct store_match match;

	if (s->question->record->cuts > 0 && find_cut(s, &outcome))
		return outcome;
	if (find_aimed(s->view, s->question->record, s->question->zone->number_ranges, s->name,
		       &s->question->aim, &match) != 0)
		return BROKEN;
	if (match.status == STORE_FOUND)
		return answer_node(s, &match.node);
	return match.status == STORE_EMPTY ? NODATA : NXDOMAIN;
}

/* The zone that answers for the name; the parent's, where DS at an apex is asked for. */
static const struct zone *choose_zone(const struct zone_view *view, const knot_dname_t *name,
				      const struct question *question)
{
	const struct zone *zone = zone_table_above(view->table, name);

	if (zone == NULL || question->type != KNOT_RRTYPE_DS || zone->apex_labels == 0 ||
	    question->labels != zone->apex_labels)
		return zone;

	const struct zone *parent = zone_table_above(view->table, skip_labels(name, 1));
	return parent != NULL ? parent : zone;
}

void answer_prepare(struct zone_view *view, const knot_dname_t *name, uint16_t type,
		    struct question *ret)
{
	ret->type = type;
	ret->labels = 0;
	for (const knot_dname_t *at = name; *at != 0; at += *at + 1)
		ret->labels++;
	ret->zone = choose_zone(view, name, ret);
	ret->record = ret->zone != NULL ? zone_view_get(view, ret->zone) : NULL;
	if (ret->record != NULL)
		store_aim(&ret->aim, ret->record, name);
}

void answer_prefetch(struct zone_view *view, struct question *const question[], size_t count)
{
	struct store_aim *aim[STORE_AIMS_MAX];

	for (size_t i = 0; i < count;) {
		size_t aims = 0;

		for (; i < count && aims < STORE_AIMS_MAX; i++)
			if (question[i]->record != NULL)
				aim[aims++] = &question[i]->aim;
		store_aim_all(view->txn, aim, aims);
	}
}

/* RFC 2308 3 */
static void put_negative(struct search *s)
{
	const struct zone *zone = s->question->zone;

	negative_put(s->view, zone, skip_labels(s->name, s->question->labels - zone->apex_labels),
		     s->reply);
}

static bool seen_before(const struct search *s)
{
	for (size_t i = 0; i < s->reply->placed_count; i++)
		if (s->reply->placed[i].section == REPLY_ANSWER &&
		    s->reply->placed[i].type == KNOT_RRTYPE_CNAME &&
		    knot_dname_is_case_equal(s->reply->placed[i].owner, s->name))
			return true;
	return false;
}

uint8_t answer_find(struct zone_view *view, struct question *question, struct reply *reply)
{
	struct search s; /* an alias's question is large, and mostly there is none */

	s.view = view;
	s.reply = reply;
	s.name = reply->wire + REPLY_QNAME_AT;
	s.question = question;
	reply->authoritative = true;
	for (int aliases = 0; aliases < ALIASES_MAX; aliases++) {
		if (aliases > 0) {
			s.question = &s.alias;
			answer_prepare(view, s.name, question->type, s.question);
		}
		if (s.question->zone == NULL) {
			reply->authoritative = aliases > 0;
			return aliases > 0 ? KNOT_RCODE_NOERROR : KNOT_RCODE_REFUSED;
		}

		switch (s.question->record != NULL ? search_zone(&s) : BROKEN) {
		case DONE:
			return KNOT_RCODE_NOERROR;
		case NODATA:
			put_negative(&s);
			return KNOT_RCODE_NOERROR;
		case NXDOMAIN:
			/* RFC 6604 3: the RCODE is that of the last name */
			put_negative(&s);
			return KNOT_RCODE_NXDOMAIN;
		case TOO_LONG:
			return KNOT_RCODE_YXDOMAIN;
		case BROKEN:
			reply->authoritative = false;
			return KNOT_RCODE_SERVFAIL;
		case ALIAS:
			if (seen_before(&s))
				return KNOT_RCODE_NOERROR;
			break;
		}
	}
	return KNOT_RCODE_NOERROR; /* the client may go on from the last alias */
}
