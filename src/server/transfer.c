/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Zone transfer out (RFC 5936), record by record from a snapshot.
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
#include "zone/group.h"
#include "zone/range.h"

enum { OWNER_SIZE = 2 }; /* of a record as a node keeps it: a pointer */

enum phase { FIRST_SOA, RECORDS, LAST_SOA, FINISHED };

/* A whole zone on its way out. */
struct transfer {
	struct stream stream;
	struct range_walk *walk;
	enum phase phase;

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

static int transfer_fill(struct stream *stream, struct filling *f);

static void transfer_free(struct stream *stream)
{
	struct transfer *transfer = (struct transfer *)stream;

	range_walk_end(transfer->walk);
	stream_done(stream);
	free(transfer);
}

static int transfer_new(struct stream **ret, struct responder *r, const struct zone *zone,
			const struct exchange *x)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	struct store_zone record;

	if (transfer == NULL)
		return -ENOMEM;

	struct stream *stream = &transfer->stream;
	stream->fill = transfer_fill;
	stream->free = transfer_free;
	int err = stream_init(stream, r, zone, x);
	if (err == 0)
		err = store_zone_get(stream->txn, stream->apex, &record);
	if (err == 0)
		err = range_walk_begin(&transfer->walk, stream->txn, &record, stream->apex,
				       zone->number_ranges && x->ranges == RANGES_NOT_ASKED);
	if (err != 0)
		stream_free(stream);
	else
		*ret = stream;
	return err;
}

static enum response refuse(struct exchange *x, uint16_t rcode, const char *why)
{
	x->rcode = rcode;
	x->why_code = KNOT_EDNS_EDE_PROHIBITED;
	x->why = why;
	return RESPONSE_READY;
}

/*
 * NULL where the client may have the zone, else why not. TLS that is not what RFC 9103 7.1 and 7.2 ask for is
 * good for no transfer at all, while without TLS it is for the rules to say (RFC 9103 11).
 */
const char *transfer_refusal(const struct responder *r, const struct exchange *x,
			     const struct zone *zone)
{
	const struct access *access = &r->state->access[zone->index];

	if (x->tls == EXCHANGE_TLS)
		return "a transfer takes TLS 1.3 and the ALPN token dot";
	if (access_transfer(access, x->tsig.key, x->peer, x->tls == EXCHANGE_TLS_TRANSFERS))
		return NULL;
	if (access_transfer(access, x->tsig.key, x->peer, true))
		return "the rule of this zone allows the transfer over TLS alone";
	return "no rule of this zone allows the transfer";
}

enum response transfer_begin(struct stream **ret, struct responder *r, struct exchange *x)
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

	const char *refusal = transfer_refusal(r, x, zone);
	if (refusal != NULL) {
		log_refusal(x, zone, refusal);
		return refuse(x, KNOT_RCODE_REFUSED, refusal);
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

/* Writes a record of the name at hand; false where it does not fit this message. */
static bool put_record(struct filling *f, const struct transfer *transfer,
		       const struct rrset_record *record)
{
	size_t rest = RRSET_RECORD_HEAD - OWNER_SIZE + record->rdata.size;

	return filling_put(f, transfer->owner, slice_make(record->wire + OWNER_SIZE, rest));
}

static int put_soa(struct filling *f, struct transfer *transfer)
{
	const struct stream *stream = &transfer->stream;
	struct store_zone zone;
	struct node apex;
	struct rrset_record record;
	int err = store_zone_get(stream->txn, stream->apex, &zone);

	if (err == 0)
		err = store_node_get(stream->txn, &zone, stream->apex, &apex);
	if (err != 0)
		return err;
	if (!apex_soa(&apex, &record))
		return -ENOENT;
	memcpy(transfer->owner, stream->apex, stream->apex_size);
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

static int transfer_fill(struct stream *stream, struct filling *f)
{
	struct transfer *transfer = (struct transfer *)stream;
	int done = 1;

	while (done > 0 && transfer->phase != FINISHED) {
		done = transfer->phase == RECORDS ? put_records(f, transfer) : put_soa(f, transfer);
		if (done > 0)
			transfer->phase++;
	}
	return done < 0 ? done : transfer->phase != FINISHED;
}
