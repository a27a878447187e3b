/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Zone transfer out (RFC 5936). Messages are filled to 16 KiB, within the reach of compression
 * pointers: owners are written as their own labels and a pointer to the zone's name in the
 * question, which is why each message carries the question. Each is signed where the request was.
 *
 * Of a zone with number ranges goes out what makes any secondary answer as we do
 * (zone/range_walk.c); who asks for what is stored (dns/option.h) gets that.
 */
#include "server/transfer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "dns/rdata.h"
#include "server/peer.h"
#include "zone/range.h"

enum { MESSAGE_SIZE = 16384, OWNER_SIZE = 2, POINTER = 0xc000 };

enum phase { FIRST_SOA, RECORDS, LAST_SOA, FINISHED };

struct transfer {
	struct arena arena; /* request and zone, of which x and apex tell */
	struct exchange x;
	struct server_key key;
	const knot_dname_t *apex;
	size_t apex_size;
	struct store_txn *txn;
	struct range_walk *walk;
	enum phase phase;
	bool started; /* a message was made */

	/* where the walk stands: a set of a node, and its next record */
	knot_dname_storage_t owner;
	struct node node;
	size_t set_index;
	size_t record_pos;
	bool in_node;
};

static void log_refusal(const struct exchange *x, const struct zone *zone, const char *why)
{
	knot_dname_txt_storage_t name = "";
	char peer[PEER_TEXT_ROOM];

	peer_format(peer, x->peer);
	knot_dname_to_str(name, zone->apex, sizeof(name));
	log_warning("transfer refused: zone=%s peer=%s key=%s: %s", name, peer,
		    x->tsig.key != NULL ? x->tsig.key->id : "-", why);
}

/* Whether the client has this version already, or a later one (RFC 1995 2, RFC 1982). */
static bool client_is_current(const struct exchange *x, const struct rrset *soa)
{
	const knot_pktsection_t *section;
	struct rrset_record record;
	size_t pos = 0;

	if (x->qtype != KNOT_RRTYPE_IXFR || x->message == NULL || !rrset_next(soa, &pos, &record))
		return false;
	section = knot_pkt_section(x->message, KNOT_AUTHORITY);
	if (section->count != 1 || knot_pkt_rr(section, 0)->type != KNOT_RRTYPE_SOA)
		return false;

	const knot_rdata_t *rdata = knot_pkt_rr(section, 0)->rrs.rdata;
	if (rdata == NULL || !rdata_valid(KNOT_RRTYPE_SOA, slice_make(rdata->data, rdata->len)))
		return false;
	return rdata_soa_serial(record.rdata) -
		       rdata_soa_serial(slice_make(rdata->data, rdata->len)) - 1 >=
	       (uint32_t)1 << 31;
}

/* The request's octets and the key, which outlive neither the request nor a reload. */
static int keep_request(struct transfer *transfer, const struct zone *zone,
			const struct exchange *x)
{
	uint8_t *wire = arena_copy(&transfer->arena, x->wire, x->size);

	if (wire == NULL)
		return -ENOMEM;
	transfer->x = *x;
	if (x->ranges != RANGES_NOT_ASKED)
		transfer->x.ranges = zone->number_ranges ? RANGES_NUMBERS : RANGES_PLAIN;
	transfer->x.wire = wire;
	transfer->x.message = NULL;
	transfer->x.tsig.rr = NULL;
	if (x->tsig.key == NULL)
		return 0;
	if (knot_tsig_key_copy(&transfer->key.tsig, &x->tsig.key->tsig) != KNOT_EOK)
		return -ENOMEM;
	transfer->x.tsig.key = &transfer->key;
	return 0;
}

