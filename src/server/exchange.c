/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests in, responses out (RFC 1035 4.1, RFC 6891). A plain query is a header, one question and
 * perhaps an OPT record; that much is read here, without memory of its own. Whatever holds more,
 * above all a signature, is parsed by libknot.
 */
#include "server/exchange.h"

#include "base/clock.h"
#include "base/reader.h"
#include "dns/audit.h"
#include "dns/option.h"

enum {
	OPT_SIZE = 11,
	EDE_HEAD = OPTION_HEAD + 2,
	PAYLOAD_MIN = 512,
	FLAG_DO = 0x8000,
	PADDING_BLOCK = 468, /* RFC 8467 4.1 */
};

/* The fields that reading fills in; not all octets, as most are those of a signature. */
static void forget(struct exchange *x)
{
	x->opcode = 0;
	x->question_size = KNOT_WIRE_HEADER_SIZE;
	x->qtype = 0;
	x->qclass = 0;
	x->edns = false;
	x->payload = PAYLOAD_MIN;
	x->dnssec = false;
	x->version = 0;
	x->padded = false;
	x->ranges = RANGES_NOT_ASKED;
	x->audit.data = NULL;
	x->cookie.status = COOKIE_ABSENT;
	x->nsid = NULL;
	x->rcode = KNOT_RCODE_NOERROR;
	x->why_code = 0;
	x->why = NULL;
	x->cut = false;
	x->message = NULL;
	x->tsig.present = false;
	x->tsig.error = 0;
	x->tsig.key = NULL;
}

static bool read_question(struct exchange *x)
{
	struct reader r = read_begin(x->wire, x->size);

	read_bytes(&r, KNOT_WIRE_HEADER_SIZE);
	read_name(&r);
	x->qtype = read_u16(&r);
	x->qclass = read_u16(&r);
	if (r.failed)
		return false;
	x->question_size = (size_t)(r.pos - r.start);
	return true;
}

static void take_opt(struct exchange *x, uint16_t payload, uint32_t ttl)
{
	x->edns = true;
	x->payload = payload > PAYLOAD_MIN ? payload : PAYLOAD_MIN;
	x->version = (uint8_t)(ttl >> 16);
	x->dnssec = (ttl & FLAG_DO) != 0;
}

/* The options of an OPT record that mean something here. */
struct options {
	bool ranges, nsid, cookie, padding;
	struct slice cookie_octets; /* of the first one: RFC 7873 5.2, "All others are ignored" */
	struct slice audit;         /* data NULL: there is none */
};

/* false where they are not well formed. */
static bool read_options(struct reader *r, struct options *ret)
{
	*ret = (struct options){ 0 };
	while (!r->failed && read_left(r) > 0) {
		uint16_t code = read_u16(r);
		uint16_t size = read_u16(r);
		struct slice octets = read_bytes(r, size);

		if (code == OPTION_RANGES) {
			ret->ranges = true;
		} else if (code == OPTION_AUDIT) {
			ret->audit = octets;
		} else if (code == KNOT_EDNS_OPTION_NSID) {
			ret->nsid = true;
		} else if (code == KNOT_EDNS_OPTION_PADDING) {
			ret->padding = true;
		} else if (code == KNOT_EDNS_OPTION_COOKIE && !ret->cookie) {
			ret->cookie = true;
			ret->cookie_octets = octets;
		}
	}
	return !r->failed;
}

static void take_options(struct exchange *x, const struct options *options)
{
	/* RFC 7830 6: to pad what everybody can read is a waste */
	x->padded = options->padding && x->tls != EXCHANGE_PLAIN;
	if (options->ranges)
		x->ranges = RANGES_ASKED;
	x->audit = options->audit;
	if (options->nsid)
		x->nsid = x->identity;
	if (options->cookie && x->cookies != NULL && x->cookies->count > 0)
		cookie_read(&x->cookie, x->cookies, options->cookie_octets, x->peer,
			    (uint32_t)clock_wall_s());
}

