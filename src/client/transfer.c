/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A zone transferred (AXFR, RFC 5936), or how it differs (IXFR, RFC 1995), as a run of TCP messages;
 * sequence.c knows which record is what. Signatures (RFC 8945 5.3.1): the first message and the last are signed, and one
 * in at most a hundred between; each MAC covers the MAC before it and all messages since, so
 * that unsigned messages are kept until the next MAC vouches for them. Records are handed on as
 * they come, which transfer.h says to the caller: a zone of millions need not wait in memory.
 */
#include "client/transfer_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/writer.h"
#include "client/connection.h"
#include "dns/audit.h"

enum {
	UNSIGNED_MAX = 99, /* RFC 8945 5.3.1 */
	GRACE_MS = 60 * 1000,
	RATE_MIN = 8192, /* octets a second, past the grace: what a server of ours gives up at */
	LONGEST_MS = 4 * 3600 * 1000, /* a transfer has an end */
	SOA_SIZE = 2 + 5 * 4,
	AUTHORITY_SIZE = 2 + 2 + 2 + 4 + 2 + SOA_SIZE,
};

static int fail(struct transfer *t, const char *what)
{
	return client_fail(t->client, -EBADMSG, "%s: the transfer %s", t->client->server, what);
}

static int keep_unsigned(struct transfer *t, const knot_pkt_t *packet)
{
	if (t->unsigned_count++ >= UNSIGNED_MAX)
		return client_fail(t->client, -EKEYREJECTED,
				   "%s: more than %d messages of the transfer are not signed",
				   t->client->server, UNSIGNED_MAX);
	text_add(&t->unsigned_octets, packet->wire, packet->size);
	return t->unsigned_octets.failed ? client_fail(t->client, -ENOMEM, "out of memory") : 0;
}

static void remember_mac(struct transfer *t, const knot_rrset_t *tsig)
{
	size_t size = knot_tsig_rdata_mac_length(tsig);

	t->mac_size = size < sizeof(t->mac) ? size : sizeof(t->mac);
	memcpy(t->mac, knot_tsig_rdata_mac(tsig), t->mac_size);
	t->time_signed = knot_tsig_rdata_time_signed(tsig);
	text_reset(&t->unsigned_octets);
	t->unsigned_count = 0;
}

/* The second message and those after it: the MAC covers what came since the last one. */
static int verify_next(struct transfer *t, const knot_pkt_t *packet)
{
	const knot_rrset_t *tsig = packet->tsig_rr;

	if (tsig == NULL || knot_tsig_rdata_mac_length(tsig) == 0)
		return keep_unsigned(t, packet);

	text_add(&t->unsigned_octets, packet->wire, packet->size);
	if (t->unsigned_octets.failed)
		return client_fail(t->client, -ENOMEM, "out of memory");
	int err = knot_tsig_client_check_next(tsig, (const uint8_t *)t->unsigned_octets.data,
					      t->unsigned_octets.size, t->mac, t->mac_size,
					      t->client->options.key, t->time_signed);
	if (err != KNOT_EOK)
		return client_fail(t->client, -EKEYREJECTED, "%s: in the transfer, %s",
				   t->client->server, client_signature_fault(err));
	remember_mac(t, tsig);
	return 0;
}

static int verify(struct transfer *t, knot_pkt_t *packet)
{
	if (t->messages > 0 && t->mark.mac_size > 0) {
		struct client_answer answer = { .rcode = knot_wire_get_rcode(packet->wire) };

		if (answer.rcode != KNOT_RCODE_NOERROR)
			return fail(t, "was broken off by the server");
		return verify_next(t, packet);
	}

	int err = client_answer_check(t->client, t->answer, &t->mark, packet);
	if (err == 0 && t->answer->verified)
		remember_mac(t, packet->tsig_rr);
	return err;
}

/* Hands on the records of one set (libknot makes one set of each record). */
static int take_set(struct transfer *t, const knot_rrset_t *set)
{
	struct record r = {
		.owner = set->owner, .type = set->type, .rclass = set->rclass, .ttl = set->ttl
	};
	const knot_rdata_t *rdata = set->rrs.rdata;
	const char *why = NULL;

	for (uint16_t i = 0; i < set->rrs.count; i++) {
		r.rdata = slice_make(rdata->data, rdata->len);
		t->copied->records++;
		int stop = sequence_take(&t->sequence, &r, &why);
		if (stop != 0)
			return why != NULL ? fail(t, why) : stop;
		rdata = knot_rdataset_next((knot_rdata_t *)(uintptr_t)rdata);
	}
	return 0;
}

