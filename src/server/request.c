/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From request to response, without sockets. The life of a query: exchange_read() looks at header,
 * question and OPT; answer_find() puts the records in; exchange_finish() ends the message. What is
 * not a plain query goes to its own door: update.c, transfer.c.
 */
#include "server/request.h"

#include "dns/audit.h"
#include "dns/rdata.h"
#include "server/audit.h"
#include "server/chaos.h"
#include "server/notify_in.h"
#include "server/transfer.h"
#include "server/update.h"
#include "server/verify.h"

int responder_init(struct responder *r, struct store *store, const struct state *state)
{
	*r = (struct responder){ .store = store,
				 .state = state,
				 .refused.what = "requests refused",
				 .forgers.what = "too many bad signatures" };
	int err = zone_view_init(&r->view, store, state->zones);
	if (err != 0)
		return err;
	err = rate_new(&r->bad_signatures);
	if (err == 0)
		err = limit_use(&r->limit, state->conf);
	if (err != 0)
		responder_done(r);
	return err;
}

int responder_use(struct responder *r, const struct state *state)
{
	int err = limit_use(&r->limit, state->conf);

	if (err == 0)
		err = zone_view_use(&r->view, state->zones);
	if (err == 0)
		r->state = state;
	return err;
}

void responder_done(struct responder *r)
{
	zone_view_done(&r->view);
	limit_done(&r->limit);
	rate_free(r->bad_signatures);
	arena_done(&r->arena);
	job_pool_done(&r->jobs);
}

size_t response_room(const struct exchange *x)
{
	if (x->tcp)
		return RESPONSE_ROOM;
	return x->payload < x->own_payload ? x->payload : x->own_payload;
}

static enum response finish(struct exchange *x, struct reply *reply, size_t *size)
{
	*size = exchange_finish(x, reply);
	return *size > 0 ? RESPONSE_READY : RESPONSE_NONE;
}

/* A response without records. */
static enum response fail(struct exchange *x, uint8_t *wire, size_t *size)
{
	struct reply reply;

	exchange_reply(x, &reply, wire, response_room(x));
	return finish(x, &reply, size);
}

/* Types that ask for something other than records of one name (RFC 6895 3.1). */
static bool is_question_only(uint16_t type)
{
	return type != 0 && type != KNOT_RRTYPE_ANY && rdata_is_meta(type);
}

static enum response answer_query(struct responder *r, struct request *request, uint8_t *wire,
				  size_t *size)
{
	struct exchange *x = &request->exchange;
	const struct zone *zone = request->question.zone;
	struct reply reply;

	if (x->qclass != KNOT_CLASS_IN) {
		exchange_reply(x, &reply, wire, response_room(x));
		x->rcode = x->qclass == KNOT_CLASS_CH ? chaos_answer(x, r->state->conf, &reply) :
							KNOT_RCODE_REFUSED;
		return finish(x, &reply, size);
	}
	if (is_question_only(x->qtype)) {
		x->rcode = KNOT_RCODE_NOTIMPL;
		return fail(x, wire, size);
	}
	exchange_reply(x, &reply, wire, response_room(x));
	/* what the wildcards of the question's zone mean; of no zone there is nothing to say */
	if (x->ranges != RANGES_NOT_ASKED && zone != NULL)
		x->ranges = zone->number_ranges ? RANGES_NUMBERS : RANGES_PLAIN;
	x->rcode = answer_find(&r->view, &request->question, &reply);
	if (x->qtype != KNOT_RRTYPE_ANY) /* RFC 8482 1: there is no more to it than one set */
		answer_additional(&r->view, &reply);
	return finish(x, &reply, size);
}

/* A stream as one datagram; false where it does not fit one. */
static bool answer_datagram(struct stream *stream, uint8_t *wire, size_t *size)
{
	int whole = stream_next(stream, wire);
	bool fits = whole > 0 && stream->ended;

	if (fits) {
		stream_next(stream, wire);
		*size = (size_t)whole;
	}
	stream_free(stream);
	return fits;
}

