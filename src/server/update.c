/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of an update: received here, its signature, rights and form judged by the worker;
 * handed to the writer, which looks at prerequisites, makes the change and commits it together
 * with others that wait; then handed back to the worker, which signs and sends the response.
 */
#include "server/update.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/forward.h"
#include "server/peer.h"
#include "server/queue.h"
#include "server/verify.h"
#include "zone/update.h"

void update_log(struct log_bound *bound, const struct job *job, int64_t now_ms)
{
	if (!log_bound_pass(bound, now_ms))
		return;

	const struct exchange *x = &job->exchange;
	knot_dname_txt_storage_t zone = "?";
	char peer[PEER_TEXT_ROOM];
	/* 16 is BADSIG in a TSIG record, BADVERS elsewhere; all others have one name (RFC 6895 2.3) */
	const knot_lookup_t *rcode =
		x->tsig.error == KNOT_RCODE_BADSIG ?
			knot_lookup_by_id(knot_tsig_rcode_names, x->tsig.error) :
			knot_lookup_by_id(knot_rcode_names,
					  x->tsig.error != 0 ? x->tsig.error : x->rcode);

	peer_format(peer, x->peer);
	if (x->question_size > KNOT_WIRE_HEADER_SIZE)
		knot_dname_to_str(zone, x->wire + KNOT_WIRE_HEADER_SIZE, sizeof(zone));
	log_warning("update refused: zone=%s peer=%s key=%s rcode=%s: %s", zone, peer,
		    x->tsig.key != NULL ? x->tsig.key->id : "-", rcode != NULL ? rcode->name : "?",
		    x->why != NULL ? x->why : "-");
}

static struct job *job_make(struct responder *r, const struct origin *origin,
			    const struct exchange *x)
{
	struct job *job = job_new(&r->jobs);

	if (job == NULL)
		return NULL;
	job->exchange = *x;
	job->origin = *origin;
	job->exchange.peer = (const struct sockaddr *)&job->origin.peer;
	job->exchange.wire = arena_copy(&job->arena, x->wire, x->size);
	job->done = r->done;
	job->arg = r->arg;
	if (job->exchange.wire == NULL) {
		job_keep(&r->jobs, job);
		return NULL;
	}
	return job;
}

static bool deny(struct exchange *x, uint16_t rcode, uint16_t code, const char *why)
{
	x->rcode = rcode;
	x->why_code = code;
	x->why = why;
	return false;
}

/* RFC 8945 5.2: what is wrong with a signature, for people. */
static const char *explain_signature(uint16_t error)
{
	switch (error) {
	case KNOT_RCODE_BADKEY:
		return "no key of this name and algorithm is configured here";
	case KNOT_RCODE_BADSIG:
		return "the signature does not match: is it the same secret on both sides?";
	case KNOT_RCODE_BADTIME:
		return "signed more than 300 seconds away from this server's time: check both clocks";
	case KNOT_RCODE_BADTRUNC:
		return "the signature was cut shorter than 128 bits";
	default:
		return "the message can't be read";
	}
}

/* Of a request that verify_request() gave back as broken. */
static bool explain_broken(struct exchange *x)
{
	if (x->why == NULL && x->rcode != KNOT_RCODE_BADVERS && x->rcode != KNOT_RCODE_BADCOOKIE)
		deny(x, x->rcode, KNOT_EDNS_EDE_OTHER, explain_signature(x->tsig.error));
	return false;
}

/* RFC 2136 3.1: the zone section, and the zone it names. */
static bool check_zone(struct responder *r, struct job *job)
{
	struct exchange *x = &job->exchange;

	if (x->qtype != KNOT_RRTYPE_SOA)
		return deny(x, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_OTHER,
			    "the zone section must name a zone by type SOA");
	if (x->qclass == KNOT_CLASS_IN)
		job->zone = zone_table_find(r->view.table, x->wire + KNOT_WIRE_HEADER_SIZE);
	if (job->zone == NULL)
		return deny(x, KNOT_RCODE_NOTAUTH, KNOT_EDNS_EDE_NOTAUTH,
			    "no zone of this name is served here");
	return true;
}

static bool check_update(struct responder *r, struct job *job)
{
	struct exchange *x = &job->exchange;
	const char *why = NULL;

	if (verify_request(r, x, &job->arena) == EXCHANGE_BROKEN)
		return explain_broken(x);
	if (!check_zone(r, job))
		return false;
	if (!access_update(&r->state->access[job->zone->index], x->tsig.key, x->peer, x->message,
			   &job->arena, &why))
		return deny(x, KNOT_RCODE_REFUSED, KNOT_EDNS_EDE_PROHIBITED, why);

	uint8_t rcode = update_check(&job->arena, job->zone, x->message, &why);
	if (rcode != KNOT_RCODE_NOERROR)
		return deny(x, rcode, KNOT_EDNS_EDE_OTHER, why);
	return true;
}

