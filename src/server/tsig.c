/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signatures (RFC 8945) over the octets of messages, with libdnssec's HMAC. libknot has functions
 * for all of it, but takes full MACs only, where truncated ones have rules of their own (5.2.2.1),
 * and can say no error but BADTIME in a signed response (5.3.2).
 *
 * Our policy on truncation (5.2.4): at least 128 bits of MAC. On time: at most 300 seconds of
 * fudge, whatever the request claims, so that what must be remembered against replays is bounded.
 */
#include "server/tsig.h"

#include <errno.h>
#include <libdnssec/error.h>

#include "base/clock.h"
#include "base/writer.h"

enum {
	MAC_POLICY_MIN = 16,
	MAC_RULE_MIN = 10,
	SERVER_TIME_SIZE = 6,
	RECORD_FIXED = 26, /* octets of a TSIG record beside names, MAC and other data */
	VARIABLES_MAX = 2 * KNOT_DNAME_MAXLEN + 512,
};

/* The fields of a TSIG record (RFC 8945 4.2), without its MAC. */
struct fields {
	const knot_dname_t *key;
	const knot_dname_t *algorithm;
	uint64_t time;
	uint16_t fudge;
	uint16_t original_id;
	uint16_t error;
	struct slice other;
};

static void write_time(struct writer *w, uint64_t time)
{
	write_u16(w, (uint16_t)(time >> 32));
	write_u32(w, (uint32_t)time);
}

static void write_lower(struct writer *w, const knot_dname_t *name)
{
	knot_dname_storage_t lower;

	knot_dname_copy_lower(lower, name);
	write_bytes(w, lower, knot_dname_size(lower));
}

/* RFC 8945 4.3.3: the variables that the MAC covers beside the message. */
static void write_variables(struct writer *w, const struct fields *f)
{
	write_lower(w, f->key);
	write_u16(w, KNOT_CLASS_ANY);
	write_u32(w, 0);
	write_lower(w, f->algorithm);
	write_time(w, f->time);
	write_u16(w, f->fudge);
	write_u16(w, f->error);
	write_u16(w, (uint16_t)f->other.size);
	write_bytes(w, f->other.data, f->other.size);
}

/* The MAC over the parts, one after another. */
static int compute(uint8_t mac[TSIG_MAC_MAX], const struct server_key *key,
		   const struct slice *part, size_t count)
{
	dnssec_tsig_ctx_t *ctx = NULL;
	int err = dnssec_tsig_new(&ctx, key->tsig.algorithm, &key->tsig.secret);

	if (err != DNSSEC_EOK)
		return -ENOMEM;
	for (size_t i = 0; err == DNSSEC_EOK && i < count; i++) {
		dnssec_binary_t binary = { .size = part[i].size,
					   .data = (uint8_t *)(uintptr_t)part[i].data };

		err = dnssec_tsig_add(ctx, &binary);
	}
	if (err == DNSSEC_EOK)
		err = dnssec_tsig_write(ctx, mac);
	dnssec_tsig_free(ctx);
	return err == DNSSEC_EOK ? 0 : -EIO;
}

/* The MAC that a request should have; the header goes in as its signer saw it. */
static int compute_request(uint8_t mac[TSIG_MAC_MAX], const struct server_key *key,
			   const knot_pkt_t *message)
{
	const knot_rrset_t *rr = message->tsig_rr;
	struct fields fields = {
		.key = rr->owner,
		.algorithm = knot_tsig_rdata_alg_name(rr),
		.time = knot_tsig_rdata_time_signed(rr),
		.fudge = knot_tsig_rdata_fudge(rr),
		.error = knot_tsig_rdata_error(rr),
		.other = slice_make(knot_tsig_rdata_other_data(rr),
				    knot_tsig_rdata_other_data_length(rr)),
	};
	uint8_t header[KNOT_WIRE_HEADER_SIZE], variables[VARIABLES_MAX];
	struct writer w = write_begin(variables, sizeof(variables));

	write_variables(&w, &fields);
	if (w.full)
		return -EMSGSIZE;
	memcpy(header, message->wire, sizeof(header));
	knot_wire_set_id(header, knot_tsig_rdata_orig_id(rr));

	struct slice parts[] = {
		slice_make(header, sizeof(header)),
		slice_make(message->wire + sizeof(header), message->size - sizeof(header)),
		slice_make(variables, write_size(&w)),
	};
	return compute(mac, key, parts, 3);
}

