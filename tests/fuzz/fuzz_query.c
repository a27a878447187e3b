/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as a request to a server with a few zones. The first octet says how they come: over TCP
 * or UDP, and with a good signature put behind them or as they are. Whatever comes back is a
 * response to this request, whole and of a size that the client takes.
 */
#include <libknot/libknot.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fixture/message.h"
#include "fixture/server.h"
#include "fuzz/fuzz.h"

enum { OVER_TCP = 1, SIGNED = 2 };

static struct fixture fixture;
static struct message message;

static const char example_zone[] =
	"$TTL 3600\n"
	"@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\n@ NS ns.sub\n@ MX 10 ns\n"
	"ns A 192.0.2.53\nns AAAA 2001:db8::53\n"
	"@ NAPTR 10 10 \"s\" \"SIP+D2U\" \"\" _sip._udp\n_sip._udp SRV 1 2 5060 ns\n"
	"a CNAME b\nb CNAME c\nc A 192.0.2.1\nloop CNAME loop\n"
	"d DNAME e\ne A 192.0.2.2\nx.e A 192.0.2.3\nlong DNAME "
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
	"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n"
	"*.w TXT \"wild\"\n*.v CNAME x.d\nsub NS ns.sub\nsub DS 1 8 1 "
	"0123456789012345678901234567890123456789\nns.sub A 192.0.2.9\n"
	"\\000.\\001 A 192.0.2.4\n3.2.1 NAPTR 1 1 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .\n";

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Something for the change log, with a key that requests are not signed with. */
static void change(const char *zone, const char *line)
{
	message_begin(&message, KNOT_OPCODE_UPDATE, zone, KNOT_RRTYPE_SOA);
	message_record(&message, 2, line);
	message_sign(&message, &(struct message_signature){ .key = "hmac-sha512" });
	fixture_ask(&fixture, message_get(&message));
	require(fixture.response.size > 0 && (fixture.response.wire[3] & 15) == 0);
}

static void server_begin(void)
{
	struct text yaml = { 0 };

	require(fixture_init(&fixture) == 0);
	require(fixture_write(&fixture, "example.zone", example_zone) == 0);
	text_puts(&yaml, fixture_keys);
	text_puts(&yaml, "server: {version: v, identity: i}\nzone:\n"
			 "  - {domain: example, file: example.zone, transfer: 127.0.0.1, "
			 "update: hmac-sha512}\n"
			 "  - {domain: d.example, transfer: hmac-sha256}\n"
			 "  - {domain: r.example, file: example.zone, transfer: 127.0.0.1, "
			 "update: hmac-sha512, number-ranges: on}\n"
			 "  - {domain: copy, file: example.zone, primary: 127.0.0.1, "
			 "update-forward: 127.0.0.1}\n");
	require(fixture_start(&fixture, text_get(&yaml)) == 0);
	text_done(&yaml);
	change("example.", "a.b.example. 60 IN TXT \"came\"");
	change("example.", "a.b.example. 0 ANY ANY");
	change("example.", "c.example. 90 IN A 192.0.2.7");
	change("r.example.", "c.r.example. 90 IN A 192.0.2.7");
	change("r.example.", "1.3.2.1.r.example. 90 IN A 192.0.2.7");
	log_limit(0);
}

static void server_end(void)
{
	fixture_done(&fixture);
}

/* Of a request that is answered: what it says that it takes, as far as that is easy to tell. */
static size_t room_of(struct slice request)
{
	uint8_t *copy = malloc(request.size);
	size_t room = KNOT_WIRE_MIN_PKTSIZE;

	memcpy(copy, request.data, request.size);
	knot_pkt_t *packet = knot_pkt_new(copy, (uint16_t)request.size, NULL);
	knot_pkt_parse(packet, 0);
	if (packet->opt_rr != NULL && packet->opt_rr->rclass > room)
		room = packet->opt_rr->rclass;
	knot_pkt_free(packet);
	free(copy);
	return room;
}

static void response_check(struct slice request)
{
	const uint8_t *wire = fixture.response.wire;
	size_t size = fixture.response.size;
	uint8_t *copy = malloc(size);

	require(size >= KNOT_WIRE_HEADER_SIZE && memcmp(wire, request.data, 2) == 0);
	require((wire[2] & 0xf9) == ((request.data[2] & 0x79) | 0x80));
	/* a question of 255 octets with two names as long in its signature leaves the 512 behind */
	if (!fixture.tcp && size > KNOT_WIRE_MIN_PKTSIZE)
		require(size <= room_of(request) || (wire[2] & 2) != 0 || (wire[3] & 15) != 0);

	memcpy(copy, wire, size);
	knot_pkt_t *packet = knot_pkt_new(copy, (uint16_t)size, NULL);
	require(knot_pkt_parse(packet, 0) == KNOT_EOK);
	knot_pkt_free(packet);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (fixture.store == NULL) {
		server_begin();
		atexit(server_end);
	}
	if (size < 1 || size > MESSAGE_ROOM - 2048)
		return 0;

	/* Of its own size in memory, so that reading past its end shows. */
	uint8_t how = data[0];
	size_t octets = size - 1;
	uint8_t *copy = malloc(octets + 1024);
	memcpy(copy, data + 1, octets);
	if ((how & SIGNED) != 0 && octets >= KNOT_WIRE_HEADER_SIZE) {
		message.w = write_begin(message.octets, sizeof(message.octets));
		write_bytes(&message.w, copy, octets);
		message_sign(&message, &(struct message_signature){ .key = "hmac-sha256" });
		octets = write_size(&message.w);
		memcpy(copy, message.octets, octets);
	}
	copy = realloc(copy, octets > 0 ? octets : 1);

	fixture.tcp = (how & OVER_TCP) != 0;
	enum response response = fixture_ask(&fixture, slice_make(copy, octets));
	if (response == RESPONSE_READY)
		response_check(slice_make(copy, octets));
	while (response == RESPONSE_STREAM && fixture_stream(&fixture))
		response_check(slice_make(copy, octets));
	free(copy);
	return 0;
}