/* RFC 6891 6.1.1-6.1.3; false where the octets are not one well-formed OPT record. */
static bool read_opt(struct exchange *x)
{
	struct reader r = read_begin(x->wire, x->size);

	read_bytes(&r, x->question_size);

	uint8_t owner = read_u8(&r);
	uint16_t type = read_u16(&r);
	uint16_t payload = read_u16(&r);
	uint32_t ttl = read_u32(&r);
	uint16_t size = read_u16(&r);
	struct reader rest = read_sub(&r, size);
	struct options options;

	if (owner != 0 || type != KNOT_RRTYPE_OPT || !read_options(&rest, &options) ||
	    read_end(&r) != 0)
		return false;
	take_opt(x, payload, ttl);
	take_options(x, &options);
	return true;
}

static enum exchange_read broken(struct exchange *x, uint16_t rcode)
{
	x->rcode = rcode;
	return EXCHANGE_BROKEN;
}

/* What there is to say before anything is looked up, once OPT is read. */
static enum exchange_read judge_opt(struct exchange *x)
{
	if (x->version != 0)
		return broken(x, KNOT_RCODE_BADVERS);
	if (x->cookie.status == COOKIE_MALFORMED) /* RFC 7873 5.2.2 */
		return broken(x, KNOT_RCODE_FORMERR);
	/* RFC 7873 5.2.3, 5.2.4: over TCP the address is proven without, and a signature proves more */
	if (x->tcp || (x->message != NULL && x->message->tsig_rr != NULL))
		return EXCHANGE_WHOLE;
	if ((x->cookie.status == COOKIE_NEW || x->cookie.status == COOKIE_BAD) &&
	    x->cookies->required && x->opcode != KNOT_OPCODE_NOTIFY)
		return broken(x, KNOT_RCODE_BADCOOKIE);
	return EXCHANGE_WHOLE;
}

/* RFC 7873 5.4: a query without a question asks for a cookie, or whether it is still good. */
static bool is_cookie_query(struct exchange *x)
{
	const uint8_t *wire = x->wire;

	return x->opcode == KNOT_OPCODE_QUERY && knot_wire_get_qdcount(wire) == 0 &&
	       knot_wire_get_ancount(wire) == 0 && knot_wire_get_nscount(wire) == 0 &&
	       knot_wire_get_arcount(wire) == 1 && read_opt(x) &&
	       x->cookie.status > COOKIE_MALFORMED && x->version == 0;
}

enum exchange_read exchange_read(struct exchange *x)
{
	const uint8_t *wire = x->wire;

	forget(x);
	if (x->size < KNOT_WIRE_HEADER_SIZE || knot_wire_get_qr(wire) != 0)
		return EXCHANGE_SILENCE;
	x->opcode = knot_wire_get_opcode(wire);
	if (x->opcode != KNOT_OPCODE_QUERY && x->opcode != KNOT_OPCODE_UPDATE &&
	    x->opcode != KNOT_OPCODE_NOTIFY) {
		if (knot_wire_get_qdcount(wire) == 1)
			read_question(x);
		return broken(x, KNOT_RCODE_NOTIMPL);
	}
	if (is_cookie_query(x))
		return broken(x, x->cookie.status == COOKIE_BAD ? KNOT_RCODE_BADCOOKIE :
								  KNOT_RCODE_NOERROR);
	if (knot_wire_get_qdcount(wire) != 1 || !read_question(x))
		return broken(x, KNOT_RCODE_FORMERR);
	if (x->opcode != KNOT_OPCODE_QUERY || knot_wire_get_ancount(wire) != 0 ||
	    knot_wire_get_nscount(wire) != 0)
		return EXCHANGE_PARTLY;

	uint16_t additional = knot_wire_get_arcount(wire);
	if (additional == 0)
		return x->size == x->question_size ? EXCHANGE_WHOLE : broken(x, KNOT_RCODE_FORMERR);
	if (additional > 1 || !read_opt(x))
		return EXCHANGE_PARTLY;
	return judge_opt(x);
}

static void *arena_alloc(void *ctx, size_t size)
{
	return arena_take(ctx, size);
}

