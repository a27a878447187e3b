/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What signatures may cost. A MAC takes longer than all else that an unknown sender can make us do, so
 * whoever sends many bad ones is not computed for any more until some time has passed.
 *
 * Addresses can be forged, and nobody shall be shut out in another's name. So a sender whose address is
 * proven, by TCP or by a cookie (RFC 7873), has a budget of its own. A datagram without a cookie is
 * counted with its whole prefix; when that budget is spent, the answer is a truncated one (RFC 7766 5): it costs
 * nothing, is smaller than the request, and leads whoever is really there to TCP.
 */
#include "server/verify.h"

#include "base/log.h"

enum { BAD_PER_SECOND = 1, BAD_AT_ONCE = 100 };

static bool is_proven(const struct exchange *x)
{
	return x->tcp || x->cookie.status == COOKIE_GOOD;
}

static const struct rate_limit *budget_of(const struct exchange *x)
{
	static const struct rate_limit proven = { BAD_PER_SECOND, BAD_AT_ONCE, { 32, 64 } };
	static const struct rate_limit claimed = { BAD_PER_SECOND, BAD_AT_ONCE, { 24, 56 } };

	return is_proven(x) ? &proven : &claimed;
}

static enum exchange_read turn_away(struct responder *r, struct exchange *x)
{
	count_add(&r->counts, COUNT_SIGNATURE_UNREAD, 1);
	if (!is_proven(x))
		x->cut = true;
	/* not NOERROR for an update, whatever its client thinks of TC */
	if (is_proven(x) || x->opcode == KNOT_OPCODE_UPDATE)
		x->rcode = KNOT_RCODE_REFUSED;
	x->why_code = KNOT_EDNS_EDE_PROHIBITED;
	x->why = "too many bad signatures came from there; wait a minute";
	return EXCHANGE_BROKEN;
}

static void charge(struct responder *r, const struct exchange *x)
{
	const struct rate_limit *budget = budget_of(x);
	char prefix[PEER_TEXT_ROOM];

	count_add(&r->counts, COUNT_SIGNATURE_BAD, 1);
	rate_take(r->bad_signatures, budget, x->peer, r->now_ms);
	if (rate_has(r->bad_signatures, budget, x->peer, r->now_ms) ||
	    !log_bound_pass(&r->forgers, r->now_ms))
		return;
	peer_prefix_format(prefix, x->peer, budget->bits);
	log_warning("too many bad signatures: prefix=%s: others from there are not looked at%s",
		    prefix, is_proven(x) ? "" : " unless they come by TCP or with a cookie");
}

enum exchange_read verify_request(struct responder *r, struct exchange *x, struct arena *arena)
{
	enum exchange_read read = exchange_parse(x, arena);

	if (read != EXCHANGE_WHOLE || x->message->tsig_rr == NULL)
		return read;
	if (!rate_has(r->bad_signatures, budget_of(x), x->peer, r->now_ms))
		return turn_away(r, x);
	read = exchange_verify(x, r->state);
	/* BADTIME took a MAC as well, and is what a message gets that somebody recorded and sends again */
	if (x->tsig.error == KNOT_RCODE_BADSIG || x->tsig.error == KNOT_RCODE_BADTIME)
		charge(r, x);
	return read;
}
