/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The end of an import: the zone's record leads to another tree. Secondaries go by the serial, so
 * it has to be newer than the one that was served (RFC 1982 3.2), whatever the file says. The change log
 * stays and gets an entry without records, which says that no step leads from one tree to the other.
 */
#include <errno.h>
#include <libknot/libknot.h>

#include "base/clock.h"
#include "base/writer.h"
#include "dns/edit.h"
#include "dns/rdata.h"
#include "dns/serial.h"
#include "zone/history.h"
#include "zone/import.h"

enum { DEFAULT_TTL = 3600 };

static void write_soa(struct writer *w, const struct zone *zone, const char *contact)
{
	write_bytes(w, zone->apex, zone->apex_size);
	if (*contact != '\0') {
		write_u8(w, (uint8_t)strlen(contact));
		write_bytes(w, contact, strlen(contact));
	}
	write_bytes(w, zone->apex, zone->apex_size);
	write_u32(w, 1);      /* serial */
	write_u32(w, 3600);   /* refresh */
	write_u32(w, 600);    /* retry */
	write_u32(w, 604800); /* expire */
	write_u32(w, 60);     /* minimum: how long "no such number" is remembered */
}

/* SOA and NS made from the zone's name. */
static int put_apex(struct store_txn *txn, const struct zone *zone, struct store_zone *record)
{
	static const char contact[] = "hostmaster";
	uint8_t rdata[2 * KNOT_DNAME_MAXLEN + sizeof(contact) + 20];
	struct writer w = write_begin(rdata, sizeof(rdata));
	struct arena arena = { 0 };
	struct node node = { 0 };
	struct node_edit edit = { .arena = &arena };

	/* An apex too long for another label in front is its own contact. */
	write_soa(&w, zone, zone->apex_size + sizeof(contact) <= KNOT_DNAME_MAXLEN ? contact : "");

	int err = edit_add(&edit, KNOT_RRTYPE_SOA, DEFAULT_TTL, slice_make(rdata, write_size(&w)));
	if (err >= 0)
		err = edit_add(&edit, KNOT_RRTYPE_NS, DEFAULT_TTL,
			       slice_make(zone->apex, zone->apex_size));
	if (err >= 0)
		err = edit_end(&edit, &node);
	if (err >= 0)
		err = store_node_put(txn, record, zone->apex, &node);
	arena_done(&arena);
	return err < 0 ? err : 0;
}

static int tell(struct store_txn *txn, struct store_zone *record, enum history_kind kind,
		const struct import_serial *serial, const struct change_origin *by)
{
	const struct history what = {
		.kind = kind,
		.serial_before = serial->before,
		.serial_after = serial->after,
		.time = clock_wall_s(),
		.names = record->names,
	};

	return history_tell(txn, record, &what, by);
}

int import_empty(struct store_txn *txn, const struct zone *zone)
{
	const struct import_serial first = { .after = 1 };
	struct store_zone record;
	int err = store_zone_make(txn, zone->apex, &record);

	if (err == 0)
		err = put_apex(txn, zone, &record);
	if (err == 0)
		err = tell(txn, &record, HISTORY_MADE, &first, NULL);
	return err == 0 ? store_zone_put(txn, zone->apex, &record) : err;
}

/* The apex's SOA record, in the arena. -ENOENT. */
static int get_soa(struct store_txn *txn, const struct zone *zone, const struct store_zone *record,
		   struct node_edit *edit, struct rrset_record *ret)
{
	struct node apex;
	struct rrset set;
	size_t pos = 0;
	int err = store_node_get(txn, record, zone->apex, &apex);

	if (err == 0)
		err = edit_begin(edit, edit->arena, &apex);
	if (err != 0)
		return err;
	if (!edit_find(edit, KNOT_RRTYPE_SOA, &set) || !rrset_next(&set, &pos, ret))
		return -ENOENT;
	return 0;
}

static int get_serial(struct store_txn *txn, const struct zone *zone,
		      const struct store_zone *record, uint32_t *ret)
{
	struct arena arena = { 0 };
	struct node_edit edit = { .arena = &arena };
	struct rrset_record soa;
	int err = get_soa(txn, zone, record, &edit, &soa);

	if (err == 0)
		*ret = rdata_soa_serial(soa.rdata);
	arena_done(&arena);
	return err;
}

