/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two ends of an exchange: a request gets its ID, OPT (RFC 6891) and TSIG (RFC 8945 5.1); an
 * answer is recognised, taken apart, and its TSIG held against the request's (RFC 8945 5.4).
 */
#include "client/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/writer.h"
#include "dns/audit.h"
#include "dns/option.h"

int client_fail(struct client *client, int err, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	text_reset(&client->fault);
	text_puts(&client->fault, line);
	return err;
}

int client_fail_to_reach(struct client *client, int err, const char *way)
{
	if (text_get(&client->fault)[0] != '\0')
		return err;
	if (err == -ETIMEDOUT)
		return client_fail(client, err, "%s does not answer (%s)", client->server, way);
	if (err == -ECONNREFUSED)
		return client_fail(client, err, "nothing listens on %s (%s)", client->server, way);
	return client_fail(client, err, "%s: %s (%s)", client->server, strerror(-err), way);
}

uint16_t client_request_id(void)
{
	uint16_t id;

	if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
		id = (uint16_t)clock_monotonic_ms();
	return id;
}

/*
 * A question asks about the zone's wildcards as well, and a transfer for what is stored
 * (dns/option.h).
 */
static void add_opt(struct writer *w, uint8_t opcode, struct slice audit, bool served)
{
	bool question = opcode == KNOT_OPCODE_QUERY && !served;
	size_t more = audit.size > 0 ? OPTION_HEAD + audit.size : 0;

	write_u8(w, 0); /* RFC 6891 6.1.2: "MUST be 0 (root domain)" */
	write_u16(w, KNOT_RRTYPE_OPT);
	write_u16(w, REQUEST_EDNS_SIZE);
	write_u32(w, 0);
	write_u16(w, question ? (uint16_t)(OPTION_HEAD + more) : 0);
	if (!question)
		return;
	write_u16(w, OPTION_RANGES);
	write_u16(w, 0);
	if (more > 0) {
		write_u16(w, OPTION_AUDIT);
		write_u16(w, (uint16_t)audit.size);
		write_bytes(w, audit.data, audit.size);
	}
}

static bool says_ranges(const knot_pkt_t *packet)
{
	const uint8_t *option = packet->opt_rr != NULL ?
					knot_edns_get_option(packet->opt_rr, OPTION_RANGES, NULL) :
					NULL;

	return option != NULL && knot_edns_opt_get_length(option) == OPTION_RANGES_SIZE &&
	       option[OPTION_HEAD] == 1;
}

static int sign(struct client *client, struct request_mark *mark)
{
	size_t mac_size = sizeof(mark->mac);

	mark->mac_size = 0;
	if (client->options.key == NULL)
		return 0;
	int err = knot_tsig_sign(client->request, &client->request_size, sizeof(client->request),
				 NULL, 0, mark->mac, &mac_size, client->options.key, 0, 0);
	if (err != KNOT_EOK)
		return client_fail(client, err == KNOT_ESPACE ? -EMSGSIZE : -ENOMEM,
				   "the request can't be signed: %s", knot_strerror(err));
	mark->mac_size = mac_size;
	return 0;
}

int client_request_finish(struct client *client, struct request_mark *mark, const uint8_t *message,
			  size_t size)
{
	struct writer w = write_begin(client->request, sizeof(client->request));

	write_bytes(&w, message, size);
	if (!client->plain)
		add_opt(&w, knot_wire_get_opcode(message), client->audit, mark->served);
	if (w.full)
		return client_fail(client, -EMSGSIZE, "the request is larger than a DNS message");

	client->request_size = write_size(&w);
	mark->opcode = knot_wire_get_opcode(message);
	mark->type = get_u16(message + KNOT_WIRE_HEADER_SIZE +
			     knot_dname_store(mark->name, message + KNOT_WIRE_HEADER_SIZE));
	knot_wire_set_id(client->request, mark->id);
	if (!client->plain)
		knot_wire_set_arcount(client->request,
				      (uint16_t)(knot_wire_get_arcount(client->request) + 1));
	return sign(client, mark);
}

