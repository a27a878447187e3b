/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A zone from a master file, in one transaction. Records of one name that follow each other, as
 * they do in any file that people or programs write, are put together in memory and written once.
 */
#include "zone/import.h"

#include <errno.h>
#include <libknot/libknot.h>

#include "base/clock.h"
#include "base/writer.h"
#include "dns/edit.h"
#include "dns/master.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "tel/naptr.h"

enum { FAULTS_MAX = 20, DEFAULT_TTL = 3600 };

struct import {
	struct store_txn *txn;
	const struct zone *zone;
	struct store_zone record;
	struct text *fault;
	size_t faults;
	struct arena arena;         /* of the name at hand */
	knot_dname_storage_t owner; /* the name at hand; valid where has_owner */
	bool has_owner;
	struct node_edit edit;
};

static void report(struct import *import, const struct master_place *place, const char *why)
{
	if (import->faults++ < FAULTS_MAX)
		text_printf(import->fault, "%s:%llu: %s\n", place->file,
			    (unsigned long long)place->line, why);
}

static int write_name(struct import *import)
{
	struct node node;
	int err = 0;

	if (import->has_owner)
		err = edit_end(&import->edit, &node);
	if (import->has_owner && err == 0)
		err = store_node_put(import->txn, &import->record, import->owner, &node);
	import->has_owner = false;
	arena_reset(&import->arena);
	return err;
}

static int take_name(struct import *import, const knot_dname_t *owner)
{
	if (import->has_owner && knot_dname_is_case_equal(import->owner, owner))
		return 0;

	int err = write_name(import);
	if (err != 0)
		return err;
	knot_dname_copy_lower(import->owner, owner);

	struct node stored;
	err = store_node_get(import->txn, &import->record, import->owner, &stored);
	if (err != 0)
		return err;
	err = edit_begin(&import->edit, &import->arena, &stored);
	import->has_owner = err == 0;
	return err;
}

/* NULL, or why the record can't be in the zone. */
static const char *check_record(const struct import *import, const struct record *record)
{
	struct naptr naptr;
	const char *why = NULL;

	if (record->rclass != KNOT_CLASS_IN)
		return "the class must be IN";
	if (name_depth(record->owner, import->zone->apex) < 0)
		return "the name is not in the zone";
	if (record->type == KNOT_RRTYPE_OPT || (record->type >= 128 && record->type <= 255))
		return "this type is not for data";
	if (record->type == KNOT_RRTYPE_SOA &&
	    !knot_dname_is_case_equal(record->owner, import->zone->apex))
		return "SOA stands at the zone's own name only";
	if (!rdata_valid(record->type, record->rdata))
		return "the data is not of this type's form";
	if (record->type == KNOT_RRTYPE_NAPTR && import->zone->naptr_check &&
	    (naptr_read(record->rdata, &naptr) != 0 || naptr_check(&naptr, &why) != 0))
		return why != NULL ? why : "the NAPTR record can't be checked";
	return NULL;
}

/* NULL, or why the record can't stand beside those that its name has already (RFC 2181 10.1). */
static const char *check_company(const struct import *import, const struct record *record)
{
	bool cname = record->type == KNOT_RRTYPE_CNAME;
	struct rrset set;

	for (size_t i = 0; edit_at(&import->edit, i, &set); i++) {
		if (knot_rrtype_is_dnssec(set.type) || knot_rrtype_is_dnssec(record->type))
			continue;
		if (set.type == record->type && rrset_is_single(set.type) &&
		    !rrset_has(&set, record->rdata))
			return "this type has one record for a name, and there is one already";
		if ((set.type == KNOT_RRTYPE_CNAME) != cname)
			return "a name with a CNAME has no other records";
	}
	return NULL;
}

static int import_record(const struct record *record, const struct master_place *place, void *arg)
{
	struct import *import = arg;
	const char *why = check_record(import, record);
	int err = why == NULL ? take_name(import, record->owner) : 0;

	if (err != 0)
		return err;
	if (why == NULL)
		why = check_company(import, record);
	if (why != NULL) {
		report(import, place, why);
		return 0;
	}
	err = edit_add(&import->edit, record->type, record->ttl, record->rdata);
	if (err == -EMSGSIZE) {
		report(import, place, "the set would not fit a message any more");
		return 0;
	}
	return err < 0 ? err : 0;
}

static void import_fault(const struct master_place *place, const char *why, void *arg)
{
	report(arg, place, why);
}

static int check_apex(struct import *import, const char *path)
{
	struct node apex;
	struct rrset set;
	int err = store_node_get(import->txn, &import->record, import->zone->apex, &apex);

	if (err != 0)
		return err;
	if (!node_find(&apex, KNOT_RRTYPE_SOA, &set)) {
		text_printf(import->fault, "%s: the zone has no SOA record\n", path);
		return -EINVAL;
	}
	if (!node_find(&apex, KNOT_RRTYPE_NS, &set)) {
		text_printf(import->fault, "%s: the zone has no NS record at its own name\n", path);
		return -EINVAL;
	}
	return 0;
}

int import_file(struct store_txn *txn, const struct zone *zone, const char *path,
		struct text *fault)
{
	static const struct master_handler handler = { .record = import_record,
						       .fault = import_fault };
	struct import import = { .txn = txn, .zone = zone, .fault = fault };
	int err = store_zone_make(txn, zone->apex, &import.record);

	if (err == 0)
		err = master_read(path, zone->apex, DEFAULT_TTL, &handler, &import);
	if (err == 0)
		err = write_name(&import);
	if (err == 0 && import.faults > 0)
		err = -EINVAL;
	if (err == 0)
		err = check_apex(&import, path);
	if (err == 0)
		err = store_zone_put(txn, zone->apex, &import.record);
	if (err != 0 && fault->size == 0)
		text_printf(fault, "%s: %s\n", path, strerror(-err));
	if (import.faults > FAULTS_MAX)
		text_printf(fault, "%s: and %zu more\n", path, import.faults - FAULTS_MAX);
	arena_done(&import.arena);
	return err;
}

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

int import_empty(struct store_txn *txn, const struct zone *zone)
{
	static const char contact[] = "hostmaster";
	uint8_t rdata[2 * KNOT_DNAME_MAXLEN + sizeof(contact) + 20];
	struct writer w = write_begin(rdata, sizeof(rdata));
	struct arena arena = { 0 };
	struct node node = { 0 };
	struct node_edit edit = { .arena = &arena };
	struct store_zone record;

	/* An apex too long for another label in front is its own contact. */
	write_soa(&w, zone, zone->apex_size + sizeof(contact) <= KNOT_DNAME_MAXLEN ? contact : "");

	int err = store_zone_make(txn, zone->apex, &record);
	if (err >= 0)
		err = edit_add(&edit, KNOT_RRTYPE_SOA, DEFAULT_TTL,
			       slice_make(rdata, write_size(&w)));
	if (err >= 0)
		err = edit_add(&edit, KNOT_RRTYPE_NS, DEFAULT_TTL,
			       slice_make(zone->apex, zone->apex_size));
	if (err >= 0)
		err = edit_end(&edit, &node);
	if (err >= 0)
		err = store_node_put(txn, &record, zone->apex, &node);
	if (err >= 0)
		err = store_zone_put(txn, zone->apex, &record);
	arena_done(&arena);
	return err < 0 ? err : 0;
}
