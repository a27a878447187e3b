/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A part of a file becomes packed names. Master files are read here (import_master); other forms
 * of file are the caller's. Where a name comes again later, the two are united under the rules under which
 * its records were put together.
 */
#include "zone/import_names.h"

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

enum { DEFAULT_TTL = 3600 };

void import_fault_at(struct import_batch *batch, const struct master_place *place, const char *what,
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

	import_fault_at(batch, &place, what, why);
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
			err = import_add(&edit, set.type, record.ttl, record.rdata, &why);
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

/* What is read, for the handler. */
struct reading {
	struct import_batch *batch;
	struct import_names *names;
};

static int read_record(const struct record *record, const struct master_place *place, void *arg)
{
	struct reading *r = arg;

	return import_names_put(r->names, r->batch, record, place);
}

static void read_fault(const struct master_place *place, const char *why, void *arg)
{
	struct reading *r = arg;

	import_fault_at(r->batch, place, "", why);
}

static int read_master(struct import_batch *batch, void *kept, char *text, size_t size,
		       uint64_t line)
{
	static const struct master_handler handler = { .record = read_record, .fault = read_fault };
	struct reading reading = { .batch = batch, .names = kept };
	const struct master_place first = { batch->name, line };
	char *path = strdup(batch->source->path);

	if (path == NULL)
		return -ENOMEM;

	int err = master_read_part(slice_make(text, size), &first, dirname(path),
				   batch->source->zone->apex, DEFAULT_TTL, &handler, &reading);
	if (err == -EINVAL && batch->faults > 0)
		err = 0; /* said already */
	if (err == 0)
		err = import_names_end(kept, batch);
	free(path);
	return err;
}

static int begin_master(void **ret, const struct import_form *form)
{
	(void)form;
	*ret = import_names_new();
	return *ret != NULL ? 0 : -ENOMEM;
}

static void end_master(void *kept)
{
	import_names_free(kept);
}

const struct import_form import_master = {
	.begin = begin_master,
	.end = end_master,
	.read = read_master,
};
