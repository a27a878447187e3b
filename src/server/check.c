/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A copy held against its primaries (RFC 1034 4.3.5). They are asked for the SOA in their order, beginning with one
 * that has just said NOTIFY, until one has the same serial or a newer one, which is transferred. One with an older
 * serial is passed over: it has yet to hear of the news itself. Only a copy that has expired takes what there is,
 * since nobody is answered from it anyway; and one whose number ranges were switched on or off, since what it has
 * means something else now.
 */
#include "server/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/rdata.h"
#include "dns/serial.h"
#include "server/transfer_in.h"

enum { TOLD_AGAIN_MS = 3600 * 1000 };

/* Once when it begins, once when it is something else, and every hour. */
static void tell_trouble(const struct copy *copy, struct copy_peer *peer, const char *why)
{
	int64_t now = clock_monotonic_ms();

	if (peer->told != NULL && strcmp(peer->told, why) == 0 &&
	    now - peer->told_ms < TOLD_AGAIN_MS)
		return;
	log_warning("zone %s: primary %s: %s", copy->text, peer->name, why);
	free(peer->told);
	peer->told = strdup(why);
	peer->told_ms = now;
}

static void tell_good(const struct copy *copy, struct copy_peer *peer)
{
	if (peer->told != NULL)
		log_info("zone %s: primary %s is of use again", copy->text, peer->name);
	free(peer->told);
	peer->told = NULL;
}

static bool is_cancelled(const struct check *c)
{
	return atomic_load(c->stopping) || atomic_load(&c->copy->dropped);
}

/* The serial in an answer to a question for the SOA. NULL, or what is wrong with the answer. */
static const char *read_serial(const struct copy *copy, const struct client_answer *answer,
			       uint32_t *ret)
{
	const knot_pktsection_t *section = knot_pkt_section(answer->packet, KNOT_ANSWER);

	if (!knot_wire_get_aa(answer->packet->wire))
		return "it is not authoritative for the zone";
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, i);

		if (rr->type != KNOT_RRTYPE_SOA || rr->rrs.count == 0 ||
		    !knot_dname_is_case_equal(rr->owner, copy->zone.apex))
			continue;

		struct slice rdata = slice_make(rr->rrs.rdata->data, rr->rrs.rdata->len);
		if (!rdata_valid(KNOT_RRTYPE_SOA, rdata))
			break;
		*ret = rdata_soa_serial(rdata);
		return NULL;
	}
	return "it says nothing of the zone's SOA record";
}

static void note_unreachable(struct check *c, const struct copy_peer *peer, int err)
{
	if (err == -ETIMEDOUT)
		unreachable_add(c->unreachable, &peer->address, clock_monotonic_ms());
	else
		unreachable_remove(c->unreachable, &peer->address);
}

/*
 * Asks for the SOA: over UDP, and over TCP where that is lost; at once where it is a catalog, which some
 * primaries show nobody over UDP. 0, or a negative errno that was told.
 */
static int ask_serial(struct check *c, struct copy_peer *peer, uint32_t *ret)
{
	struct client_options options = copy_peer_options(peer);
	struct client_answer answer;
	struct client *client = NULL;
	struct text why = { 0 };
	int err;

	options.tcp = c->copy->zone.consumed;
	do {
		client_free(client);
		err = client_new(&client, &options);
		if (err != 0)
			return err;
		err = client_query(client, &answer, c->copy->zone.apex, KNOT_RRTYPE_SOA);
		options.tcp = !options.tcp;
	} while (err == -ETIMEDOUT && options.tcp && options.tls == NULL);
	note_unreachable(c, peer, err);
	if (err != 0) {
		text_puts(&why, client_fault(client));
	} else if (answer.rcode != KNOT_RCODE_NOERROR) {
		client_refusal(&why, client, &answer);
		err = -EACCES;
	} else {
		const char *wrong = read_serial(c->copy, &answer, ret);

		text_puts(&why, wrong != NULL ? wrong : "");
		err = wrong != NULL ? -EBADMSG : 0;
	}
	client_free(client);
	if (err != 0 && !is_cancelled(c))
		tell_trouble(c->copy, peer, text_get(&why));
	text_done(&why);
	return err;
}

static enum check_verdict transfer(struct check *c, struct copy_peer *peer, bool whole)
{
	struct transfer_in t = { .writer = c->writer,
				 .state = c->state,
				 .stopping = c->stopping,
				 .copy = c->copy,
				 .peer = peer,
				 .whole = whole };
	int err = transfer_in(&t);

	if (err < 0 && !is_cancelled(c))
		tell_trouble(c->copy, peer, t.why != NULL ? t.why : strerror(-err));
	free(t.why);
	if (err != 0 && is_cancelled(c))
		return CHECK_CANCELLED;
	if (err != 0) {
		c->refused += t.refused;
		c->failed += !t.refused;
		return CHECK_USELESS;
	}
	c->serial = t.serial;
	if (t.current)
		return t.serial == c->copy->version.serial ? CHECK_SAME : CHECK_OLDER;
	c->version = t.version;
	return CHECK_FETCHED;
}

static enum check_verdict check_peer(struct check *c, struct copy_peer *peer)
{
	const struct copy_version *version = &c->copy->version;
	bool other_form = version->there && version->ranges != c->copy->zone.number_ranges;
	char why[96];
	uint32_t serial = 0;
	enum check_verdict verdict;

	if (ask_serial(c, peer, &serial) != 0)
		return is_cancelled(c) ? CHECK_CANCELLED : CHECK_USELESS;
	c->serial = serial;
	if (version->there && serial == version->serial && !other_form)
		verdict = CHECK_SAME;
	else if (!version->there || c->expired || other_form)
		verdict = transfer(c, peer, true);
	else if (serial_after(serial, version->serial))
		verdict = transfer(c, peer, false);
	else
		verdict = CHECK_OLDER;
	if (verdict == CHECK_OLDER) {
		snprintf(why, sizeof(why), "its serial %u is older than the copy's %u", serial,
			 version->serial);
		tell_trouble(c->copy, peer, why);
	}
	if (verdict == CHECK_SAME || verdict == CHECK_FETCHED)
		tell_good(c->copy, peer);
	return verdict;
}

void check_primaries(struct check *c)
{
	c->verdict = CHECK_USELESS;
	for (size_t i = 0; i <= c->copy->peer_count; i++) {
		/* the one to begin with is not asked again in its turn */
		size_t index = i == 0 ? c->first - (size_t)1 : i - 1;
		if (i == 0 ? c->first == 0 : index + 1 == c->first)
			continue;

		struct copy_peer *peer = &c->copy->peer[index];
		if (unreachable_skip(c->unreachable, &peer->address, clock_monotonic_ms()))
			continue;
		c->verdict = check_peer(c, peer);
		if (c->verdict == CHECK_SAME || c->verdict == CHECK_FETCHED ||
		    c->verdict == CHECK_CANCELLED)
			return;
	}
}