static int take_message(struct transfer *t, knot_pkt_t *packet)
{
	const knot_pktsection_t *answer = knot_pkt_section(packet, KNOT_ANSWER);
	int err = verify(t, packet);

	if (err < 0)
		return err;
	t->messages++;
	if (t->answer->rcode != KNOT_RCODE_NOERROR || t->answer->tsig_error != 0)
		return 0;
	if (t->audit && !t->sequence.begun &&
	    (answer->count == 0 || knot_pkt_rr(answer, 0)->type != KNOT_RRTYPE_SOA))
		return client_fail(t->client, -ENOTSUP,
				   "%s keeps no change log that onnet can read; onnetd does",
				   t->client->server);
	if (answer->count == 0)
		return fail(t, "has a message without records");
	for (uint16_t i = 0; i < answer->count && err == 0; i++)
		err = take_set(t, knot_pkt_rr(answer, i));
	if (err == 0 && t->sequence.over && t->unsigned_count > 0)
		return client_fail(t->client, -EKEYREJECTED,
				   "%s: the last message of the transfer is not signed",
				   t->client->server);
	return err;
}

int client_transfer_take(struct transfer *t, size_t size)
{
	struct client *client = t->client;
	knot_pkt_t *packet;
	int err = client_answer_parse(client, &packet, &t->mark, client->answer, size);

	if (err < 0)
		return err == -EAGAIN ? fail(t, "has a message of another question") : err;
	knot_pkt_free(client->packet);
	client->packet = packet;
	return take_message(t, packet);
}

bool client_transfer_is_over(const struct transfer *t)
{
	return t->sequence.over || t->answer->rcode != KNOT_RCODE_NOERROR ||
	       t->answer->tsig_error != 0;
}

/* A server that sends a little now and then, or without end, is as bad as one that sends nothing. */
static int check_pace(const struct transfer *t)
{
	int64_t lasted_ms = clock_monotonic_ms() - t->since_ms;

	if (lasted_ms > LONGEST_MS)
		return -ETIMEDOUT;
	if (t->mark.type == AUDIT_TYPE)
		return 0; /* a search sends little for long, but goes on to its end */
	if (lasted_ms > GRACE_MS && t->copied->octets / (uint64_t)(lasted_ms / 1000) < RATE_MIN)
		return -ETIMEDOUT;
	return 0;
}

static int receive_message(struct transfer *t, struct client_connection *c)
{
	struct client *client = t->client;
	int64_t patience = (int64_t)client->options.timeout_ms * client->options.tries;
	size_t size;
	int err = client_connection_receive(c, client->answer, sizeof(client->answer), &size,
					    clock_monotonic_ms() + patience);

	if (err == 0) {
		t->copied->octets += size;
		err = check_pace(t);
	}
	if (err == -ECONNRESET)
		return client_fail(client, err, "%s closed the connection during the transfer",
				   client->server);
	if (err < 0)
		return client_fail(client, err, "%s: %s during the transfer", client->server,
				   strerror(-err));

	return client_transfer_take(t, size);
}

/* RFC 1995 3: the SOA of the client's version; of it only the serial matters. */
static void write_version(struct writer *w, uint32_t serial)
{
	write_u16(w, 0xc000 | KNOT_WIRE_HEADER_SIZE);
	write_u16(w, KNOT_RRTYPE_SOA);
	write_u16(w, KNOT_CLASS_IN);
	write_u32(w, 0);
	write_u16(w, SOA_SIZE);
	write_u16(w, 0); /* both names are the root */
	write_u32(w, serial);
	for (int i = 0; i < 4; i++)
		write_u32(w, 0);
}

