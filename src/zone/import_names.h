/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_IMPORT_NAMES_H
#define ZONE_IMPORT_NAMES_H

#include "dns/edit.h"
#include "dns/master.h"
#include "zone/import_batch.h"

/* Inside zone/ only: the records of names, one after another, on their way into a batch. */
struct import_names;

struct import_names *import_names_new(void); /* NULL: no memory */
void import_names_free(struct import_names *names);

/*
 * Takes the next record. What can't be in the zone becomes a fault of the batch; anything but 0 ends
 * the import.
 */
int import_names_put(struct import_names *names, struct import_batch *batch,
		     const struct record *record, const struct master_place *place);

/* After the last record. */
int import_names_end(struct import_names *names, struct import_batch *batch);

/* Adds a record to those of its name; *why where it can't be there, else NULL. -ENOMEM. */
int import_add(struct node_edit *edit, uint16_t type, uint32_t ttl, struct slice rdata,
	       const char **why);

/* NULL, or why the record can't be in this zone, or in any. */
const char *import_check(const struct zone *zone, const struct record *record);

/* What is wrong with what stands at this place. */
void import_fault_at(struct import_batch *batch, const struct master_place *place, const char *what,
		     const char *why);

#endif
