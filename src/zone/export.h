/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_EXPORT_H
#define ZONE_EXPORT_H

#include "base/text.h"
#include "store/store.h"
#include "zone/table.h"

/* A file that is written from front to end, packed with gzip where its name ends in ".gz". */
struct export_file;

/* path "-": standard output. A file of this name is replaced when all is written, by export_close(). */
int export_open(struct export_file **ret, const char *path);
int export_write(struct export_file *file, const struct text *text);

/* keep: it is to take the place of what had the name; else nothing is left of it. */
int export_close(struct export_file *file, bool keep);

/* Calls each for every name of the zone, in canonical order. Anything but 0 ends that and is handed back. */
int export_zone(struct store_txn *txn, const knot_dname_t *apex,
		int (*each)(const knot_dname_t *name, const struct node *node, void *arg),
		void *arg);

#endif
