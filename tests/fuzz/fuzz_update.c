/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as an update that is allowed to do everything. The first octet says whether they are a
 * whole message, or sections behind a header and zone section that are in order, with as many
 * prerequisites and updates as the next two octets say. After each the zone must still be one.
 */
#include <libknot/libknot.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fixture/message.h"
#include "fixture/server.h"
#include "fuzz/fuzz.h"

enum { WHOLE = 1, NAMES_MAX = 500 };

static struct fixture fixture;
static struct message message;

static const char zone_text[] = "$TTL 3600\n"
				"@ SOA ns hostmaster 1 7200 900 1209600 300\n"
				"@ NS ns\nns A 192.0.2.53\na CNAME b\nb A 192.0.2.1\n"
				"b TXT \"x\"\nc.b NS ns\n";

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void server_begin(void)
{
	require(fixture_init(&fixture) == 0);
	require(fixture_zone(&fixture, zone_text) == 0);
	log_limit(0);
}

static void server_end(void)
{
	fixture_done(&fixture);
}

/* What RFC 2136 and the types promise of a zone, whatever was done to it. */
static void node_check(const struct node *node, bool apex)
{
	struct rrset set, cname;
	size_t others = 0;

	for (size_t i = 0; node_at(node, i, &set); i++) {
		require(set.count > 0 && set.size >= RRSET_RECORD_HEAD * set.count);
		others += set.type != KNOT_RRTYPE_CNAME && set.type != KNOT_RRTYPE_RRSIG &&
			  set.type != KNOT_RRTYPE_NSEC && set.type != KNOT_RRTYPE_KEY;
	}
	require(!node_find(node, KNOT_RRTYPE_CNAME, &cname) || (cname.count == 1 && others == 0));
	require(node_find(node, KNOT_RRTYPE_SOA, &set) == apex && (!apex || set.count == 1));
	require(!apex || node_find(node, KNOT_RRTYPE_NS, &set));
}

/* The number of names. */
static uint64_t zone_check(void)
{
	const struct zone *zone = zone_table_at(fixture.state->zones, 0);
	struct store_walk *walk;
	struct store_txn *txn;
	struct store_zone record;
	knot_dname_storage_t name;
	struct node node;
	uint64_t names = 0;

	require(store_read_begin(fixture.store, &txn) == 0);
	require(store_zone_get(txn, zone->apex, &record) == 0);
	require(store_walk_begin(&walk, txn, &record, zone->apex, zone->apex) == 0);
	for (int more; (more = store_walk_next(walk, name, &node)) != 0; names++) {
		require(more == 1);
		node_check(&node, names == 0);
	}
	require(names == record.names);
	store_walk_end(walk);
	store_read_end(txn);
	return names;
}

static void message_make(const uint8_t *data, size_t size)
{
	if ((data[0] & WHOLE) != 0) {
		message.w = write_begin(message.octets, sizeof(message.octets));
	} else {
		message_begin(&message, KNOT_OPCODE_UPDATE, "example.", KNOT_RRTYPE_SOA);
		put_u16(message.octets + 6, data[1]);
		put_u16(message.octets + 8, data[2]);
	}
	write_bytes(&message.w, data + 3, size - 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (fixture.store == NULL) {
		server_begin();
		atexit(server_end);
	}
	if (size < 3 || size > MESSAGE_ROOM - 64)
		return 0;
	message_make(data, size);

	struct slice request = message_get(&message);
	uint8_t *copy = malloc(request.size > 0 ? request.size : 1);
	memcpy(copy, request.data, request.size);
	enum response response = fixture_ask(&fixture, slice_make(copy, request.size));
	if (response == RESPONSE_LATER) {
		require(fixture.response.size >= KNOT_WIRE_HEADER_SIZE);
		if (zone_check() > NAMES_MAX) {
			fixture_done(&fixture);
			server_begin();
		}
	}
	while (response == RESPONSE_STREAM && fixture_stream(&fixture))
		;
	free(copy);
	return 0;
}
