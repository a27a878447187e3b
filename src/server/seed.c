/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Zones that the store does not have yet. All files are read before anything is written, and what
 * is made of them lies in the store before any zone leads there: one transaction makes all of them.
 */
#include "server/seed.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "zone/import.h"

/* A zone that is to be made. */
struct seed {
	const struct zone *zone;
	const char *file; /* NULL: none */
	struct pack *pack;
	struct store_load *load;
};

struct seeds {
	struct seed *seed;
	size_t count;
};

static int find_missing(struct seeds *seeds, struct store *store, const struct state *state)
{
	struct store_txn *txn = NULL;
	int err = store_read_begin(store, &txn);

	for (size_t i = 0; err == 0 && i < state->conf->zone_count; i++) {
		const struct zone *zone = zone_table_at(state->zones, i);
		struct store_zone record;

		err = store_zone_get(txn, zone->apex, &record);
		/* a copy comes from its primary, unless there is something to begin with */
		bool fetched = zone->closed != NULL && state->conf->zone[i].file == NULL;
		if (err == -ENOENT && fetched) {
			err = 0;
		} else if (err == -ENOENT) {
			seeds->seed[seeds->count++] =
				(struct seed){ .zone = zone, .file = state->conf->zone[i].file };
			err = 0;
		}
	}
	store_read_end(txn);
	return err;
}

static int read_file(struct seed *seed, const char *folder, struct text *fault)
{
	const struct import_source source = {
		.zone = seed->zone,
		.form = &import_master,
		.path = seed->file,
		.folder = folder,
	};
	struct pack_result packed;
	int err = import_pack(&seed->pack, &packed, &source, NULL, fault);

	return err == 0 ? store_load_new(&seed->load, &packed, seed->zone->apex_labels) : err;
}

static int make_zone(struct store_txn *txn, const struct seed *seed)
{
	struct import_serial serial;

	if (seed->load == NULL)
		return import_empty(txn, seed->zone);
	return import_switch(txn, seed->zone, seed->load, false, &serial);
}

static int make_zones(struct seeds *seeds, struct store *store)
{
	struct store_txn *txn;
	int err = store_write_begin(store, &txn);

	if (err != 0)
		return err;
	for (size_t i = 0; err == 0 && i < seeds->count; i++)
		err = make_zone(txn, &seeds->seed[i]);
	if (err == 0)
		return store_write_commit(txn);
	store_write_abort(txn);
	return err;
}

static void log_zone(const struct seed *seed)
{
	knot_dname_txt_storage_t name = "";

	knot_dname_to_str(name, seed->zone->apex, sizeof(name));
	log_info("zone %s made from %s", name,
		 seed->file != NULL ? seed->file : "its name: SOA and NS");
}

static void seeds_done(struct seeds *seeds)
{
	for (size_t i = 0; seeds->seed != NULL && i < seeds->count; i++) {
		store_load_free(seeds->seed[i].load);
		pack_free(seeds->seed[i].pack);
	}
	free(seeds->seed);
}

int seed_zones(struct store *store, const struct state *state, struct text *fault)
{
	struct seeds seeds = { .seed = calloc(state->conf->zone_count + 1, sizeof(struct seed)) };
	int err = seeds.seed == NULL ? -ENOMEM : find_missing(&seeds, store, state);

	for (size_t i = 0; err == 0 && i < seeds.count; i++)
		if (seeds.seed[i].file != NULL)
			err = read_file(&seeds.seed[i], store_folder(store), fault);
	for (size_t i = 0; err == 0 && i < seeds.count; i++)
		if (seeds.seed[i].load != NULL)
			err = import_load(store, seeds.seed[i].load, NULL, NULL);
	if (err == 0 && seeds.count > 0)
		err = make_zones(&seeds, store);
	for (size_t i = 0; err == 0 && i < seeds.count; i++)
		log_zone(&seeds.seed[i]);
	if (err != 0 && fault->size == 0)
		text_printf(fault, "zones can't be made in the store: %s\n", strerror(-err));
	seeds_done(&seeds);
	return err;
}
