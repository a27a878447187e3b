/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signatures (RFC 8945). Requests are verified here, over the octets that came, because libknot
 * takes full MACs only and truncated ones have rules of their own (5.2.2.1); responses are signed
 * by libknot.
 *
 * Our policy on truncation (5.2.4): at least 128 bits of MAC. On time: at most 300 seconds of
 * fudge, whatever the request claims, so that what must be remembered against replays is bounded.
 */
#include "server/tsig.h"

#include <errno.h>
#include <libdnssec/error.h>

#include "base/writer.h"

enum { MAC_POLICY_MIN = 16, MAC_RULE_MIN = 10, TIMERS_SIZE = 8 };

static int add(dnssec_tsig_ctx_t *ctx, const void *data, size_t size)
{
	dnssec_binary_t binary = { .size = size, .data = (uint8_t *)(uintptr_t)data };

	return dnssec_tsig_add(ctx, &binary);
}

/* RFC 8945 4.3.3: the variables that the MAC covers beside the message. */
static size_t write_variables(uint8_t *ret, size_t room, const knot_rrset_t *rr)
{
	knot_dname_storage_t name;
	struct writer w = write_begin(ret, room);
	const knot_dname_t *names[] = { rr->owner, knot_tsig_rdata_alg_name(rr) };
	uint64_t time = knot_tsig_rdata_time_signed(rr);
	uint16_t other = knot_tsig_rdata_other_data_length(rr);

	for (int i = 0; i < 2; i++) {
		knot_dname_copy_lower(name, names[i]);
		write_bytes(&w, name, knot_dname_size(name));
		if (i == 0) {
			write_u16(&w, KNOT_CLASS_ANY);
			write_u32(&w, 0);
		}
	}
	write_u16(&w, (uint16_t)(time >> 32));
	write_u32(&w, (uint32_t)time);
	write_u16(&w, knot_tsig_rdata_fudge(rr));
	write_u16(&w, knot_tsig_rdata_error(rr));
	write_u16(&w, other);
	write_bytes(&w, knot_tsig_rdata_other_data(rr), other);
	return w.full ? 0 : write_size(&w);
}

/* The MAC that the message should have; the header goes in as its signer saw it. */
static int compute(uint8_t mac[TSIG_MAC_MAX], const struct server_key *key,
		   const knot_pkt_t *message)
{
	uint8_t header[KNOT_WIRE_HEADER_SIZE], variables[2 * KNOT_DNAME_MAXLEN + 64];
	size_t size = write_variables(variables, sizeof(variables), message->tsig_rr);
	dnssec_tsig_ctx_t *ctx = NULL;

	if (size == 0)
		return -EMSGSIZE;
	if (dnssec_tsig_new(&ctx, key->tsig.algorithm, &key->tsig.secret) != DNSSEC_EOK)
		return -ENOMEM;

	memcpy(header, message->wire, sizeof(header));
	knot_wire_set_id(header, knot_tsig_rdata_orig_id(message->tsig_rr));

	int err = add(ctx, header, sizeof(header));
	if (err == DNSSEC_EOK)
		err = add(ctx, message->wire + sizeof(header), message->size - sizeof(header));
	if (err == DNSSEC_EOK)
		err = add(ctx, variables, size);
	if (err == DNSSEC_EOK)
		err = dnssec_tsig_write(ctx, mac);
	dnssec_tsig_free(ctx);
	return err == DNSSEC_EOK ? 0 : -EIO;
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

	int err = compute(mac, key, message);
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

size_t tsig_room(const struct tsig *tsig)
{
	if (!tsig->present)
		return 0;
	if (tsig->key != NULL)
		return knot_tsig_wire_size(&tsig->key->tsig) + TIMERS_SIZE;
	return knot_rrset_size(tsig->rr) + TIMERS_SIZE;
}

static int knot_error(int err)
{
	return err == KNOT_EOK ? 0 : err == KNOT_ENOMEM ? -ENOMEM : -EMSGSIZE;
}

int tsig_sign(struct tsig *tsig, uint8_t *wire, size_t *size, size_t max)
{
	uint8_t mac[TSIG_MAC_MAX];
	size_t mac_size = sizeof(mac);

	if (!tsig->present)
		return 0;
	/* 5.3.2: where key or MAC are not good there is nothing to sign with */
	if (tsig->key == NULL || tsig->error == KNOT_RCODE_BADSIG ||
	    tsig->error == KNOT_RCODE_BADKEY)
		return knot_error(knot_tsig_add(wire, size, max, tsig->error, tsig->rr));

	int err = knot_tsig_sign(wire, size, max, tsig->mac, tsig->mac_size, mac, &mac_size,
				 &tsig->key->tsig, tsig->error, tsig->signed_at);
	if (err == KNOT_EOK) {
		memcpy(tsig->mac, mac, mac_size);
		tsig->mac_size = mac_size;
	}
	return knot_error(err);
}

int tsig_sign_next(struct tsig *tsig, uint8_t *wire, size_t *size, size_t max)
{
	uint8_t mac[TSIG_MAC_MAX];
	size_t mac_size = sizeof(mac);

	if (!tsig->present)
		return 0;

	int err = knot_tsig_sign_next(wire, size, max, tsig->mac, tsig->mac_size, mac, &mac_size,
				      &tsig->key->tsig, wire, *size);
	if (err == KNOT_EOK) {
		memcpy(tsig->mac, mac, mac_size);
		tsig->mac_size = mac_size;
	}
	return knot_error(err);
}
