/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The producer of a catalog zone (RFC 9432): a zone whose records are made from the configuration, in one
 * change whenever that says something else, so that it has a serial and a change log as any other zone.
 */
#include <errno.h>

#include "base/log.h"
#include "server/catalog.h"
#include "server/writer.h"
#include "zone/catalog.h"

/* The one text of a group as a TXT record has it. */
static int make_group(struct slice *ret, struct arena *arena, const char *group)
{
	size_t size = strlen(group);
	uint8_t *octets = arena_take(arena, 1 + size);

	if (octets == NULL)
		return -ENOMEM;
	octets[0] = (uint8_t)size;
	memcpy(octets + 1, group, size);
	*ret = slice_make(octets, 1 + size);
	return 0;
}

/* The zones that the configuration puts into this catalog. */
static int list_members(struct catalog *ret, struct arena *arena, const struct state *state,
			const struct zone *catalog)
{
	const struct conf *conf = state->conf;
	knot_dname_storage_t name;
	int err = 0;

	ret->count = 0;
	ret->member = arena_zero(arena, conf->zone_count * sizeof(*ret->member));
	if (ret->member == NULL)
		return -ENOMEM;
	for (size_t i = 0; err == 0 && i < conf->zone_count; i++) {
		const struct conf_zone *zone = &conf->zone[i];

		if (zone->catalog_zone == NULL ||
		    knot_dname_from_str(name, zone->catalog_zone, sizeof(name)) == NULL ||
		    !knot_dname_is_case_equal(name, catalog->apex))
			continue;

		struct catalog_member *member = &ret->member[ret->count++];
		member->zone = zone_table_at(state->zones, i)->apex;
		if (zone->catalog_group != NULL)
			err = make_group(&member->groups, arena, zone->catalog_group);
	}
	return err;
}

/* 1: the catalog changed. */
static int produce(struct store *store, const struct state *state, const struct zone *zone,
		   struct arena *arena)
{
	struct catalog catalog;
	struct change_group group;
	struct store_txn *txn;
	int err = list_members(&catalog, arena, state, zone);

	if (err == 0)
		err = store_write_begin(store, &txn);
	if (err != 0)
		return err;
	group_begin(&group, arena, txn);
	err = catalog_write(&group, arena, zone, catalog.member, catalog.count);
	if (err > 0)
		err = group_end(&group);
	if (err > 0) {
		err = store_write_commit(txn);
		return err == 0 ? 1 : err;
	}
	store_write_abort(txn);
	return err;
}

void catalogs_produce(struct store *store, const struct state *state, struct update_writer *writer)
{
	for (size_t i = 0; i < state->conf->zone_count; i++) {
		const struct zone *zone = zone_table_at(state->zones, i);
		struct arena arena = { 0 };
		int err = 0;

		if (state->conf->zone[i].catalog == CONF_CATALOG_PRODUCER)
			err = produce(store, state, zone, &arena);
		if (err > 0 && writer != NULL)
			writer_tell_changed(writer, zone);
		if (err < 0)
			log_error("catalog %s can't be brought up to date: %s",
				  state->conf->zone[i].domain, strerror(-err));
		arena_done(&arena);
	}
}