/* Whether the answer has the question of the request, where it has any. */
static bool same_question(const struct request_mark *mark, const knot_pkt_t *packet)
{
	const knot_dname_t *name = knot_pkt_wire_qname(packet);

	if (name == NULL)
		return true; /* a refusal may leave it out */
	return knot_dname_is_case_equal(name, mark->name) && knot_pkt_qtype(packet) == mark->type;
}

int client_answer_parse(struct client *client, knot_pkt_t **ret, const struct request_mark *mark,
			uint8_t *wire, size_t size)
{
	if (size < KNOT_WIRE_HEADER_SIZE || knot_wire_get_id(wire) != mark->id ||
	    !knot_wire_get_qr(wire) || knot_wire_get_opcode(wire) != mark->opcode)
		return -EAGAIN;

	knot_pkt_t *packet = knot_pkt_new(wire, (uint16_t)size, NULL);
	if (packet == NULL)
		return client_fail(client, -ENOMEM, "out of memory");
	if (knot_pkt_parse(packet, KNOT_PF_NOCANON) != KNOT_EOK) {
		knot_pkt_free(packet);
		return client_fail(client, -EBADMSG, "%s: the answer is malformed", client->server);
	}
	if (!same_question(mark, packet)) {
		knot_pkt_free(packet);
		return -EAGAIN;
	}
	*ret = packet;
	return 0;
}

const char *client_signature_fault(int knot_err)
{
	switch (knot_err) {
	case KNOT_TSIG_EBADKEY:
		return "the answer is signed with another key";
	case KNOT_TSIG_EBADTIME:
		return "the answer's time of signing is too far from ours; compare the clocks";
	case KNOT_TSIG_EBADTRUNC:
		return "the answer's signature is cut too short";
	default:
		return "the answer's signature is wrong; do both sides have the same secret?";
	}
}

/* What says no may come unsigned: the server may not know the key. */
static bool may_be_unsigned(const struct client_answer *answer)
{
	switch (answer->rcode) {
	case KNOT_RCODE_FORMERR:
	case KNOT_RCODE_SERVFAIL:
	case KNOT_RCODE_NOTIMPL:
	case KNOT_RCODE_REFUSED:
	case KNOT_RCODE_NOTAUTH:
	case KNOT_RCODE_NOTZONE:
	case KNOT_RCODE_BADVERS:
		return true;
	default:
		return false;
	}
}

int client_answer_check(struct client *client, struct client_answer *ret,
			const struct request_mark *mark, knot_pkt_t *packet)
{
	const knot_rrset_t *tsig = packet->tsig_rr;
	struct client_answer answer = { .packet = packet, .ranges = says_ranges(packet) };

	answer.rcode = knot_wire_get_rcode(packet->wire);
	if (packet->opt_rr != NULL)
		answer.rcode |= (uint16_t)(knot_edns_get_ext_rcode(packet->opt_rr) << 4);
	if (tsig != NULL)
		answer.tsig_error = knot_tsig_rdata_error(tsig);
	if (mark->mac_size == 0)
		goto out;

	/* RFC 8945 5.3.2: BADKEY and BADSIG come without a MAC */
	if (tsig == NULL || knot_tsig_rdata_mac_length(tsig) == 0) {
		if (may_be_unsigned(&answer))
			goto out;
		return client_fail(client, -EKEYREJECTED,
				   "%s: the answer to a signed request is not signed",
				   client->server);
	}

	int err = knot_tsig_client_check(tsig, packet->wire, packet->size, mark->mac,
					 mark->mac_size, client->options.key, 0);
	if (err != KNOT_EOK)
		return client_fail(client, -EKEYREJECTED, "%s: %s", client->server,
				   client_signature_fault(err));
	answer.verified = true;
out:
	*ret = answer;
	return 0;
}
