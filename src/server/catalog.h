/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SERVER_CATALOG_H
#define SERVER_CATALOG_H

#include "server/state.h"
#include "store/store.h"

/*
 * Catalog zones (RFC 9432): those that we make from the configuration, and those whose zones we serve.
 */

struct update_writer;

/*
 * Has each catalog that we are the producer of list the zones that the configuration says; where one
 * changed, the writer tells those who are to know (NULL: nobody yet). Nobody else writes to the store
 * meanwhile. What could not be done is logged, and tried again with the next reload.
 */
void catalogs_produce(struct store *store, const struct state *state, struct update_writer *writer);

/* What the catalogs that we follow say now, and what is to become of the zones that they list. */
struct catalogs;

/* conf is the file's. A negative errno, and a line in fault. */
int catalogs_new(struct catalogs **ret, struct store *store, const struct conf *conf,
		 struct text *fault);
void catalogs_free(struct catalogs *catalogs); /* NULL is nothing */

/* Whether anything is to become another than it is noted in the store. */
bool catalogs_differ(const struct catalogs *catalogs);

/* The zones to be served, for state_with(); they live as long as the catalogs and conf do. */
const struct conf_zone *catalogs_zones(const struct catalogs *catalogs, size_t *count);

/*
 * Notes in the store who listed what, and takes away the records of zones that are gone or begin anew; says
 * so in the log. Nobody else writes to the store meanwhile, and nobody serves those zones any more. Then there
 * may be more to do: it is over when catalogs made anew do not differ; for those it writes nothing, and says what is
 * not done and why.
 */
int catalogs_apply(const struct catalogs *catalogs, struct store *store);

/*
 * To be called from any thread when a change of this zone was committed, an update or a transfer: where it is
 * a catalog that we follow, the process gets SERVER_FOLLOW (server/server.h).
 */
void catalog_changed(const struct zone *zone);

#endif
