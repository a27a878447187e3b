/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An answer that says no, in words. The server's own words come first where it sends any (Extended
 * DNS Errors, RFC 8914: onnetd says which rule stood in the way); else what the code means to
 * the person who has to do something about it.
 */
#include "base/reader.h"
#include "client/client.h"
#include "client/request.h"

/* RFC 1035 4.1.1, RFC 2136 2.2, RFC 6891 9 */
static const struct {
	uint16_t code;
	const char *name;
	const char *meaning;
} codes[] = {
	{ KNOT_RCODE_NOERROR, "NOERROR", "done" },
	{ KNOT_RCODE_FORMERR, "FORMERR", "the server can't make sense of the request" },
	{ KNOT_RCODE_SERVFAIL, "SERVFAIL", "the server could not do it; its log says why" },
	{ KNOT_RCODE_NXDOMAIN, "NXDOMAIN", "the name is not there" },
	{ KNOT_RCODE_NOTIMPL, "NOTIMP", "the server does not know how to do that" },
	{ KNOT_RCODE_REFUSED, "REFUSED", NULL },
	{ KNOT_RCODE_YXDOMAIN, "YXDOMAIN", "the name is there and should not be" },
	{ KNOT_RCODE_YXRRSET, "YXRRSET", "records of that type are there and should not be" },
	{ KNOT_RCODE_NXRRSET, "NXRRSET", "the records that should be there are not" },
	{ KNOT_RCODE_NOTAUTH, "NOTAUTH", "the server is not the primary of this zone" },
	{ KNOT_RCODE_NOTZONE, "NOTZONE", "a name in the update is not in the zone" },
	{ KNOT_RCODE_BADVERS, "BADVERS", "the server knows no EDNS version 0" },
};

/* RFC 8945 4.2, 5.2 */
static const struct {
	uint16_t code;
	const char *name;
	const char *meaning; /* of the key that comes after it */
	const char *more;
} tsig_errors[] = {
	{ KNOT_RCODE_BADSIG, "BADSIG", "the server has another secret for key", "" },
	{ KNOT_RCODE_BADKEY, "BADKEY", "the server does not know key",
	  ", or has it with another algorithm" },
	{ KNOT_RCODE_BADTIME, "BADTIME", "the server does not take the signature of key",
	  ": its clock and ours are too far apart" },
	{ KNOT_RCODE_BADTRUNC, "BADTRUNC", "the server wants a longer signature of key", "" },
};

/* RFC 8914 4 */
static const struct {
	uint16_t code;
	const char *meaning;
} extended[] = {
	{ KNOT_EDNS_EDE_NOT_READY, "the server is not ready yet" },
	{ KNOT_EDNS_EDE_BLOCKED, "blocked by the server" },
	{ KNOT_EDNS_EDE_FILTERED, "filtered by the server" },
	{ KNOT_EDNS_EDE_NOTAUTH, "the server is not authoritative" },
	{ KNOT_EDNS_EDE_NOTSUP, "not supported by the server" },
	{ KNOT_EDNS_EDE_INV_DATA, "the server's data is invalid" },
};

/* Text that came over the network goes to a terminal: printable characters alone. */
static void add_printable(struct text *ret, struct slice s)
{
	for (size_t i = 0; i < s.size; i++) {
		uint8_t c = s.data[i];

		if (c < ' ' || c == 0x7f)
			c = '?';
		text_add(ret, &c, 1);
	}
}

/* The server's own words (RFC 8914 2); false where it sent none. */
static bool add_extended(struct text *ret, const knot_pkt_t *packet)
{
	const uint8_t *option = knot_pkt_edns_option(packet, KNOT_EDNS_OPTION_EDE);

	if (option == NULL)
		return false;
	struct reader r = read_begin(knot_edns_opt_get_data((uint8_t *)(uintptr_t)option),
				     knot_edns_opt_get_length(option));
	uint16_t code = read_u16(&r);
	struct slice words = read_bytes(&r, read_left(&r));

	if (read_end(&r) < 0)
		return false;
	if (words.size > 0) {
		add_printable(ret, words);
		return true;
	}
	for (size_t i = 0; i < sizeof(extended) / sizeof(extended[0]); i++) {
		if (extended[i].code == code) {
			text_puts(ret, extended[i].meaning);
			return true;
		}
	}
	return false;
}

static void add_key(struct text *ret, const struct client *client)
{
	knot_dname_txt_storage_t name;

	if (client->options.key == NULL ||
	    knot_dname_to_str(name, client->options.key->name, sizeof(name)) == NULL)
		return;
	size_t size = strlen(name);
	if (size > 1)
		name[size - 1] = '\0';
	text_printf(ret, "'%s'", name);
}

/* Whether a plain question was refused: then the key has little to do with it. */
static bool is_question(const struct client_answer *answer)
{
	return knot_wire_get_opcode(answer->packet->wire) == KNOT_OPCODE_QUERY &&
	       knot_pkt_qtype(answer->packet) != KNOT_RRTYPE_AXFR;
}

static void add_refused(struct text *ret, const struct client *client,
			const struct client_answer *answer)
{
	if (is_question(answer)) {
		text_puts(ret, "the server does not hold this name, or does not answer us");
		return;
	}
	if (client->options.key == NULL) {
		text_puts(ret, "the server does not allow it without a key (--key)");
		return;
	}
	text_puts(ret, "the server does not allow it to key ");
	add_key(ret, client);
}

static bool add_tsig_error(struct text *ret, const struct client *client,
			   const struct client_answer *answer)
{
	for (size_t i = 0; i < sizeof(tsig_errors) / sizeof(tsig_errors[0]); i++) {
		if (tsig_errors[i].code != answer->tsig_error)
			continue;
		text_printf(ret, "%s: %s ", tsig_errors[i].name, tsig_errors[i].meaning);
		add_key(ret, client);
		text_puts(ret, tsig_errors[i].more);
		return true;
	}
	return false;
}

void client_refusal(struct text *ret, const struct client *client,
		    const struct client_answer *answer)
{
	const char *name = NULL, *meaning = "the server gave no reason";

	if (add_tsig_error(ret, client, answer))
		return;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].code == answer->rcode) {
			name = codes[i].name;
			meaning = codes[i].meaning;
		}
	}
	if (name != NULL)
		text_printf(ret, "%s: ", name);
	else
		text_printf(ret, "RCODE %u: ", answer->rcode);
	if (add_extended(ret, answer->packet))
		return;
	if (meaning != NULL)
		text_puts(ret, meaning);
	else
		add_refused(ret, client, answer);
}
