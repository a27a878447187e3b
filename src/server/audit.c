/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The change log out, newest entry first, from a snapshot. An entry is looked at whole before any of it is
 * written, since its head says how many of its records were not asked for.
 *
 * A question may ask for what is nowhere in a log of gigabytes. So no message costs more than looking at
 * SEARCH_MAX octets: where they hold nothing, the message says how far back the search is, and the worker
 * does other things before the next one.
 *
 * For one entry alone there is also what its names have now, from the same snapshot and from the
 * store itself: an answer to a question would show what wildcards make, and no undo could go by that.
 */
#include "server/audit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/audit.h"
#include "dns/name.h"
#include "server/peer.h"
#include "server/transfer.h"
#include "zone/group.h"
#include "zone/history.h"

enum {
	SEARCH_MAX = 1 << 20, /* octets of entries in a message */
	ENTRY_COST = 256,     /* what an entry counts for beside its octets */
	CLOCK_SLACK = 3600, /* seconds that a clock may have been put back without hiding entries */
	RECORD_MAX = 60000, /* octets of a record that fit any message with the rest */
	RECORD_HEAD = RRSET_RECORD_HEAD - 2,
};

enum phase { FIRST_SOA, SEARCH, HEAD, REMOVED, ADDED, NOW, LAST, LAST_SOA, FINISHED };

struct audit {
	struct stream stream;
	struct audit_question question;
	bool named; /* not all names are asked for */
	struct store_zone zone;
	uint64_t next;   /* entries from this sequence number on are done with */
	uint64_t oldest; /* entries from before this second are as good as gone: log-age */
	uint32_t left;   /* entries that may still come */
	bool more;       /* entries were left out for that */
	size_t searched; /* octets, for this message */
	enum phase phase;

	/* the entry at hand, and the next record of it */
	struct history entry;
	uint64_t others;
	size_t offset;

	/* the name whose records of now are written */
	const knot_dname_t *owner; /* NULL: none yet */
	bool in_node;
	struct node node;
	size_t set_index, record_pos;

	uint8_t record[RESPONSE_ROOM]; /* the one that is written */
};

static void log_refusal(struct responder *r, const struct exchange *x, const struct zone *zone,
			const char *why)
{
	knot_dname_txt_storage_t name = "";
	char peer[PEER_TEXT_ROOM];

	if (!log_bound_pass(&r->refused, r->now_ms))
		return;
	peer_format(peer, x->peer);
	knot_dname_to_str(name, zone->apex, sizeof(name));
	log_warning("change log refused: zone=%s peer=%s key=%s: %s", name, peer,
		    x->tsig.key != NULL ? x->tsig.key->id : "-", why);
}

/* --- records of our type --- */

/* Writes one: tag and data; false where it does not fit this message. */
static bool put(struct filling *f, struct audit *audit, struct slice head, struct slice data)
{
	struct writer w = write_begin(audit->record, sizeof(audit->record));

	write_u16(&w, AUDIT_TYPE);
	write_u16(&w, KNOT_CLASS_IN);
	write_u32(&w, 0);
	write_u16(&w, (uint16_t)(head.size + data.size));
	write_bytes(&w, head.data, head.size);
	write_bytes(&w, data.data, data.size);
	return filling_put(f, audit->stream.apex, slice_make(audit->record, write_size(&w)));
}

/* A record in wire form, of which owner and the rest may lie apart. */
static bool put_record(struct filling *f, struct audit *audit, enum audit_tag tag,
		       const knot_dname_t *owner, struct slice rest)
{
	uint8_t head[1 + KNOT_DNAME_MAXLEN + RECORD_HEAD];
	struct writer w = write_begin(head, sizeof(head));
	bool cut = rest.size > RECORD_MAX;

	write_u8(&w, (uint8_t)(cut ? tag | AUDIT_CUT : tag));
	write_bytes(&w, owner, knot_dname_size(owner));
	if (cut) {
		write_bytes(&w, rest.data, RECORD_HEAD - 2);
		write_u16(&w, 0); /* RDLENGTH */
		rest = slice_make(NULL, 0);
	}
	return put(f, audit, slice_make(head, write_size(&w)), rest);
}

