/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any octets as the messages of a transfer in, each behind its length, as TCP has them. The first octet says whether
 * IXFR was asked for, or AXFR. What comes through is taken in as the secondary does; differences that fit
 * are made, and then the zone's serial must be the one that the primary named.
 */
#include <libknot/libknot.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/reader.h"
#include "client/transfer_stream.h"
#include "dns/rdata.h"
#include "fixture/server.h"
#include "fuzz/fuzz.h"
#include "zone/difference.h"
#include "zone/import.h"
#include "zone/intake.h"

enum { SERIAL = 1 };

static struct fixture fixture;
static struct client *client;

static const char zone_text[] = "$TTL 3600\n"
				"@ SOA ns hostmaster 1 7200 900 1209600 300\n"
				"@ NS ns\nns A 192.0.2.53\na A 192.0.2.1\n3.2.1 TXT \"x\"\n";

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void begin(void)
{
	const struct client_options options = { .address.ss_family = AF_INET };

	require(fixture_init(&fixture) == 0);
	require(fixture_zone(&fixture, zone_text) == 0);
	require(client_new(&client, &options) == 0);
	log_limit(0);
}

static void end(void)
{
	client_free(client);
	fixture_done(&fixture);
}

/* What came in, on its way. */
struct taken {
	struct intake *intake;
	struct text steps;
};

static int take(const struct record *r, enum sequence_part part, void *arg)
{
	const struct zone *zone = zone_table_at(fixture.state->zones, 0);
	struct taken *t = arg;

	if (part != SEQUENCE_ZONE)
		return difference_add(&t->steps, r, part == SEQUENCE_REMOVED);
	if (t->intake == NULL)
		require(intake_new(&t->intake, zone, store_folder(fixture.store)) == 0);
	return intake_put(t->intake, r);
}

/* Both are given up in the end, so that each input meets the same zone. */
static void apply_steps(const struct taken *t, uint32_t serial)
{
	const struct zone *zone = zone_table_at(fixture.state->zones, 0);
	struct change_origin by = { .time = 1 };
	struct difference_result result;
	struct change_group group;
	struct arena arena = { 0 };
	struct store_txn *txn;

	require(store_write_begin(fixture.store, &txn) == 0);
	group_begin(&group, &arena, txn);
	int err = difference_apply(&group, zone, slice_make(t->steps.data, t->steps.size), &by,
				   &result);
	require(err == 0 || (err == -EINVAL && result.why != NULL));
	if (err == 0) {
		struct store_zone record;
		struct rrset_record soa;
		struct node apex;

		require(group_end(&group) == 1);
		require(store_zone_get(txn, zone->apex, &record) == 0);
		require(store_node_get(txn, &record, zone->apex, &apex) == 0);
		require(apex_soa(&apex, &soa) && rdata_soa_serial(soa.rdata) == serial);
	}
	store_write_abort(txn);
	arena_done(&arena);
}

static void switch_zone(struct taken *t, uint32_t serial)
{
	const struct change_origin by = { .time = 1 };
	const struct zone *zone = zone_table_at(fixture.state->zones, 0);
	struct import_serial is;
	struct pack_result packed;
	struct store_load *load;
	struct store_txn *txn;
	int more = 1;

	if (intake_end(t->intake, &packed) != 0)
		return;
	require(store_load_new(&load, &packed, zone->apex_labels) == 0);
	require(store_write_begin(fixture.store, &txn) == 0);
	while (more > 0)
		more = store_load_some(load, txn, IMPORT_SLICE);
	require(more == 0 && import_switch_copy(txn, zone, load, &by, &is) == 0 &&
		is.after == serial);
	store_write_abort(txn);
	store_load_free(load);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct taken taken = { 0 };
	struct client_copied copied;
	struct transfer transfer;

	if (client == NULL) {
		begin();
		atexit(end);
	}
	if (size < 1)
		return 0;

	const struct client_copy copy = { .zone = (const uint8_t *)"\7example",
					  .since = (data[0] & 1) != 0,
					  .serial = SERIAL,
					  .record = take,
					  .arg = &taken };
	struct reader r = read_begin(data + 1, size - 1);
	int err = client_transfer_begin(&transfer, client, &copied, &copy);
	while (err == 0 && !client_transfer_is_over(&transfer) && read_left(&r) > 2) {
		uint16_t length = read_u16(&r);
		struct slice message =
			read_bytes(&r, length < read_left(&r) ? length : read_left(&r));

		memcpy(client->answer, message.data, message.size);
		if (message.size >= KNOT_WIRE_HEADER_SIZE)
			knot_wire_set_id(client->answer, transfer.mark.id);
		err = client_transfer_take(&transfer, message.size);
	}
	bool over = client_transfer_is_over(&transfer);
	client_transfer_end(&transfer);
	if (err == 0 && over && copied.form == SEQUENCE_DIFFERENCES)
		apply_steps(&taken, copied.serial);
	if (err == 0 && over && copied.form == SEQUENCE_WHOLE)
		switch_zone(&taken, copied.serial);
	intake_free(taken.intake);
	text_done(&taken.steps);
	return 0;
}