static void arena_leave(void *piece)
{
	(void)piece; /* goes with its arena */
}

knot_mm_t exchange_memory(struct arena *arena)
{
	return (knot_mm_t){ .ctx = arena, .alloc = arena_alloc, .free = arena_leave };
}

static enum exchange_read take_parsed_opt(struct exchange *x, const knot_pkt_t *message)
{
	const knot_rrset_t *rr = message->opt_rr;
	const knot_rdata_t *rdata = rr->rrs.count > 0 ? rr->rrs.rdata : NULL;
	struct reader r =
		read_begin(rdata != NULL ? rdata->data : NULL, rdata != NULL ? rdata->len : 0);
	struct options options;

	/* RFC 6891 6.1.2: "MUST be 0 (root domain)" */
	if (*rr->owner != 0 || !read_options(&r, &options))
		return broken(x, KNOT_RCODE_FORMERR);
	take_opt(x, rr->rclass, rr->ttl);
	take_options(x, &options);
	return judge_opt(x);
}

enum exchange_read exchange_parse(struct exchange *x, struct arena *arena)
{
	knot_mm_t *mm = arena_take(arena, sizeof(*mm));
	uint8_t *copy = arena_copy(arena, x->wire, x->size);

	x->tsig = (struct tsig){ 0 };
	if (mm == NULL || copy == NULL)
		return broken(x, KNOT_RCODE_SERVFAIL);
	*mm = exchange_memory(arena);
	x->message = knot_pkt_new(copy, (uint16_t)x->size, mm);
	if (x->message == NULL)
		return broken(x, KNOT_RCODE_SERVFAIL);

	int err = knot_pkt_parse(x->message, KNOT_PF_NOCANON);
	if (err != KNOT_EOK)
		return broken(x, err == KNOT_ENOMEM ? KNOT_RCODE_SERVFAIL : KNOT_RCODE_FORMERR);
	return x->message->opt_rr != NULL ? take_parsed_opt(x, x->message) : EXCHANGE_WHOLE;
}

enum exchange_read exchange_verify(struct exchange *x, const struct state *state)
{
	uint8_t rcode = tsig_verify(&x->tsig, state, x->message, clock_wall_s());
	return rcode == KNOT_RCODE_NOERROR ? EXCHANGE_WHOLE : broken(x, rcode);
}

static size_t why_size(const struct exchange *x)
{
	if (x->why == NULL)
		return 0;

	size_t size = strlen(x->why);
	return EDE_HEAD + (size < EXCHANGE_TEXT_MAX ? size : EXCHANGE_TEXT_MAX);
}

static size_t ranges_size(const struct exchange *x)
{
	return x->ranges != RANGES_NOT_ASKED ? OPTION_HEAD + OPTION_RANGES_SIZE : 0;
}

static size_t cookie_size(const struct exchange *x)
{
	return x->cookie.status > COOKIE_MALFORMED ? OPTION_HEAD + COOKIE_SIZE : 0;
}

static size_t nsid_size(const struct exchange *x)
{
	return x->nsid != NULL ? OPTION_HEAD + strlen(x->nsid) : 0;
}

static size_t opt_size(const struct exchange *x)
{
	return x->edns ? OPT_SIZE + ranges_size(x) + cookie_size(x) + nsid_size(x) : 0;
}

void exchange_reply(struct exchange *x, struct reply *reply, uint8_t *wire, size_t room)
{
	size_t tail = opt_size(x) + tsig_room(&x->tsig);

	if (x->edns && x->question_size + tail + why_size(x) <= room)
		tail += why_size(x);
	else
		x->why = NULL;

	memcpy(wire, x->wire, x->question_size);
	reply->wire = wire;
	reply->size = x->question_size;
	reply->max = room > x->question_size + tail ? room - tail : x->question_size;
	memset(reply->count, 0, sizeof(reply->count));
	reply->truncated = x->cut;
	reply->authoritative = false;
	reply->dnssec = x->dnssec;
	reply->placed_count = 0;
}