static enum response answer_transfer(struct responder *r, struct exchange *x, uint8_t *wire,
				     size_t *size, struct stream **stream)
{
	struct stream *made;
	enum response response = transfer_begin(&made, r, x);
	struct reply reply;

	if (response == RESPONSE_STREAM && x->tcp) {
		*stream = made;
		return response;
	}
	if (response == RESPONSE_STREAM && answer_datagram(made, wire, size))
		return RESPONSE_READY;
	if (x->rcode != KNOT_RCODE_NOERROR)
		count_add(&r->counts, COUNT_TRANSFER_OUT_REFUSED, 1);
	exchange_reply(x, &reply, wire, response_room(x));
	if (x->rcode == KNOT_RCODE_NOERROR)
		transfer_soa(r, &reply);
	return finish(x, &reply, size);
}

/*
 * RFC 1996 4.7: the response is the request's header and question. A primary of many zones may say a lot at
 * once, so that only what is refused counts for the limit on responses.
 */
static enum response take_notify(struct responder *r, struct request *request, uint8_t *wire,
				 size_t *size)
{
	struct exchange *x = &request->exchange;
	struct reply reply;

	*size = 0;
	if (request->read != EXCHANGE_BROKEN)
		notify_take(r, x);
	if (x->rcode != KNOT_RCODE_NOERROR &&
	    limit_judge(&r->limit, r->state->conf, x, r->now_ms) != LIMIT_SEND) {
		count_add(&r->counts, COUNT_LIMITED_DROPPED, 1);
		return RESPONSE_NONE;
	}
	exchange_reply(x, &reply, wire, response_room(x));
	reply.authoritative = x->rcode == KNOT_RCODE_NOERROR;
	return finish(x, &reply, size);
}

static enum response answer_audit(struct responder *r, struct exchange *x, uint8_t *wire,
				  size_t *size, struct stream **stream)
{
	enum response response = audit_begin(stream, r, x);

	return response == RESPONSE_READY ? fail(x, wire, size) : response;
}

/* What we take over UDP and send at most: no more than passes where the request came in. */
static uint16_t own_payload(const struct responder *r, const struct origin *origin)
{
	unsigned own = r->state->conf->udp_max_payload;

	if (origin->payload_max != 0 && origin->payload_max < own)
		own = origin->payload_max;
	return (uint16_t)own;
}

static bool is_transfer(const struct exchange *x)
{
	return x->qtype == KNOT_RRTYPE_AXFR || x->qtype == KNOT_RRTYPE_IXFR;
}

static bool is_audit(const struct exchange *x)
{
	return x->qtype == AUDIT_TYPE && x->audit.data != NULL;
}

/* Updates and NOTIFY are limited once they are refused: see update_receive() and take_notify(). */
static enum exchange_read hold_back(struct responder *r, struct exchange *x,
				    enum exchange_read read)
{
	if (read == EXCHANGE_SILENCE)
		count_add(&r->counts, COUNT_REQUEST_IGNORED, 1);
	if (read == EXCHANGE_SILENCE || x->opcode == KNOT_OPCODE_UPDATE ||
	    x->opcode == KNOT_OPCODE_NOTIFY)
		return read;
	switch (limit_judge(&r->limit, r->state->conf, x, r->now_ms)) {
	case LIMIT_SEND:
		break;
	case LIMIT_SHORT:
		count_add(&r->counts, COUNT_LIMITED_SHORT, 1);
		x->cut = true;
		if (x->tsig.error == 0) /* which RFC 8945 5.2 wants NOTAUTH beside */
			x->rcode = KNOT_RCODE_NOERROR;
		return EXCHANGE_BROKEN;
	case LIMIT_NOTHING:
		count_add(&r->counts, COUNT_LIMITED_DROPPED, 1);
		return EXCHANGE_SILENCE;
	}
	return read;
}

void request_read(struct responder *r, struct request *request, const struct origin *origin,
		  struct slice octets)
{
	struct exchange *x = &request->exchange;

	request->origin = origin;
	x->wire = octets.data;
	x->size = octets.size;
	x->peer = (const struct sockaddr *)&origin->peer;
	x->tcp = origin->connection != NULL;
	x->tls = origin->tls;
	x->own_payload = own_payload(r, origin);
	x->cookies = &r->state->cookies;
	x->identity = r->state->conf->identity;
	request->read = exchange_read(x);
	if (request->read != EXCHANGE_PARTLY) /* whose cookie is not known yet */
		request->read = hold_back(r, x, request->read);
	request->plain = (request->read == EXCHANGE_WHOLE || request->read == EXCHANGE_PARTLY) &&
			 x->opcode == KNOT_OPCODE_QUERY;
	if (request->plain)
		answer_prepare(&r->view, x->wire + KNOT_WIRE_HEADER_SIZE, x->qtype,
			       &request->question);
}