/* In a time that does not tell where they differ. */
static bool mac_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}

static bool time_is_good(const struct tsig *tsig, uint64_t now)
{
	uint64_t fudge = knot_tsig_rdata_fudge(tsig->rr);
	uint64_t off = now > tsig->signed_at ? now - tsig->signed_at : tsig->signed_at - now;

	return off <= (fudge < TSIG_FUDGE_MAX ? fudge : TSIG_FUDGE_MAX);
}

static uint8_t not_good(struct tsig *tsig, uint16_t error)
{
	tsig->error = error;
	return KNOT_RCODE_NOTAUTH;
}

/* RFC 8945 5.2: key, MAC, time, truncation, in this order. */
uint8_t tsig_verify(struct tsig *ret, const struct state *state, knot_pkt_t *message, uint64_t now)
{
	const knot_rrset_t *rr = message->tsig_rr;
	uint8_t mac[TSIG_MAC_MAX];

	*ret = (struct tsig){ .present = rr != NULL, .rr = rr };
	if (rr == NULL)
		return KNOT_RCODE_NOERROR;
	if (!knot_tsig_rdata_is_ok(rr)) {
		ret->present = false;
		return KNOT_RCODE_FORMERR;
	}

	dnssec_tsig_algorithm_t algorithm = knot_tsig_rdata_alg(rr);
	size_t full = algorithm != DNSSEC_TSIG_UNKNOWN ? dnssec_tsig_algorithm_size(algorithm) : 0;
	size_t size = knot_tsig_rdata_mac_length(rr);
	const struct server_key *key = state_key_find(state, rr->owner);

	ret->signed_at = knot_tsig_rdata_time_signed(rr);
	if (key == NULL || key->tsig.algorithm != algorithm)
		return not_good(ret, KNOT_RCODE_BADKEY);
	ret->key = key;

	/* 5.2.2.1: shorter than ten octets or half the hash, or longer than the hash: FORMERR */
	if (size > full || size < MAC_RULE_MIN || size < full / 2) {
		ret->present = false;
		return KNOT_RCODE_FORMERR;
	}
	memcpy(ret->mac, knot_tsig_rdata_mac(rr), size);
	ret->mac_size = size;

	int err = compute_request(mac, key, message);
	if (err != 0) {
		ret->present = false;
		return KNOT_RCODE_SERVFAIL;
	}
	if (!mac_equal(mac, ret->mac, size))
		return not_good(ret, KNOT_RCODE_BADSIG);
	if (!time_is_good(ret, now))
		return not_good(ret, KNOT_RCODE_BADTIME);
	if (size < full && size < MAC_POLICY_MIN)
		return not_good(ret, KNOT_RCODE_BADTRUNC);
	return KNOT_RCODE_NOERROR;
}

static bool is_unsigned_error(const struct tsig *tsig)
{
	/* 5.3.2: where key or MAC are not good there is nothing to sign with */
	return tsig->key == NULL || tsig->error == KNOT_RCODE_BADSIG ||
	       tsig->error == KNOT_RCODE_BADKEY;
}

static const knot_dname_t *algorithm_name(const struct tsig *tsig)
{
	return tsig->key != NULL ? dnssec_tsig_algorithm_to_dname(tsig->key->tsig.algorithm) :
				   knot_tsig_rdata_alg_name(tsig->rr);
}

size_t tsig_room(const struct tsig *tsig)
{
	if (!tsig->present)
		return 0;
	return knot_dname_size(tsig->key != NULL ? tsig->key->tsig.name : tsig->rr->owner) +
	       knot_dname_size(algorithm_name(tsig)) + RECORD_FIXED + TSIG_MAC_MAX +
	       SERVER_TIME_SIZE;
}

/* Adds the record to the message and counts it. */
static int add_record(uint8_t *wire, size_t *size, size_t max, const struct fields *f,
		      struct slice mac)
{
	struct writer w = write_begin(wire + *size, max - *size);

