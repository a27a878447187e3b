/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_INTAKE_H
#define ZONE_INTAKE_H

#include "base/text.h"
#include "dns/record.h"
#include "store/pack.h"
#include "zone/table.h"

/*
 * A whole zone that comes record by record from another server, packed as an import is (zone/import.h) and
 * in as little memory.
 */
struct intake;

/* folder: the storage. The zone is copied. */
int intake_new(struct intake **ret, const struct zone *zone, const char *folder);
void intake_free(struct intake *intake);

/*
 * Takes the next record, in any order. What lies outside of the zone is left out and counted. -EINVAL: it
 * can't be kept; intake_fault() says why.
 */
int intake_put(struct intake *intake, const struct record *record);

/* After the last one; the files are the intake's. Errors as of intake_put(). */
int intake_end(struct intake *intake, struct pack_result *ret);

/* "NAME: why", or "". */
const char *intake_fault(const struct intake *intake);

/* How many records lay outside of the zone. */
uint64_t intake_outside(const struct intake *intake);

#endif
