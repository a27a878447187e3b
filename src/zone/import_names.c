/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records that come one after another become packed names. Those of one name that follow each other, as
 * they do in any file that people or programs write and in transfers, are put together before they are
 * packed. Nearly all names of numbers have one record, which is made a node without further ado.
 */
#include "zone/import_names.h"

#include <errno.h>
#include <libknot/libknot.h>
#include <stdlib.h>

#include "dns/key.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "tel/naptr.h"

enum { SINGLE_ROOM = 2048 };

/* NULL, or why a record can't stand beside those that its name has already (RFC 2181 10.1). */
static const char *check_company(const struct node_edit *edit, uint16_t type, struct slice rdata)
{
	bool cname = type == KNOT_RRTYPE_CNAME;
	struct rrset set;

	for (size_t i = 0; edit_at(edit, i, &set); i++) {
		if (knot_rrtype_is_dnssec(set.type) || knot_rrtype_is_dnssec(type))
			continue;
		if (set.type == type && rrset_is_single(set.type) && !rrset_has(&set, rdata))
			return "this type has one record for a name, and there is one already";
		if ((set.type == KNOT_RRTYPE_CNAME) != cname)
			return "a name with a CNAME has no other records";
	}
	return NULL;
}

int import_add(struct node_edit *edit, uint16_t type, uint32_t ttl, struct slice rdata,
	       const char **why)
{
	*why = check_company(edit, type, rdata);
	if (*why != NULL)
		return 0;

	int err = edit_add(edit, type, ttl, rdata);
	if (err == -EMSGSIZE) {
		*why = "the set would not fit a message any more";
		return 0;
	}
	return err < 0 ? err : 0;
}

/* A name, while its records come. */
struct import_names {
	struct import_batch *batch;
	struct arena arena; /* of the name at hand */
	knot_dname_storage_t owner;
	size_t owner_size; /* 0: there is no name at hand */
	uint64_t line;     /* of its first record */
	size_t single;     /* octets of the node that its one record makes; 0: edit has them */
	uint16_t single_type;
	struct node_edit edit;
	uint8_t node[SINGLE_ROOM];
};

/* A record without a line, of a transfer, is known by its name. */
static void fault(const struct import_names *names, const struct record *record,
		  const struct master_place *place, const char *why)
{
	knot_dname_txt_storage_t name = "";

	if (place->line == 0)
		knot_dname_to_str(name, record->owner, sizeof(name));
	import_fault_at(names->batch, place, name, why);
}

static struct node single_node(const struct import_names *names)
{
	return (struct node){ .data = names->node, .size = names->single };
}

static int write_name(struct import_names *names)
{
	uint8_t key[KEY_MAX];
	struct node node = single_node(names);
	int err = 0;

	if (names->owner_size == 0)
		return 0;
	if (names->single == 0)
		err = edit_end(&names->edit, &node);
	if (err == 0) {
		size_t size = key_write(key, names->owner, names->batch->source->zone->apex_labels);

		err = import_put(names->batch, slice_make(key, size), names->line, &node);
	}
	names->owner_size = 0;
	names->single = 0;
	arena_reset(&names->arena);
	return err;
}

static bool is_same_name(const struct import_names *names, const knot_dname_t *owner)
{
	size_t size = names->owner_size;

	return size > 0 && knot_dname_size(owner) == size &&
	       (memcmp(names->owner, owner, size) == 0 ||
		knot_dname_is_case_equal(names->owner, owner));
}

static const char *check_naptr(struct slice rdata)
{
	const char *why = NULL;
	struct naptr naptr;

	if (naptr_read(rdata, &naptr) == 0 && naptr_check(&naptr, &why) == 0)
		return NULL;
	return why != NULL ? why : "the NAPTR record can't be checked";
}

const char *import_check(const struct zone *zone, const struct record *record)
{
	if (record->rclass != KNOT_CLASS_IN)
		return "the class must be IN";
	if (rdata_is_meta(record->type))
		return "this type is not for data";
	if (record->type == KNOT_RRTYPE_SOA && !knot_dname_is_case_equal(record->owner, zone->apex))
		return "SOA stands at the zone's own name only";
	if (!rdata_valid(record->type, record->rdata))
		return "the data is not of this type's form";
	if (record->type == KNOT_RRTYPE_NAPTR && zone->naptr_check)
		return check_naptr(record->rdata);
	return NULL;
}

/* The first record of a name: a node of its own until a second one comes. */
static int take_first(struct import_names *names, const struct record *record,
		      const struct master_place *place)
{
	uint32_t ttl = record->ttl > INT32_MAX ? 0 : record->ttl; /* RFC 2181 8 */

	names->owner_size = knot_dname_store(names->owner, record->owner);
	names->line = place->line;
	names->single =
		node_write_one(names->node, sizeof(names->node), record->type, ttl, record->rdata);
	if (names->single > 0)
		return 0;

	const char *why;
	int err = edit_begin(&names->edit, &names->arena, &(struct node){ 0 });
	if (err == 0)
		err = import_add(&names->edit, record->type, record->ttl, record->rdata, &why);
	if (err == 0 && why != NULL)
		fault(names, record, place, why);
	return err;
}

static int take_further(struct import_names *names, const struct record *record,
			const struct master_place *place)
{
	struct node single = single_node(names);
	const char *why = NULL;
	int err = 0;

	if (names->single > 0)
		err = edit_begin(&names->edit, &names->arena, &single);
	names->single = 0;
	if (err == 0)
		err = import_add(&names->edit, record->type, record->ttl, record->rdata, &why);
	if (err == 0 && why != NULL)
		fault(names, record, place, why);
	return err;
}

int import_names_put(struct import_names *names, struct import_batch *batch,
		     const struct record *record, const struct master_place *place)
{
	const struct zone *zone = batch->source->zone;
	bool same = is_same_name(names, record->owner);
	int depth = same ? 0 : name_depth(record->owner, zone->apex);
	const char *why = depth < 0 ? "the name is not in the zone" : import_check(zone, record);

	names->batch = batch;
	batch->records++;
	if (why != NULL) {
		fault(names, record, place, why);
		return 0;
	}
	if (!same) {
		int err = write_name(names);

		if (err != 0)
			return err;
	}
	batch->soa = batch->soa || record->type == KNOT_RRTYPE_SOA;
	batch->ns = batch->ns || (record->type == KNOT_RRTYPE_NS &&
				  knot_dname_is_case_equal(record->owner, zone->apex));
	return same ? take_further(names, record, place) : take_first(names, record, place);
}

int import_names_end(struct import_names *names, struct import_batch *batch)
{
	names->batch = batch;
	return write_name(names);
}

struct import_names *import_names_new(void)
{
	return calloc(1, sizeof(struct import_names));
}

void import_names_free(struct import_names *names)
{
	if (names == NULL)
		return;
	arena_done(&names->arena);
	free(names);
}
