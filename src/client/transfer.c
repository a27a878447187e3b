/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A zone transferred (AXFR, RFC 5936). The zone comes as a run of TCP messages from its SOA to
 * the same SOA. Signatures (RFC 8945 5.3.1): the first message and the last are signed, and one
 * in at most a hundred between; each MAC covers the MAC before it and all messages since, so
 * that unsigned messages are kept until the next MAC vouches for them. Records are handed on as
 * they come, which transfer.h says to the caller: a zone of millions need not wait in memory.
 */
#include "client/transfer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/writer.h"
#include "client/connection.h"

enum { UNSIGNED_MAX = 99 }; /* RFC 8945 5.3.1 */

struct transfer {
	struct client *client;
	struct client_answer *answer;
	const knot_dname_t *zone;
	uint16_t type; /* AXFR, or AUDIT_TYPE */
	int (*record)(const struct record *r, void *arg);
	void *arg;

	struct request_mark mark;
	size_t messages;
	size_t soas;

	/* Of signed transfers: the last MAC, and the messages since. */
	uint8_t mac[REQUEST_MAC_MAX];
	size_t mac_size;
	uint64_t time_signed;
	struct text unsigned_octets;
	unsigned unsigned_count;
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

	if (t->soas == 2)
		return fail(t, "goes on after its end");
	if (t->soas == 0 && set->type != KNOT_RRTYPE_SOA)
		return fail(t, "does not start with the SOA record");
	if (set->type == KNOT_RRTYPE_SOA) {
		if (!knot_dname_is_case_equal(set->owner, t->zone))
			return fail(t, "has the SOA record of another zone");
		if (++t->soas == 2)
			return 0;
	}
	for (uint16_t i = 0; i < set->rrs.count; i++) {
		r.rdata = slice_make(rdata->data, rdata->len);
		int stop = t->record(&r, t->arg);
		if (stop != 0)
			return stop;
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
	if (t->type == AUDIT_TYPE && t->soas == 0 &&
	    (answer->count == 0 || knot_pkt_rr(answer, 0)->type != KNOT_RRTYPE_SOA))
		return client_fail(t->client, -ENOTSUP,
				   "%s keeps no change log that onnet can read; onnetd does",
				   t->client->server);
	if (answer->count == 0)
		return fail(t, "has a message without records");
	for (uint16_t i = 0; i < answer->count && err == 0; i++)
		err = take_set(t, knot_pkt_rr(answer, i));
	if (err == 0 && t->soas == 2 && t->unsigned_count > 0)
		return client_fail(t->client, -EKEYREJECTED,
				   "%s: the last message of the transfer is not signed",
				   t->client->server);
	return err;
}

/* Whether the answer is complete: the closing SOA came, or a refusal. */
static bool is_over(const struct transfer *t)
{
	return t->soas == 2 || t->answer->rcode != KNOT_RCODE_NOERROR || t->answer->tsig_error != 0;
}

static int receive_message(struct transfer *t, struct client_connection *c)
{
	struct client *client = t->client;
	int64_t patience = (int64_t)client->options.timeout_ms * client->options.tries;
	size_t size;
	knot_pkt_t *packet;
	int err = client_connection_receive(c, client->answer, sizeof(client->answer), &size,
					    clock_monotonic_ms() + patience);

	if (err == -ECONNRESET)
		return client_fail(client, err, "%s closed the connection during the transfer",
				   client->server);
	if (err < 0)
		return client_fail(client, err, "%s: %s during the transfer", client->server,
				   strerror(-err));

	err = client_answer_parse(client, &packet, &t->mark, client->answer, size);
	if (err < 0)
		return err == -EAGAIN ? fail(t, "has a message of another question") : err;
	knot_pkt_free(client->packet);
	client->packet = packet;
	return take_message(t, packet);
}

static int ask(struct transfer *t, struct client_connection *ret)
{
	uint8_t message[KNOT_WIRE_HEADER_SIZE + KNOT_DNAME_MAXLEN + 4] = { 0 };
	struct client *client = t->client;
	struct writer w = write_begin(message, sizeof(message));
	int64_t patience = (int64_t)client->options.timeout_ms * client->options.tries;
	int64_t deadline = clock_monotonic_ms() + patience;
	struct client_connection c;

	w.pos += KNOT_WIRE_HEADER_SIZE;
	write_bytes(&w, t->zone, knot_dname_size(t->zone));
	write_u16(&w, t->type);
	write_u16(&w, KNOT_CLASS_IN);
	knot_wire_set_qdcount(message, 1);

	int err = client_request_finish(client, &t->mark, message, write_size(&w));
	if (err < 0)
		return err;
	err = client_connection_open(&c, client, true, deadline);
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

static int run(struct transfer *t, struct client_answer *ret)
{
	struct client_answer answer = { 0 };
	struct client *client = t->client;
	struct client_connection c;

	knot_pkt_free(client->packet);
	client->packet = NULL;
	text_reset(&client->fault);
	t->answer = &answer;
	t->mark.id = client_request_id();
	int err = ask(t, &c);
	if (err < 0)
		return err;

	do
		err = receive_message(t, &c);
	while (err == 0 && !is_over(t));
	client_connection_close(&c);
	text_done(&t->unsigned_octets);
	if (err == 0) {
		answer.packet = client->packet;
		*ret = answer;
	}
	return err;
}

int client_transfer(struct client *client, struct client_answer *ret, const knot_dname_t *zone,
		    int (*record)(const struct record *r, void *arg), void *arg)
{
	struct transfer t = { .client = client,
			      .zone = zone,
			      .type = KNOT_RRTYPE_AXFR,
			      .record = record,
			      .arg = arg };

	return run(&t, ret);
}

int client_audit(struct client *client, struct client_answer *ret, const knot_dname_t *zone,
		 const struct audit_question *question,
		 int (*record)(const struct record *r, void *arg), void *arg)
{
	struct transfer t = {
		.client = client, .zone = zone, .type = AUDIT_TYPE, .record = record, .arg = arg
	};
	uint8_t option[AUDIT_QUESTION_MAX];

	client->audit = slice_make(option, audit_question_write(option, question));
	int err = run(&t, ret);
	client->audit = slice_make(NULL, 0);
	return err;
}