static int transfer_new(struct transfer **ret, struct responder *r, const struct zone *zone,
			const struct exchange *x)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	struct store_zone record;

	if (transfer == NULL)
		return -ENOMEM;
	transfer->apex = arena_copy(&transfer->arena, zone->apex, zone->apex_size);
	transfer->apex_size = zone->apex_size;

	int err = transfer->apex != NULL ? keep_request(transfer, zone, x) : -ENOMEM;
	if (err == 0)
		err = store_read_begin(r->store, &transfer->txn);
	if (err == 0)
		err = store_zone_get(transfer->txn, transfer->apex, &record);
	if (err == 0)
		err = range_walk_begin(&transfer->walk, transfer->txn, &record, transfer->apex,
				       zone->number_ranges && x->ranges == RANGES_NOT_ASKED);
	if (err != 0)
		transfer_free(transfer);
	else
		*ret = transfer;
	return err;
}

void transfer_free(struct transfer *transfer)
{
	if (transfer == NULL)
		return;
	range_walk_end(transfer->walk);
	store_read_end(transfer->txn);
	knot_tsig_key_deinit(&transfer->key.tsig);
	arena_done(&transfer->arena);
	free(transfer);
}

static enum response refuse(struct exchange *x, uint16_t rcode, const char *why)
{
	x->rcode = rcode;
	x->why_code = KNOT_EDNS_EDE_PROHIBITED;
	x->why = why;
	return RESPONSE_READY;
}

enum response transfer_begin(struct transfer **ret, struct responder *r, struct exchange *x)
{
	const knot_dname_t *name = x->wire + KNOT_WIRE_HEADER_SIZE;
	const struct zone *zone = zone_table_find(r->view.table, name);
	struct rrset soa;

	if (x->qclass != KNOT_CLASS_IN)
		return refuse(x, KNOT_RCODE_REFUSED, NULL);
	if (!x->tcp && x->qtype == KNOT_RRTYPE_AXFR)
		return refuse(x, KNOT_RCODE_FORMERR, "a transfer goes over TCP");
	if (zone == NULL)
		return refuse(x, KNOT_RCODE_NOTAUTH, "no zone of this name is served here");
	if (!access_transfer(&r->state->access[zone->index], x->tsig.key, x->peer)) {
		log_refusal(x, zone, "no rule allows it");
		return refuse(x, KNOT_RCODE_REFUSED, "no rule of this zone allows the transfer");
	}
	if (!zone_view_soa(&r->view, zone, &soa))
		return refuse(x, KNOT_RCODE_SERVFAIL, "the zone can't be read");
	if (!x->tcp || client_is_current(x, &soa))
		return RESPONSE_READY;

	int err = transfer_new(ret, r, zone, x);
	if (err == 0)
		return RESPONSE_STREAM;
	log_refusal(x, zone, strerror(-err));
	return refuse(x, KNOT_RCODE_SERVFAIL, "no room for another transfer");
}

void transfer_soa(struct responder *r, struct reply *reply)
{
	const knot_dname_t *name = reply->wire + REPLY_QNAME_AT;
	const struct zone *zone = zone_table_find(r->view.table, name);
	struct rrset soa;

	if (zone != NULL && zone_view_soa(&r->view, zone, &soa)) {
		reply->authoritative = true;
		reply_put(reply, REPLY_ANSWER, name, &soa);
	}
}

/* A message that is being filled. */
struct filling {
	struct writer w;
	uint16_t answers;
	const knot_dname_t *owner; /* the last one written, at owner_at */
	size_t owner_at;
	size_t limit;
};

static void write_owner(struct filling *f, const struct transfer *transfer, bool again)
{
	size_t size = knot_dname_size(transfer->owner);

	if (again) {
		write_u16(&f->w, (uint16_t)(POINTER | f->owner_at));
		return;
	}
	f->owner_at = size > transfer->apex_size ? write_size(&f->w) : REPLY_QNAME_AT;
	write_bytes(&f->w, transfer->owner, size - transfer->apex_size);
	write_u16(&f->w, POINTER | REPLY_QNAME_AT);
}

/* Writes a record of the name at hand; false where it does not fit this message. */
static bool put_record(struct filling *f, const struct transfer *transfer,
		       const struct rrset_record *record)
{
	bool again = f->owner_at != 0;
	size_t rest = RRSET_RECORD_HEAD - OWNER_SIZE + record->rdata.size;
	size_t size = rest + (again ? OWNER_SIZE : knot_dname_size(transfer->owner) + OWNER_SIZE);

	if (f->answers > 0 && write_size(&f->w) + size > f->limit)
		return false;
	write_owner(f, transfer, again);
	write_bytes(&f->w, record->wire + OWNER_SIZE, rest);
	f->answers++;
	return true;
}