static int put_serial(struct store_txn *txn, const struct zone *zone, struct store_zone *record,
		      uint32_t serial)
{
	struct arena arena = { 0 };
	struct node_edit edit = { .arena = &arena };
	struct rrset_record soa;
	struct node node;
	uint8_t *rdata = NULL;
	int err = get_soa(txn, zone, record, &edit, &soa);

	if (err == 0) {
		rdata = arena_copy(&arena, soa.rdata.data, soa.rdata.size);
		err = rdata == NULL ? -ENOMEM : 0;
	}
	if (err == 0) {
		put_u32(rdata + rdata_soa_serial_at(soa.rdata), serial);
		err = edit_add(&edit, KNOT_RRTYPE_SOA, soa.ttl, slice_make(rdata, soa.rdata.size));
	}
	if (err >= 0)
		err = edit_end(&edit, &node);
	if (err >= 0)
		err = store_node_put(txn, record, zone->apex, &node);
	arena_done(&arena);
	return err < 0 ? err : 0;
}

/* The serial of what the zone leads to now, made newer than the one before if it is not. */
static int renew_serial(struct store_txn *txn, const struct zone *zone, struct store_zone *record,
			struct import_serial *serial)
{
	int err = get_serial(txn, zone, record, &serial->file);

	if (err != 0)
		return err;
	serial->after = serial->file;
	if (!serial->there || serial_after(serial->file, serial->before))
		return 0;
	serial->after = serial->before + 1;
	serial->after += serial->after == 0; /* which some take for "none" */
	return put_serial(txn, zone, record, serial->after);
}

/* What there is before the switch, if there is anything. */
static int look_before(struct store_txn *txn, const struct zone *zone, struct store_zone *record,
		       struct import_serial *serial)
{
	int err = store_zone_get(txn, zone->apex, record);

	serial->there = err == 0;
	if (err == 0)
		return get_serial(txn, zone, record, &serial->before);
	return err == -ENOENT ? 0 : err;
}

int import_switch(struct store_txn *txn, const struct zone *zone, struct store_load *load,
		  bool numbers_only, struct import_serial *ret)
{
	struct import_serial serial = { 0 };
	struct store_zone record = { 0 };
	int err = look_before(txn, zone, &record, &serial);

	if (err == 0)
		err = store_load_switch(load, txn, numbers_only, &record);
	if (err == 0 && numbers_only && !serial.there)
		err = put_apex(txn, zone, &record);
	if (err == 0)
		err = renew_serial(txn, zone, &record, &serial);
	if (err == 0)
		err = tell(txn, &record,
			   !serial.there ? HISTORY_MADE :
			   numbers_only  ? HISTORY_NUMBERS :
					   HISTORY_REPLACED,
			   &serial, NULL);
	if (err == 0)
		err = store_zone_put(txn, zone->apex, &record);
	if (err == 0)
		*ret = serial;
	return err;
}

int import_switch_copy(struct store_txn *txn, const struct zone *zone, struct store_load *load,
		       const struct change_origin *by, struct import_serial *ret)
{
	struct import_serial serial = { 0 };
	struct store_zone record = { 0 };
	int err = look_before(txn, zone, &record, &serial);

	if (err == 0)
		err = store_load_switch(load, txn, false, &record);
	if (err == 0)
		err = get_serial(txn, zone, &record, &serial.file);
	serial.after = serial.file;
	if (err == 0)
		err = tell(txn, &record, serial.there ? HISTORY_REPLACED : HISTORY_MADE, &serial,
			   by);
	if (err == 0)
		err = store_zone_put(txn, zone->apex, &record);
	if (err == 0)
		*ret = serial;
	return err;
}

int import_load(struct store *store, struct store_load *load,
		void (*shown)(const struct store_load *load, void *arg), void *arg)
{
	int more = 1;

	while (more > 0) {
		struct store_txn *txn;
		int err = store_write_begin_bulk(store, &txn);

		if (err != 0)
			return err;
		more = store_load_some(load, txn, IMPORT_SLICE);
		if (more >= 0)
			err = store_write_commit(txn);
		else
			store_write_abort(txn);
		if (more < 0 || err != 0)
			return more < 0 ? more : err;
		if (shown != NULL)
			shown(load, arg);
	}
	return store_checkpoint(store);
}