	write_bytes(&w, f->key, knot_dname_size(f->key));
	write_u16(&w, KNOT_RRTYPE_TSIG);
	write_u16(&w, KNOT_CLASS_ANY);
	write_u32(&w, 0);

	uint8_t *length = w.pos;
	write_u16(&w, 0);
	write_bytes(&w, f->algorithm, knot_dname_size(f->algorithm));
	write_time(&w, f->time);
	write_u16(&w, f->fudge);
	write_u16(&w, (uint16_t)mac.size);
	write_bytes(&w, mac.data, mac.size);
	write_u16(&w, f->original_id);
	write_u16(&w, f->error);
	write_u16(&w, (uint16_t)f->other.size);
	write_bytes(&w, f->other.data, f->other.size);
	if (w.full)
		return -EMSGSIZE;
	put_u16(length, (uint16_t)(w.pos - length - 2));
	knot_wire_set_arcount(wire, (uint16_t)(knot_wire_get_arcount(wire) + 1));
	*size += write_size(&w);
	return 0;
}

/* The MAC before, with its length in front (RFC 8945 4.3.1). */
static struct slice write_last_mac(uint8_t *ret, const struct tsig *tsig)
{
	put_u16(ret, (uint16_t)tsig->mac_size);
	memcpy(ret + 2, tsig->mac, tsig->mac_size);
	return slice_make(ret, tsig->mac_size + 2);
}

/* Signs with the variables in w, and remembers the MAC for the next message. */
static int sign(struct tsig *tsig, uint8_t *wire, size_t *size, size_t max, const struct fields *f,
		const struct writer *w)
{
	uint8_t last[2 + TSIG_MAC_MAX], mac[TSIG_MAC_MAX];
	struct slice parts[] = { write_last_mac(last, tsig), slice_make(wire, *size),
				 slice_make(w->start, write_size(w)) };
	int err = w->full ? -EMSGSIZE : compute(mac, tsig->key, parts, 3);

	if (err != 0)
		return err;
	tsig->mac_size = dnssec_tsig_algorithm_size(tsig->key->tsig.algorithm);
	memcpy(tsig->mac, mac, tsig->mac_size);
	return add_record(wire, size, max, f, slice_make(mac, tsig->mac_size));
}

int tsig_sign(struct tsig *tsig, uint8_t *wire, size_t *size, size_t max)
{
	uint8_t variables[VARIABLES_MAX], server_time[SERVER_TIME_SIZE];
	struct writer w = write_begin(server_time, sizeof(server_time));
	struct fields fields = { .algorithm = algorithm_name(tsig),
				 .time = clock_wall_s(),
				 .fudge = TSIG_FUDGE_MAX,
				 .original_id = get_u16(wire),
				 .error = tsig->error };

	if (is_unsigned_error(tsig)) {
		fields.key = tsig->rr->owner;
		fields.time = tsig->signed_at;
		return add_record(wire, size, max, &fields, (struct slice){ 0 });
	}
	fields.key = tsig->key->tsig.name;
	if (tsig->error == KNOT_RCODE_BADTIME) {
		/* 5.2.3: the time of the request, and ours as other data */
		write_time(&w, fields.time);
		fields.other = slice_make(server_time, sizeof(server_time));
		fields.time = tsig->signed_at;
	}
	w = write_begin(variables, sizeof(variables));
	write_variables(&w, &fields);
	return sign(tsig, wire, size, max, &fields, &w);
}

int tsig_sign_next(struct tsig *tsig, uint8_t *wire, size_t *size, size_t max)
{
	uint8_t timers[SERVER_TIME_SIZE + 2];
	struct writer w = write_begin(timers, sizeof(timers));
	struct fields fields = { .key = tsig->key->tsig.name,
				 .algorithm = algorithm_name(tsig),
				 .time = clock_wall_s(),
				 .fudge = TSIG_FUDGE_MAX,
				 .original_id = get_u16(wire) };

	write_time(&w, fields.time);
	write_u16(&w, fields.fudge);
	return sign(tsig, wire, size, max, &fields, &w);
}
