/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A part of a file becomes packed names. Master files are read here (import_master); other forms
 * of file are the caller's. Records of one name that follow each other, as they do in any file that
 * people or programs write, are put together before they are packed; where a name comes again later,
 * the two are united under the same rules.
 */
#include "zone/import_batch.h"

#include <errno.h>
#include <libgen.h>
#include <libknot/libknot.h>
#include <stdlib.h>

#include "dns/edit.h"
#include "dns/key.h"
#include "dns/master.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "tel/naptr.h"

enum { DEFAULT_TTL = 3600, SINGLE_ROOM = 2048 };

static void fault_at(struct import_batch *batch, const struct master_place *place, const char *what,
		     const char *why)
{
	if (batch->faults++ >= IMPORT_FAULTS_MAX)
		return;
	text_printf(&batch->fault, "%s:", place->file);
	if (place->line > 0)
		text_printf(&batch->fault, "%llu:", (unsigned long long)place->line);
	text_printf(&batch->fault, " %s%s%s\n", what, *what != '\0' ? ": " : "", why);
}

void import_fault(struct import_batch *batch, uint64_t line, const char *what, const char *why)
{
	const struct master_place place = { batch->name, line };

	fault_at(batch, &place, what, why);
}

int import_put(struct import_batch *batch, struct slice key, uint64_t line, const struct node *node)
{
	return pack_batch_put(batch->pack, key, line, node);
}

void import_count(struct import_batch *batch, uint64_t records)
{
	batch->records += records;
}

const struct zone *import_zone(const struct import_batch *batch)
{
	return batch->source->zone;
}

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