void request_prefetch(struct responder *r, struct request *request, size_t count)
{
	struct question *question[STORE_AIMS_MAX];

	for (size_t i = 0; i < count;) {
		size_t questions = 0;

		for (; i < count && questions < STORE_AIMS_MAX; i++)
			if (request[i].plain)
				question[questions++] = &request[i].question;
		answer_prefetch(&r->view, question, questions);
	}
}

/* The first of the two rows of the transport that a request came by. */
static enum count transport_row(const struct origin *origin)
{
	if (origin->connection != NULL)
		return origin->tls != EXCHANGE_PLAIN ? COUNT_QUERY_TLS : COUNT_QUERY_TCP;
	return origin->xdp != NULL ? COUNT_QUERY_XDP : COUNT_QUERY_UDP;
}

/* Counts a request that was answered, and is no update. */
static void count_request(struct responder *r, const struct request *request,
			  enum response response, const uint8_t *wire)
{
	const struct exchange *x = &request->exchange;
	struct counts *counts = &r->counts;

	if (x->opcode != KNOT_OPCODE_QUERY) {
		count_add(counts, COUNT_REQUEST_OPCODE, 1);
		return;
	}
	counts->untimed++;
	count_add(counts, transport_row(request->origin) + (x->peer->sa_family == AF_INET6), 1);
	count_add(counts, count_of_type(x->qtype), 1);
	if (x->rcode == KNOT_RCODE_FORMERR && request->read == EXCHANGE_BROKEN)
		count_add(counts, COUNT_REQUEST_MALFORMED, 1);
	if (response == RESPONSE_NONE)
		return;
	count_add(counts, count_of_rcode(COUNT_RCODE_NOERROR, x->rcode), 1);
	if (response == RESPONSE_READY && knot_wire_get_tc(wire) != 0)
		count_add(counts, COUNT_TRUNCATED, 1);
}

enum response request_reply(struct responder *r, struct request *request, uint8_t *wire,
			    size_t *size, struct stream **stream)
{
	struct exchange *x = &request->exchange;

	if (request->read == EXCHANGE_PARTLY && x->opcode == KNOT_OPCODE_UPDATE)
		return update_receive(r, request->origin, x, wire, size);
	if (request->read == EXCHANGE_PARTLY)
		request->read = hold_back(r, x, verify_request(r, x, &r->arena));

	enum response response;
	if (request->read == EXCHANGE_SILENCE)
		response = RESPONSE_NONE;
	else if (x->opcode == KNOT_OPCODE_NOTIFY)
		response = take_notify(r, request, wire, size);
	else if (request->read == EXCHANGE_BROKEN)
		response = fail(x, wire, size);
	else if (is_transfer(x))
		response = answer_transfer(r, x, wire, size, stream);
	else if (is_audit(x))
		response = answer_audit(r, x, wire, size, stream);
	else
		response = answer_query(r, request, wire, size);
	if (request->read != EXCHANGE_SILENCE)
		count_request(r, request, response, wire);
	if (x->message != NULL)
		arena_reset(&r->arena);
	return response;
}

enum response request_answer(struct responder *r, const struct origin *origin, struct slice request,
			     uint8_t *wire, size_t *size, struct stream **stream)
{
	struct request one;

	request_read(r, &one, origin, request);
	return request_reply(r, &one, wire, size, stream);
}

size_t request_finish(struct job *job, uint8_t *wire)
{
	struct reply reply;
	size_t room = response_room(&job->exchange);

	/*
	 * RFC 2136 6: a response that is the primary's goes on as it is, or not at all. It may be of any size, whatever
	 * the client says that it takes.
	 */
	if (job->response.size > 0) {
		memcpy(wire, job->response.data, job->response.size);
		return job->response.size <= room ? job->response.size : 0;
	}
	/* An update's response needs no room for records, so the least that any client takes does. */
	exchange_reply(&job->exchange, &reply, wire, room);
	return exchange_finish(&job->exchange, &reply);
}
