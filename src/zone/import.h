/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ZONE_IMPORT_H
#define ZONE_IMPORT_H

#include "base/text.h"
#include "store/store.h"
#include "zone/table.h"

/*
 * Makes the zone in the store out of a master file, in place of the one that may be there. 0, or a
 * negative errno and lines "FILE:LINE: what is wrong" in fault; then the transaction must be
 * aborted.
 */
int import_file(struct store_txn *txn, const struct zone *zone, const char *path,
		struct text *fault);

/* The smallest zone: SOA and NS made from its name. */
int import_empty(struct store_txn *txn, const struct zone *zone);

#endif