/* --- looking for an entry --- */

static bool is_asked_for(const struct audit *audit, const struct record *r)
{
	return !audit->named || name_depth(r->owner, audit->question.name) >= 0;
}

/* How many records of a side are asked for; others counts the rest but for the SOA. */
static int count_side(struct audit *audit, struct slice side, uint64_t *asked)
{
	struct record r;
	size_t offset = 0;
	int more;

	while ((more = audit_record_read(&r, side, &offset)) > 0) {
		if (is_asked_for(audit, &r))
			++*asked;
		else if (r.type != KNOT_RRTYPE_SOA)
			audit->others++;
	}
	return more;
}

static bool key_matches(const struct audit *audit)
{
	const knot_dname_t *key = audit->question.key;

	return *key == 0 || (audit->entry.key.size == knot_dname_size(key) &&
			     knot_dname_is_case_equal(audit->entry.key.data, key));
}

/* Whether the entry at hand is one that was asked for; negative where it can't be read. */
static int entry_matches(struct audit *audit)
{
	const struct history *entry = &audit->entry;
	const struct audit_question *q = &audit->question;
	uint64_t asked = 0;

	audit->others = 0;
	if (q->one ? entry->serial_after != q->serial :
		     entry->time < q->since || entry->time > q->until || !key_matches(audit))
		return 0;
	if (entry->kind != HISTORY_CHANGE || !audit->named)
		return 1;

	int err = count_side(audit, entry->removed, &asked);
	if (err == 0)
		err = count_side(audit, entry->added, &asked);
	return err < 0 ? err : asked > 0;
}

/* Whether nothing before the entry at hand can be asked for. */
static bool is_last(const struct audit *audit)
{
	const struct audit_question *q = &audit->question;

	return audit->entry.time < audit->oldest ||
	       (!q->one && audit->entry.time + CLOCK_SLACK < q->since);
}

/* 1: an entry is at hand, or there are no more and the phase is LAST; 0: searched enough for now. */
static int search(struct audit *audit)
{
	while (audit->next > audit->zone.log_first && audit->searched < SEARCH_MAX) {
		struct slice octets;
		int err = store_log_get(audit->stream.txn, &audit->zone, audit->next - 1, &octets);

		if (err == 0)
			err = history_read(octets, &audit->entry);
		if (err != 0)
			return err;
		if (is_last(audit))
			break;
		audit->searched += ENTRY_COST + octets.size;
		int found = entry_matches(audit);
		if (found > 0 && audit->question.limit > 0 && audit->left == 0) {
			audit->more = true;
			break;
		}
		audit->next--;
		if (found == 0)
			continue;
		audit->left--;
		audit->phase = HEAD;
		return found < 0 ? found : 1;
	}
	if (audit->searched >= SEARCH_MAX && audit->next > audit->zone.log_first)
		return 0;
	audit->phase = LAST;
	return 1;
}

static int put_searching(struct filling *f, struct audit *audit)
{
	uint8_t octets[1 + 8];
	struct writer w = write_begin(octets, sizeof(octets));

	write_u8(&w, AUDIT_SEARCHING);
	write_u64(&w, audit->entry.time);
	put(f, audit, slice_make(octets, write_size(&w)), slice_make(NULL, 0));
	return 0;
}

static int put_search(struct filling *f, struct audit *audit)
{
	int done = search(audit);

	return done == 0 && f->answers == 0 ? put_searching(f, audit) : done;
}

/* --- an entry --- */

static int put_head(struct filling *f, struct audit *audit)
{
	const struct history *entry = &audit->entry;
	uint8_t octets[AUDIT_HEAD_MAX];
	const struct audit_head head = {
		.kind = (uint8_t)entry->kind,
		.serial_before = entry->serial_before,
		.serial_after = entry->serial_after,
		.time = entry->time,
		.names = entry->names,
		.others = audit->others,
		.peer = entry->peer,
		.key = entry->key.size > 0 ? entry->key.data : NULL,
	};
	size_t size = audit_head_write(octets, &head);

	if (!put(f, audit, slice_make(octets, size), slice_make(NULL, 0)))
		return 0;
	audit->offset = 0;
	audit->phase = REMOVED;
	return 1;
}