int client_transfer_begin(struct transfer *t, struct client *client, struct client_copied *copied,
			  const struct client_copy *copy)
{
	uint8_t message[KNOT_WIRE_HEADER_SIZE + KNOT_DNAME_MAXLEN + 4 + AUTHORITY_SIZE] = { 0 };
	struct writer w = write_begin(message, sizeof(message));
	const struct sequence *s = &t->sequence;

	*copied = (struct client_copied){ 0 };
	*t = (struct transfer){
		.client = client,
		.copied = copied,
		.answer = &copied->answer,
		.audit = copy->audit,
		.since_ms = clock_monotonic_ms(),
		.mark = { .id = client_request_id(), .served = !copy->stored },
		.sequence = { .zone = copy->zone,
			      .since = copy->since,
			      .have = copy->serial,
			      .record = copy->record,
			      .arg = copy->arg },
	};
	knot_pkt_free(client->packet);
	client->packet = NULL;
	text_reset(&client->fault);
	w.pos += KNOT_WIRE_HEADER_SIZE;
	write_bytes(&w, s->zone, knot_dname_size(s->zone));
	write_u16(&w, copy->audit ? AUDIT_TYPE : s->since ? KNOT_RRTYPE_IXFR : KNOT_RRTYPE_AXFR);
	write_u16(&w, KNOT_CLASS_IN);
	knot_wire_set_qdcount(message, 1);
	if (s->since) {
		write_version(&w, s->have);
		knot_wire_set_nscount(message, 1);
	}
	return client_request_finish(t->client, &t->mark, message, write_size(&w));
}

static int ask(struct transfer *t, struct client_connection *ret)
{
	struct client *client = t->client;
	int64_t patience = (int64_t)client->options.timeout_ms * client->options.tries;
	int64_t deadline = clock_monotonic_ms() + patience;
	struct client_connection c;
	int err = client_connection_open(&c, client, true, deadline);

	if (err < 0)
		return err;
	err = client_connection_send(&c, client->request, client->request_size, deadline);
	if (err < 0) {
		const char *way = client_connection_way(&c);

		client_connection_close(&c);
		return client_fail_to_reach(client, err, way);
	}
	*ret = c;
	return 0;
}

void client_transfer_end(struct transfer *t)
{
	text_done(&t->unsigned_octets);
	t->answer->packet = t->client->packet;
	t->copied->form = t->sequence.form;
	t->copied->serial = t->sequence.serial;
}

/* From the question to the end of the answer. */
static int run(struct transfer *t)
{
	struct client_connection c;
	int err = ask(t, &c);

	if (err < 0)
		return err;
	do
		err = receive_message(t, &c);
	while (err == 0 && !client_transfer_is_over(t));
	client_connection_close(&c);
	return err;
}

int client_copy(struct client *client, struct client_copied *ret, const struct client_copy *copy)
{
	struct transfer t;
	int err = client_transfer_begin(&t, client, ret, copy);

	if (err == 0)
		err = run(&t);
	client_transfer_end(&t);
	return err;
}

/* Who wants all that comes, and does not ask which part it is. */
struct whole {
	int (*record)(const struct record *r, void *arg);
	void *arg;
};

static int take_whole(const struct record *r, enum sequence_part part, void *arg)
{
	const struct whole *whole = arg;

	(void)part;
	return whole->record(r, whole->arg);
}

static int copy_whole(struct client *client, struct client_answer *ret, struct client_copy *copy,
		      struct whole *whole)
{
	struct client_copied copied;

	copy->stored = true;
	copy->record = take_whole;
	copy->arg = whole;
	int err = client_copy(client, &copied, copy);
	if (err == 0)
		*ret = copied.answer;
	return err;
}

int client_transfer(struct client *client, struct client_answer *ret, const knot_dname_t *zone,
		    int (*record)(const struct record *r, void *arg), void *arg)
{
	struct whole whole = { .record = record, .arg = arg };
	struct client_copy copy = { .zone = zone };

	return copy_whole(client, ret, &copy, &whole);
}

int client_audit(struct client *client, struct client_answer *ret, const knot_dname_t *zone,
		 const struct audit_question *question,
		 int (*record)(const struct record *r, void *arg), void *arg)
{
	struct whole whole = { .record = record, .arg = arg };
	struct client_copy copy = { .zone = zone, .audit = true };
	uint8_t option[AUDIT_QUESTION_MAX];

	client->audit = slice_make(option, audit_question_write(option, question));
	int err = copy_whole(client, ret, &copy, &whole);
	client->audit = slice_make(NULL, 0);
	return err;
}
