/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The order of records in a transfer. AXFR (RFC 5936 2.2): the SOA, everything else, the same SOA
 * again. IXFR (RFC 1995 4): the newest SOA first. "If the first RR is the only one" the client has what there
 * is; if the second is the SOA of the client's version, differences follow, each of the SOA of before with what
 * goes and the SOA of after with what comes; else it is a zone as AXFR has it. The newest SOA again ends all.
 *
 * Whether a lone SOA is all cannot be seen at the end of a message, since a server may put one record into
 * each. It is seen by the serial: a server that has nothing newer has nothing more to say.
 */
#include "client/sequence.h"

#include <errno.h>

#include "dns/rdata.h"
#include "dns/serial.h"

static int refuse(const char **why, const char *what)
{
	*why = what;
	return -EBADMSG;
}

static int take_first(struct sequence *s, const struct record *r, const char **why)
{
	if (r->type != KNOT_RRTYPE_SOA)
		return refuse(why, "does not start with the SOA record");
	if (r->rdata.size > sizeof(s->soa))
		return refuse(why, "has a SOA record that is none");
	s->begun = true;
	s->serial = rdata_soa_serial(r->rdata);
	s->soa_ttl = r->ttl;
	s->soa_size = r->rdata.size;
	memcpy(s->soa, r->rdata.data, r->rdata.size);
	if (s->since && !serial_after(s->serial, s->have)) {
		s->form = SEQUENCE_CURRENT;
		s->over = true;
	}
	return 0;
}

/* The zone's first record, which had to wait until it was known to be that. */
static int hand_on_first(struct sequence *s)
{
	const struct record soa = {
		.owner = s->zone,
		.type = KNOT_RRTYPE_SOA,
		.rclass = KNOT_CLASS_IN,
		.ttl = s->soa_ttl,
		.rdata = slice_make(s->soa, s->soa_size),
	};

	return s->record(&soa, SEQUENCE_ZONE, s->arg);
}

static int take_zone(struct sequence *s, const struct record *r, const char **why)
{
	if (r->type != KNOT_RRTYPE_SOA)
		return s->record(r, SEQUENCE_ZONE, s->arg);
	if (rdata_soa_serial(r->rdata) != s->serial)
		return refuse(why, "ends with another serial than it began with");
	s->over = true;
	return 0;
}

/* A SOA record among differences: where one half ends and the next begins. */
static int take_border(struct sequence *s, const struct record *r, const char **why)
{
	uint32_t serial = rdata_soa_serial(r->rdata);

	if (s->removing) {
		if (!serial_after(serial, s->at) || serial_after(serial, s->serial))
			return refuse(why, "has differences that do not lead to the newest serial");
		s->at = serial;
		s->removing = false;
		return s->record(r, SEQUENCE_ADDED, s->arg);
	}
	if (serial != s->at)
		return refuse(why, "has a gap between its differences");
	if (serial == s->serial) {
		s->over = true;
		return 0;
	}
	s->removing = true;
	return s->record(r, SEQUENCE_REMOVED, s->arg);
}

static int take_difference(struct sequence *s, const struct record *r, const char **why)
{
	if (r->type == KNOT_RRTYPE_SOA)
		return take_border(s, r, why);
	return s->record(r, s->removing ? SEQUENCE_REMOVED : SEQUENCE_ADDED, s->arg);
}

static int take_second(struct sequence *s, const struct record *r, const char **why)
{
	bool soa = r->type == KNOT_RRTYPE_SOA;

	if (s->since && soa && rdata_soa_serial(r->rdata) == s->have) {
		s->form = SEQUENCE_DIFFERENCES;
		s->at = s->have;
		return take_border(s, r, why);
	}
	if (s->since && soa && rdata_soa_serial(r->rdata) != s->serial)
		return refuse(why, "has differences from another serial than was asked for");
	s->form = SEQUENCE_WHOLE;

	int err = hand_on_first(s);
	return err == 0 ? take_zone(s, r, why) : err;
}

int sequence_take(struct sequence *s, const struct record *r, const char **why)
{
	if (s->over)
		return refuse(why, "goes on after its end");
	if (r->type == KNOT_RRTYPE_SOA) {
		if (!knot_dname_is_case_equal(r->owner, s->zone))
			return refuse(why, "has the SOA record of another zone");
		if (!rdata_valid(KNOT_RRTYPE_SOA, r->rdata))
			return refuse(why, "has a SOA record that is none");
	}
	if (!s->begun)
		return take_first(s, r, why);
	switch (s->form) {
	case SEQUENCE_DIFFERENCES:
		return take_difference(s, r, why);
	case SEQUENCE_WHOLE:
		return take_zone(s, r, why);
	default:
		return take_second(s, r, why);
	}
}