/* Adds a record; *why where it can't be. -ENOMEM. */
static int add_record(struct node_edit *edit, uint16_t type, uint32_t ttl, struct slice rdata,
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

static void fault_of_name(struct import_batch *batch, struct slice key, uint64_t line,
			  const char *why)
{
	knot_dname_storage_t name;
	knot_dname_txt_storage_t text = "";

	if (line == 0 && key_name(name, key.data, key.size, batch->source->zone->apex) > 0)
		knot_dname_to_str(text, name, sizeof(text));
	import_fault(batch, line, text, why);
}

static int unite(struct slice key, uint64_t line, const struct node *earlier,
		 const struct node *later, struct arena *arena, struct node *ret, void *arg)
{
	struct import_batch *batch = arg;
	const struct import_form *form = batch->source->form;
	struct node_edit edit;
	struct rrset set;
	struct rrset_record record;
	const char *why = NULL;

	if (form->unite != NULL)
		return form->unite(batch, key, line, earlier, later, arena, ret);

	int err = edit_begin(&edit, arena, earlier);
	for (size_t i = 0; err == 0 && node_at(later, i, &set); i++)
		for (size_t pos = 0; err == 0 && rrset_next(&set, &pos, &record);) {
			err = add_record(&edit, set.type, record.ttl, record.rdata, &why);
			if (why != NULL)
				fault_of_name(batch, key, line, why);
		}
	return err == 0 ? edit_end(&edit, ret) : err;
}

int import_batch_init(struct import_batch *batch, const struct import_source *source)
{
	*batch = (struct import_batch){ .source = source };
	batch->name = strcmp(source->path, "-") == 0 ? "stdin" : source->path;
	batch->rules = (struct pack_rules){ .unite = unite, .arg = batch };
	if (source->form->begin == NULL)
		return 0;
	return source->form->begin(&batch->kept, source->form);
}

void import_batch_done(struct import_batch *batch)
{
	if (batch->source != NULL && batch->source->form->end != NULL && batch->kept != NULL)
		batch->source->form->end(batch->kept);
	pack_batch_free(batch->pack);
	text_done(&batch->fault);
	free(batch->text);
	*batch = (struct import_batch){ 0 };
}

int import_batch_run(struct import_batch *batch)
{
	int err = batch->pack == NULL ? pack_batch_new(&batch->pack, &batch->rules) : 0;

	if (err != 0)
		return err;
	pack_batch_reset(batch->pack);
	text_reset(&batch->fault);
	batch->faults = 0;
	batch->records = 0;
	err = batch->source->form->read(batch, batch->kept, batch->text, batch->size, batch->line);
	return err == 0 ? pack_batch_end(batch->pack) : err;
}

/* A name of a master file, while its records are read. */
struct reading {
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

static struct node single_node(const struct reading *r)
{
	return (struct node){ .data = r->node, .size = r->single };
}

static int write_name(struct reading *r)
{
	uint8_t key[KEY_MAX];
	struct node node = single_node(r);
	int err = 0;

	if (r->owner_size == 0)
		return 0;
	if (r->single == 0)
		err = edit_end(&r->edit, &node);
	if (err == 0) {
		size_t size = key_write(key, r->owner, r->batch->source->zone->apex_labels);

		err = import_put(r->batch, slice_make(key, size), r->line, &node);
	}
	r->owner_size = 0;
	r->single = 0;
	arena_reset(&r->arena);
	return err;
}

static bool is_same_name(const struct reading *r, const knot_dname_t *owner)
{
	size_t size = r->owner_size;

	return size > 0 &&
	       (memcmp(r->owner, owner, size) == 0 || knot_dname_is_case_equal(r->owner, owner));
}

static const char *check_naptr(struct slice rdata)
{
	const char *why = NULL;
	struct naptr naptr;

	if (naptr_read(rdata, &naptr) == 0 && naptr_check(&naptr, &why) == 0)
		return NULL;
	return why != NULL ? why : "the NAPTR record can't be checked";
}

/* NULL, or why the record can't be in the zone. */
static const char *check_record(const struct zone *zone, const struct record *record)
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
static int take_first(struct reading *r, const struct record *record,
		      const struct master_place *place)
{
	uint32_t ttl = record->ttl > INT32_MAX ? 0 : record->ttl; /* RFC 2181 8 */

	r->owner_size = knot_dname_store(r->owner, record->owner);
	r->line = place->line;
	r->single = node_write_one(r->node, sizeof(r->node), record->type, ttl, record->rdata);
	if (r->single > 0)
		return 0;

	const char *why;
	int err = edit_begin(&r->edit, &r->arena, &(struct node){ 0 });
	if (err == 0)
		err = add_record(&r->edit, record->type, record->ttl, record->rdata, &why);
	if (err == 0 && why != NULL)
		fault_at(r->batch, place, "", why);
	return err;
}

static int take_further(struct reading *r, const struct record *record,
			const struct master_place *place)
{
	struct node single = single_node(r);
	const char *why = NULL;
	int err = 0;

	if (r->single > 0)
		err = edit_begin(&r->edit, &r->arena, &single);
	r->single = 0;
	if (err == 0)
		err = add_record(&r->edit, record->type, record->ttl, record->rdata, &why);
	if (err == 0 && why != NULL)
		fault_at(r->batch, place, "", why);
	return err;
}

static int read_record(const struct record *record, const struct master_place *place, void *arg)
{
	struct reading *r = arg;
	struct import_batch *batch = r->batch;
	const struct zone *zone = batch->source->zone;
	bool same = is_same_name(r, record->owner);
	int depth = same ? 0 : name_depth(record->owner, zone->apex);
	const char *why = depth < 0 ? "the name is not in the zone" : check_record(zone, record);

	batch->records++;
	if (why != NULL) {
		fault_at(batch, place, "", why);
		return 0;
	}
	if (!same) {
		int err = write_name(r);

		if (err != 0)
			return err;
	}
	batch->soa = batch->soa || record->type == KNOT_RRTYPE_SOA;
	batch->ns = batch->ns || (record->type == KNOT_RRTYPE_NS &&
				  knot_dname_is_case_equal(record->owner, zone->apex));
	return same ? take_further(r, record, place) : take_first(r, record, place);
}

static void read_fault(const struct master_place *place, const char *why, void *arg)
{
	struct reading *r = arg;

	fault_at(r->batch, place, "", why);
}

static int read_master(struct import_batch *batch, void *kept, char *text, size_t size,
		       uint64_t line)
{
	static const struct master_handler handler = { .record = read_record, .fault = read_fault };
	struct reading *r = kept;
	const struct master_place first = { batch->name, line };
	char *path = strdup(batch->source->path);

	if (path == NULL)
		return -ENOMEM;
	r->batch = batch;

	int err = master_read_part(slice_make(text, size), &first, dirname(path),
				   batch->source->zone->apex, DEFAULT_TTL, &handler, r);
	if (err == -EINVAL && batch->faults > 0)
		err = 0; /* said already */
	if (err == 0)
		err = write_name(r);
	free(path);
	return err;
}

static int begin_master(void **ret, const struct import_form *form)
{
	(void)form;
	*ret = calloc(1, sizeof(struct reading));
	return *ret != NULL ? 0 : -ENOMEM;
}

static void end_master(void *kept)
{
	struct reading *r = kept;

	arena_done(&r->arena);
	free(r);
}

const struct import_form import_master = {
	.begin = begin_master,
	.end = end_master,
	.read = read_master,
};
