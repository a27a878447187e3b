/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_SERVED_H
#define CMD_SERVED_H

#include "base/text.h"
#include "conf/conf.h"
#include "store/store.h"
#include "zone/table.h"

/* The zones that a server with this configuration and store serves: the file's, and those that catalogs list. */
struct served;

struct served_zone {
	const struct zone *zone;
	const struct conf_zone *conf;
	const char *catalog; /* that brought it, without its final dot; NULL: the file has it */
};

/* conf lives as long as served. A negative errno, and a line in fault. */
int served_new(struct served **ret, struct store *store, const struct conf *conf,
	       struct text *fault);
void served_free(struct served *served); /* NULL is nothing */

/* The zone with this apex; NULL: it is not served. */
const struct served_zone *served_find(const struct served *served, const knot_dname_t *apex);

/* All of them: index is below count. */
size_t served_count(const struct served *served);
const struct served_zone *served_at(const struct served *served, size_t index);

#endif
