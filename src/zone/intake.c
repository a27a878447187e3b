/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A zone transferred in, on its way to the store. Whether a record makes sense is for the primary to
 * say, so NAPTR expressions are not tested; but a record that no answer could hold, or that can't stand
 * beside others, ends it. Batches are put together as they are full, so that memory does not grow with
 * the zone.
 */
#include "zone/intake.h"

#include <errno.h>
#include <stdlib.h>

#include "dns/name.h"
#include "zone/import_names.h"

enum { BATCH_RECORDS = 16384 };

struct intake {
	struct zone zone;
	struct import_source source;
	struct import_batch batch;
	struct import_names *names;
	struct pack *pack;
	size_t in_batch; /* records since it was emptied */
	uint64_t outside;
};

static const struct import_form form_of_transfer = { 0 };

int intake_new(struct intake **ret, const struct zone *zone, const char *folder)
{
	struct intake *intake = calloc(1, sizeof(*intake));
	int err;

	if (intake == NULL)
		return -ENOMEM;
	intake->zone = *zone;
	intake->zone.naptr_check = false;
	intake->source = (struct import_source){
		.zone = &intake->zone, .form = &form_of_transfer, .path = "", .folder = folder
	};
	intake->names = import_names_new();
	err = intake->names != NULL ? import_batch_init(&intake->batch, &intake->source) : -ENOMEM;
	if (err == 0)
		err = pack_batch_new(&intake->batch.pack, &intake->batch.rules);
	if (err == 0)
		err = pack_new(&intake->pack, folder, &intake->batch.rules);
	if (err == 0)
		*ret = intake;
	else
		intake_free(intake);
	return err;
}

void intake_free(struct intake *intake)
{
	if (intake == NULL)
		return;
	pack_free(intake->pack);
	import_names_free(intake->names);
	import_batch_done(&intake->batch);
	free(intake);
}

static int faulty(const struct intake *intake, int err)
{
	return err == 0 && intake->batch.faults > 0 ? -EINVAL : err;
}

/* Puts what the batch has to what came before. */
static int flush(struct intake *intake)
{
	struct import_batch *batch = &intake->batch;
	int err = import_names_end(intake->names, batch);

	if (err == 0)
		err = pack_batch_end(batch->pack);
	if (err == 0)
		err = pack_add(intake->pack, batch->pack);
	pack_batch_reset(batch->pack);
	intake->in_batch = 0;
	return faulty(intake, err);
}

int intake_put(struct intake *intake, const struct record *record)
{
	static const struct master_place nowhere = { .file = "" };
	int err;

	if (name_depth(record->owner, intake->zone.apex) < 0) {
		intake->outside++;
		return 0;
	}
	err = import_names_put(intake->names, &intake->batch, record, &nowhere);
	err = faulty(intake, err);
	return err == 0 && ++intake->in_batch >= BATCH_RECORDS ? flush(intake) : err;
}

int intake_end(struct intake *intake, struct pack_result *ret)
{
	int err = flush(intake);

	return err == 0 ? faulty(intake, pack_end(intake->pack, ret)) : err;
}

const char *intake_fault(const struct intake *intake)
{
	const char *line = text_get(&intake->batch.fault);

	/* ": NAME: why" of no file; the end of the line is cut by whoever shows it */
	return line + strspn(line, ": ");
}

uint64_t intake_outside(const struct intake *intake)
{
	return intake->outside;
}