/*
 * Octets of padding that bring the message to the next multiple of a block (RFC 8467 4.1), the size of its
 * signature taken for the largest. A message that has no room for it goes without.
 */
static size_t padding_size(const struct exchange *x, size_t size)
{
	size_t whole = size + OPTION_HEAD + tsig_room(&x->tsig);
	size_t padded = (whole + PADDING_BLOCK - 1) / PADDING_BLOCK * PADDING_BLOCK;

	return x->padded && padded <= UINT16_MAX ? OPTION_HEAD + padded - whole : 0;
}

/* size: of the message so far. */
static size_t write_opt(const struct exchange *x, uint8_t *at, size_t size)
{
	size_t why = why_size(x);
	size_t ranges = x->ranges > RANGES_ASKED ? ranges_size(x) : 0;
	size_t cookie = cookie_size(x), nsid = nsid_size(x), all = ranges + why + cookie + nsid;
	size_t padding = padding_size(x, size + OPT_SIZE + all);
	struct writer w = write_begin(at, OPT_SIZE + all + padding);

	write_u8(&w, 0);
	write_u16(&w, KNOT_RRTYPE_OPT);
	write_u16(&w, x->own_payload);
	write_u32(&w, (uint32_t)(x->rcode >> 4) << 24 | (x->dnssec ? FLAG_DO : 0));
	write_u16(&w, (uint16_t)(all + padding));
	if (cookie > 0) {
		write_u16(&w, KNOT_EDNS_OPTION_COOKIE);
		write_u16(&w, COOKIE_SIZE);
		write_bytes(&w, x->cookie.octets, COOKIE_SIZE);
	}
	if (nsid > 0) {
		write_u16(&w, KNOT_EDNS_OPTION_NSID);
		write_u16(&w, (uint16_t)(nsid - OPTION_HEAD));
		write_bytes(&w, x->nsid, nsid - OPTION_HEAD);
	}
	if (ranges > 0) {
		write_u16(&w, OPTION_RANGES);
		write_u16(&w, OPTION_RANGES_SIZE);
		write_u8(&w, x->ranges == RANGES_NUMBERS);
	}
	if (why > 0) {
		write_u16(&w, KNOT_EDNS_OPTION_EDE);
		write_u16(&w, (uint16_t)(why - OPTION_HEAD));
		write_u16(&w, x->why_code);
		write_bytes(&w, x->why, why - EDE_HEAD);
	}
	if (padding > 0) {
		static const uint8_t zeros[PADDING_BLOCK];

		write_u16(&w, KNOT_EDNS_OPTION_PADDING);
		write_u16(&w, (uint16_t)(padding - OPTION_HEAD));
		write_bytes(&w, zeros, padding - OPTION_HEAD);
	}
	return write_size(&w);
}

size_t exchange_finish(struct exchange *x, struct reply *reply)
{
	uint8_t *wire = reply->wire;
	uint16_t additional = reply->count[REPLY_ADDITIONAL];

	if (x->edns) {
		reply->size += write_opt(x, wire + reply->size, reply->size);
		additional++;
	}
	/* QR, opcode and RD as asked; AA, TC; RA and AD clear; CD as asked (RFC 4035 3.1.6) */
	wire[2] = (uint8_t)(0x80 | (x->wire[2] & 0x79) | (reply->authoritative ? 0x04 : 0) |
			    (reply->truncated ? 0x02 : 0));
	wire[3] = (uint8_t)((x->wire[3] & 0x10) | (x->rcode & 0x0f));
	put_u16(wire + 4, x->question_size > KNOT_WIRE_HEADER_SIZE ? 1 : 0);
	put_u16(wire + 6, reply->count[REPLY_ANSWER]);
	put_u16(wire + 8, reply->count[REPLY_AUTHORITY]);
	put_u16(wire + 10, additional);

	size_t size = reply->size;
	if (x->tsig.present &&
	    tsig_sign(&x->tsig, wire, &size, reply->size + tsig_room(&x->tsig)) != 0)
		return 0;
	return size;
}