static int put_soa(struct filling *f, struct transfer *transfer)
{
	struct store_zone zone;
	struct node apex;
	struct rrset soa;
	struct rrset_record record;
	size_t pos = 0;
	int err = store_zone_get(transfer->txn, transfer->apex, &zone);

	if (err == 0)
		err = store_node_get(transfer->txn, &zone, transfer->apex, &apex);
	if (err != 0)
		return err;
	if (!node_find(&apex, KNOT_RRTYPE_SOA, &soa) || !rrset_next(&soa, &pos, &record))
		return -ENOENT;
	memcpy(transfer->owner, transfer->apex, transfer->apex_size);
	f->owner_at = 0;
	return put_record(f, transfer, &record) ? 1 : 0;
}

/* All records of the name at hand, from where it stands; 1: done, 0: the message is full. */
static int put_node(struct filling *f, struct transfer *transfer)
{
	struct rrset set;

	f->owner_at = 0;
	while (node_at(&transfer->node, transfer->set_index, &set)) {
		struct rrset_record record;
		size_t pos = transfer->record_pos;

		while (set.type != KNOT_RRTYPE_SOA && rrset_next(&set, &pos, &record)) {
			if (!put_record(f, transfer, &record))
				return 0;
			transfer->record_pos = pos;
		}
		transfer->record_pos = 0;
		transfer->set_index++;
	}
	return 1;
}

static int put_records(struct filling *f, struct transfer *transfer)
{
	for (;;) {
		if (!transfer->in_node) {
			int more =
				range_walk_next(transfer->walk, transfer->owner, &transfer->node);

			if (more <= 0)
				return more == 0 ? 1 : more;
			transfer->in_node = true;
			transfer->set_index = 0;
			transfer->record_pos = 0;
		}

		int done = put_node(f, transfer);
		if (done <= 0)
			return done;
		transfer->in_node = false;
	}
}

static int fill(struct filling *f, struct transfer *transfer)
{
	int done = 1;

	while (done > 0 && transfer->phase != FINISHED) {
		done = transfer->phase == RECORDS ? put_records(f, transfer) : put_soa(f, transfer);
		if (done > 0)
			transfer->phase++;
	}
	return done < 0 ? done : 0;
}

int transfer_next(struct transfer *transfer, uint8_t *wire)
{
	struct exchange *x = &transfer->x;
	struct reply reply;

	if (transfer->phase == FINISHED)
		return 0;

	exchange_reply(x, &reply, wire, RESPONSE_ROOM);
	struct filling f = { .w = write_begin(wire, reply.max),
			     .limit = MESSAGE_SIZE - (RESPONSE_ROOM - reply.max) };
	f.w.pos += reply.size;

	int err = fill(&f, transfer);
	if (err == 0 && f.w.full)
		err = -EMSGSIZE;
	if (err != 0)
		return err;

	reply.size = write_size(&f.w);
	reply.count[REPLY_ANSWER] = f.answers;
	reply.authoritative = true;

	bool again = transfer->started;
	transfer->started = true;
	if (!again)
		return (int)exchange_finish(x, &reply);

	/* RFC 8945 5.3.1: later messages are signed over the MAC before and the time */
	struct tsig tsig = x->tsig;
	x->tsig.present = false;
	size_t size = exchange_finish(x, &reply);
	x->tsig = tsig;
	err = tsig.present ? tsig_sign_next(&x->tsig, wire, &size, RESPONSE_ROOM) : 0;
	return err == 0 ? (int)size : err;
}

bool transfer_is_slow(int64_t lasted_ms, uint64_t sent)
{
	return lasted_ms > TRANSFER_GRACE_MS &&
	       sent / (uint64_t)(lasted_ms / 1000) < TRANSFER_RATE_MIN;
}