static int put_side(struct filling *f, struct audit *audit)
{
	bool removed = audit->phase == REMOVED;
	struct slice side = removed ? audit->entry.removed : audit->entry.added;
	enum audit_tag tag = removed ? AUDIT_REMOVED : AUDIT_ADDED;
	size_t next = audit->offset;
	struct record r;
	int more;

	while ((more = audit_record_read(&r, side, &next)) > 0) {
		const uint8_t *rest = r.owner + knot_dname_size(r.owner);

		if (is_asked_for(audit, &r) &&
		    !put_record(f, audit, tag, r.owner,
				slice_make(rest, RECORD_HEAD + r.rdata.size)))
			return 0;
		audit->offset = next;
	}
	audit->offset = 0;
	audit->owner = NULL;
	audit->phase = removed ? ADDED : audit->question.one ? NOW : SEARCH;
	return more < 0 ? more : 1;
}

/* --- what is there now --- */

/* The next name of the entry's records, in whose node the writing goes on. 1, 0: there is none. */
static int next_owner(struct audit *audit)
{
	struct slice removed = audit->entry.removed, added = audit->entry.added;
	struct record r;
	int more;

	do {
		bool first = audit->offset < removed.size;
		size_t offset = audit->offset - (first ? 0 : removed.size);

		more = audit_record_read(&r, first ? removed : added, &offset);
		if (more > 0)
			audit->offset = offset + (first ? 0 : removed.size);
	} while (more > 0 && audit->owner != NULL &&
		 knot_dname_is_case_equal(audit->owner, r.owner));
	if (more <= 0)
		return more;
	audit->owner = r.owner;
	audit->set_index = 0;
	audit->record_pos = 0;

	int err = store_node_get(audit->stream.txn, &audit->zone, r.owner, &audit->node);
	return err < 0 ? err : 1;
}

/* All records of the node from where it stands; false: the message is full. */
static bool put_node(struct filling *f, struct audit *audit)
{
	struct rrset set;

	while (node_at(&audit->node, audit->set_index, &set)) {
		struct rrset_record record;
		size_t pos = audit->record_pos;

		while (rrset_next(&set, &pos, &record)) {
			struct slice rest =
				slice_make(record.wire + 2, RECORD_HEAD + record.rdata.size);

			if (!put_record(f, audit, AUDIT_NOW, audit->owner, rest))
				return false;
			audit->record_pos = pos;
		}
		audit->record_pos = 0;
		audit->set_index++;
	}
	return true;
}

static int put_now(struct filling *f, struct audit *audit)
{
	for (;;) {
		int more = audit->in_node ? 1 : next_owner(audit);

		if (more < 0)
			return more;
		audit->in_node = more > 0;
		if (!audit->in_node)
			break;
		if (!put_node(f, audit))
			return 0;
		audit->in_node = false;
	}
	audit->phase = LAST; /* there is one entry for a serial */
	return 1;
}

/* --- the answer --- */

static int put_end(struct filling *f, struct audit *audit)
{
	const struct store_zone *zone = &audit->zone;
	struct audit_end end = { .more = audit->more, .entries = zone->log_next - zone->log_first };
	uint8_t octets[AUDIT_END_SIZE];
	struct history oldest;
	struct slice entry;

	if (end.entries > 0 &&
	    store_log_get(audit->stream.txn, zone, zone->log_first, &entry) == 0 &&
	    history_read(entry, &oldest) == 0) {
		end.time = oldest.time;
		end.serial = oldest.serial_before;
	}
	if (!put(f, audit, slice_make(octets, audit_end_write(octets, &end)), slice_make(NULL, 0)))
		return 0;
	audit->phase = LAST_SOA;
	return 1;
}