/* The zone of the update, where it is a copy. */
static bool is_copy(struct responder *r, struct job *job)
{
	const struct exchange *x = &job->exchange;

	if (x->question_size == KNOT_WIRE_HEADER_SIZE || x->qtype != KNOT_RRTYPE_SOA ||
	    x->qclass != KNOT_CLASS_IN)
		return false;
	job->zone = zone_table_find(r->view.table, x->wire + KNOT_WIRE_HEADER_SIZE);
	return job->zone != NULL && job->zone->closed != NULL;
}

static bool deny_copy(struct responder *r, struct job *job)
{
	const struct conf_peer *primary = r->state->conf->zone[job->zone->index].primary;
	char peer[PEER_TEXT_ROOM];

	peer_format(peer, (const struct sockaddr *)&primary->address.socket);

	const char *why = arena_printf(&job->arena, "this is a copy; its primary is %s", peer);
	return deny(&job->exchange, KNOT_RCODE_REFUSED, KNOT_EDNS_EDE_PROHIBITED, why);
}

/*
 * RFC 2136 6: whether an update of a copy goes on to its primary. Its signature is for the primary to judge
 * where the key is not known here; a rule that names a key takes only what is signed with it.
 */
static bool check_forward(struct responder *r, struct job *job)
{
	struct exchange *x = &job->exchange;
	bool broken = verify_request(r, x, &job->arena) == EXCHANGE_BROKEN;

	if (broken && x->tsig.error != KNOT_RCODE_BADKEY)
		return explain_broken(x);
	if (broken) {
		x->rcode = KNOT_RCODE_NOERROR;
		x->tsig = (struct tsig){ 0 };
	}
	if (!access_forward(&r->state->access[job->zone->index], x->tsig.key, x->peer))
		return deny_copy(r, job);
	if (r->forwarder != NULL && forwarder_put(r->forwarder, r->state, job)) {
		count_add(&r->counts, COUNT_FORWARDED, 1);
		return true;
	}
	return deny(x, KNOT_RCODE_SERVFAIL, KNOT_EDNS_EDE_NOT_READY,
		    "too many updates are waiting for the primary; try again");
}

static void count_unforwarded(struct responder *r, const struct exchange *x)
{
	if (x->why_code == KNOT_EDNS_EDE_NOT_READY)
		count_refusal(&r->counts, x->rcode, COUNT_REFUSED_QUEUE);
	else
		count_update(&r->counts, x->rcode, x->tsig.error);
}

static void note_origin(struct job *job)
{
	const struct tsig *tsig = &job->exchange.tsig;

	job->by.peer = job->origin.peer;
	job->by.time = clock_wall_s();
	if (tsig->key == NULL)
		return;
	job->by.key = tsig->key->tsig.name;
	job->by.signed_at = tsig->signed_at;
	/* Every MAC that is let in has these octets, truncated or not. */
	memcpy(&job->by.mac, tsig->mac, sizeof(job->by.mac));
}

enum response update_receive(struct responder *r, const struct origin *origin, struct exchange *x,
			     uint8_t *wire, size_t *size)
{
	struct job *job = job_make(r, origin, x);

	*size = 0;
	if (job == NULL)
		return RESPONSE_NONE;
	if (is_copy(r, job)) {
		if (check_forward(r, job))
			return RESPONSE_LATER;
		count_unforwarded(r, &job->exchange);
	} else if (check_update(r, job)) {
		note_origin(job);
		if (r->queue != NULL && queue_put(r->queue, job))
			return RESPONSE_LATER;
		deny(&job->exchange, KNOT_RCODE_SERVFAIL, KNOT_EDNS_EDE_NOT_READY,
		     r->queue != NULL ? job->exchange.why : "this server takes no updates");
		count_refusal(&r->counts, KNOT_RCODE_SERVFAIL, COUNT_REFUSED_QUEUE);
	} else {
		count_update(&r->counts, job->exchange.rcode, job->exchange.tsig.error);
	}
	update_log(&r->refused, job, r->now_ms);
	if (limit_judge(&r->limit, r->state->conf, &job->exchange, r->now_ms) == LIMIT_SEND)
		*size = request_finish(job, wire);
	else
		count_add(&r->counts, COUNT_LIMITED_DROPPED, 1);
	job_keep(&r->jobs, job);
	return *size > 0 ? RESPONSE_READY : RESPONSE_NONE;
}
