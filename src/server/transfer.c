/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door to transfers: who gets one, and what it is.
 *
 * A client that asks what changed since its version (RFC 1995) gets that, as far as the change log has
 * it and it is less than the zone; else the zone (4), and the SOA alone where it is up to date (2). What changed is
 * read from the log a little at a time, between which others are answered. Over UDP a difference
 * goes out where it fits the datagram, else the SOA alone tells the client to come over TCP (2).
 */
#include "server/transfer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "dns/rdata.h"
#include "server/axfr.h"
#include "server/ixfr.h"
#include "zone/group.h"

struct transfer {
	struct stream stream;
	struct responder *responder; /* whose thread sends it */
	struct store_zone zone;
	bool spread; /* for a client that knows nothing of number ranges */
	enum { DIFFERENCE_COMING, DIFFERENCE, WHOLE } what;
	struct ixfr ixfr;
	struct axfr axfr;

	/* for the log */
	uint32_t from, to;
	int64_t began_ms;
};

/* The serial that the client has (RFC 1995 3); false where it does not say. */
static bool client_serial(const struct exchange *x, uint32_t *ret)
{
	const knot_pktsection_t *section;

	if (x->qtype != KNOT_RRTYPE_IXFR || x->message == NULL)
		return false;
	section = knot_pkt_section(x->message, KNOT_AUTHORITY);
	if (section->count != 1 || knot_pkt_rr(section, 0)->type != KNOT_RRTYPE_SOA)
		return false;

	const knot_rdata_t *rdata = knot_pkt_rr(section, 0)->rrs.rdata;
	if (rdata == NULL || !rdata_valid(KNOT_RRTYPE_SOA, slice_make(rdata->data, rdata->len)))
		return false;
	*ret = rdata_soa_serial(slice_make(rdata->data, rdata->len));
	return true;
}

/* Whether the client has this version already, or a later one (RFC 1995 2, RFC 1982). */
static bool client_is_current(const struct exchange *x, const struct rrset *soa)
{
	struct rrset_record record;
	uint32_t serial;
	size_t pos = 0;

	return client_serial(x, &serial) && rrset_next(soa, &pos, &record) &&
	       rdata_soa_serial(record.rdata) - serial - 1 >= (uint32_t)1 << 31;
}

static int begin_whole(struct transfer *transfer)
{
	ixfr_end(&transfer->ixfr);
	transfer->what = WHOLE;
	return axfr_begin(&transfer->axfr, &transfer->stream, &transfer->zone, transfer->spread);
}

/* Where the difference can't be had, for whatever reason, the zone is. */
static int prepare(struct transfer *transfer)
{
	int more = ixfr_prepare(&transfer->ixfr);

	if (more > 0)
		return -EAGAIN;
	if (more < 0)
		return transfer->stream.x.tcp ? begin_whole(transfer) : -EMSGSIZE;
	transfer->what = DIFFERENCE;
	return 0;
}

static int transfer_fill(struct stream *stream, struct filling *f)
{
	struct transfer *transfer = (struct transfer *)stream;
	int err = transfer->what == DIFFERENCE_COMING ? prepare(transfer) : 0;

	if (err != 0)
		return err;
	return transfer->what == WHOLE ? axfr_fill(&transfer->axfr, stream, f) :
					 ixfr_fill(&transfer->ixfr, stream, f);
}

static const char *kind(const struct transfer *transfer)
{
	if (transfer->what == WHOLE)
		return transfer->stream.x.qtype == KNOT_RRTYPE_IXFR ? "AXFR-for-IXFR" : "AXFR";
	return delta_is_condensed(transfer->ixfr.difference) ? "IXFR-condensed" : "IXFR";
}

static void transfer_sent(struct stream *stream)
{
	const struct transfer *transfer = (struct transfer *)stream;
	struct transfer_sum sum = { .kind = kind(transfer),
				    .from = transfer->from,
				    .to = transfer->to,
				    .records = stream->records,
				    .octets = stream->octets,
				    .ms = clock_monotonic_ms() - transfer->began_ms };

	count_add(&transfer->responder->counts, COUNT_TRANSFER_OUT, 1);
	transfer_log_sent(&transfer->responder->transfer_pace, &stream->x, stream->apex, &sum);
}

static void transfer_free(struct stream *stream)
{
	struct transfer *transfer = (struct transfer *)stream;

	ixfr_end(&transfer->ixfr);
	axfr_end(&transfer->axfr);
	stream_done(stream);
	free(transfer);
}

static int read_zone(struct transfer *transfer)
{
	const struct stream *stream = &transfer->stream;
	struct rrset_record soa;
	int err = store_zone_get(stream->txn, stream->apex, &transfer->zone);

	if (err == 0)
		err = apex_soa_get(stream->txn, &transfer->zone, stream->apex, &soa);
	if (err == 0)
		transfer->to = rdata_soa_serial(soa.rdata);
	return err;
}

static int begin(struct transfer *transfer, const struct exchange *x)
{
	int err = read_zone(transfer);

	if (err != 0)
		return err;
	if (!client_serial(x, &transfer->from) ||
	    ixfr_begin(&transfer->ixfr, &transfer->stream, &transfer->zone, transfer->from,
		       transfer->spread) != 0)
		return begin_whole(transfer);
	return 0;
}

static int transfer_new(struct stream **ret, struct responder *r, const struct zone *zone,
			const struct exchange *x)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	if (transfer == NULL)
		return -ENOMEM;

	struct stream *stream = &transfer->stream;
	stream->fill = transfer_fill;
	stream->sent = transfer_sent;
	stream->free = transfer_free;
	transfer->responder = r;
	transfer->spread = zone->number_ranges && x->ranges == RANGES_NOT_ASKED;
	transfer->began_ms = clock_monotonic_ms();

	int err = stream_init(stream, r, zone, x);
	if (err == 0)
		err = begin(transfer, x);
	if (err == 0 && !x->tcp && transfer->what == WHOLE)
		err = -EMSGSIZE;
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
		transfer_log_refused(&r->transfer_pace, x, zone->apex, refusal);
		return refuse(x, KNOT_RCODE_REFUSED, refusal);
	}
	if (!zone_view_soa(&r->view, zone, &soa))
		return refuse(x, KNOT_RCODE_SERVFAIL, "the zone can't be read");
	if (client_is_current(x, &soa))
		return RESPONSE_READY;

	int err = transfer_new(ret, r, zone, x);
	if (err == 0)
		return RESPONSE_STREAM;
	if (!x->tcp)
		return RESPONSE_READY;
	transfer_log_refused(&r->transfer_pace, x, zone->apex, strerror(-err));
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