/* 1: this phase is done; 0: the message is full; a negative errno. */
static int put_phase(struct filling *f, struct audit *audit)
{
	int done;

	switch (audit->phase) {
	case SEARCH:
		return put_search(f, audit);
	case HEAD:
		return put_head(f, audit);
	case REMOVED:
	case ADDED:
		return put_side(f, audit);
	case NOW:
		return put_now(f, audit);
	case LAST:
		return put_end(f, audit);
	default:
		done = filling_put_soa(f, &audit->stream);
		if (done > 0)
			audit->phase++;
		return done;
	}
}

static int audit_fill(struct stream *stream, struct filling *f)
{
	struct audit *audit = (struct audit *)stream;
	int done = 1;

	audit->searched = 0;
	while (done > 0 && audit->phase != FINISHED)
		done = put_phase(f, audit);
	return done < 0 ? done : audit->phase != FINISHED;
}

static void audit_free(struct stream *stream)
{
	stream_done(stream);
	free(stream);
}

/* Names of the question, which lies in the request, copied to where they stay. */
static int keep_question(struct audit *audit, const struct audit_question *q)
{
	struct arena *arena = &audit->stream.arena;

	audit->question = *q;
	audit->question.name = arena_copy(arena, q->name, knot_dname_size(q->name));
	audit->question.key = arena_copy(arena, q->key, knot_dname_size(q->key));
	audit->named = *q->name != 0 && !knot_dname_is_case_equal(q->name, audit->stream.apex);
	audit->left = q->limit;
	return audit->question.name != NULL && audit->question.key != NULL ? 0 : -ENOMEM;
}

static int audit_new(struct stream **ret, struct responder *r, const struct zone *zone,
		     const struct exchange *x, const struct audit_question *q)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	uint64_t now = clock_wall_s();

	if (audit == NULL)
		return -ENOMEM;

	struct stream *stream = &audit->stream;
	stream->fill = audit_fill;
	stream->no_transfer = true;
	stream->free = audit_free;
	int err = stream_init(stream, r, zone, x);
	if (err == 0)
		err = keep_question(audit, q);
	if (err == 0)
		err = store_zone_get(stream->txn, stream->apex, &audit->zone);
	if (err != 0) {
		stream_free(stream);
		return err;
	}
	audit->next = audit->zone.log_next;
	audit->oldest = zone->log_age > 0 && zone->log_age < now ? now - zone->log_age : 0;
	*ret = stream;
	return 0;
}

static enum response refuse(struct exchange *x, uint16_t rcode, uint16_t code, const char *why)
{
	x->rcode = rcode;
	x->why_code = code;
	x->why = why;
	return RESPONSE_READY;
}

enum response audit_begin(struct stream **ret, struct responder *r, struct exchange *x)
{
	const knot_dname_t *name = x->wire + KNOT_WIRE_HEADER_SIZE;
	const struct zone *zone = zone_table_find(r->view.table, name);
	struct audit_question question;

	if (x->qclass != KNOT_CLASS_IN)
		return refuse(x, KNOT_RCODE_REFUSED, 0, NULL);
	if (!x->tcp)
		return refuse(x, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_OTHER,
			      "a change log goes over TCP");
	if (zone == NULL)
		return refuse(x, KNOT_RCODE_NOTAUTH, KNOT_EDNS_EDE_NOTAUTH,
			      "no zone of this name is served here");

	const char *refusal = transfer_refusal(r, x, zone);
	if (refusal != NULL) {
		log_refusal(r, x, zone, refusal);
		return refuse(x, KNOT_RCODE_REFUSED, KNOT_EDNS_EDE_PROHIBITED, refusal);
	}
	int err = audit_question_read(&question, x->audit);
	if (err != 0)
		return refuse(
			x, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_OTHER,
			err == -ENOTSUP ?
				"asked in another version of this protocol than onnetd knows" :
				"the question for the change log can't be read");

	err = audit_new(ret, r, zone, x, &question);
	if (err == 0)
		return RESPONSE_STREAM;
	log_refusal(r, x, zone, strerror(-err));
	return refuse(x, KNOT_RCODE_SERVFAIL, KNOT_EDNS_EDE_OTHER, "no room for another stream");
}
