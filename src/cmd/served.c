/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is served, as the server itself finds it out at its start (server/catalog.h): the zones of the file and,
 * of those that catalogs list (RFC 9432), the ones that an entry of "member" is for. Which catalog brought a zone
 * is noted beside it in the store.
 */
#include "cmd/served.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "server/catalog.h"
#include "zone/membership.h"

struct served {
	struct arena arena;
	struct catalogs *catalogs;
	struct zone_table *table;
	struct served_zone *zone; /* for each of the table */
};

static int fill(struct served *s, size_t index, const struct conf_zone *conf)
{
	struct zone *zone = zone_table_at(s->table, index);

	s->zone[index].conf = conf;
	s->zone[index].zone = zone;
	return knot_dname_from_str(zone->apex, conf->domain, sizeof(zone->apex)) != NULL ? 0 :
											   -EINVAL;
}

static int index_zones(struct served *s, const struct conf *conf)
{
	size_t count;
	const struct conf_zone *member = catalogs_zones(s->catalogs, &count);
	int err = zone_table_new(&s->table, conf->zone_count + count);

	if (err != 0)
		return err;
	s->zone = arena_zero(&s->arena, (conf->zone_count + count + 1) * sizeof(*s->zone));
	if (s->zone == NULL)
		return -ENOMEM;
	for (size_t i = 0; err == 0 && i < conf->zone_count; i++)
		err = fill(s, i, &conf->zone[i]);
	for (size_t i = 0; err == 0 && i < count; i++)
		err = fill(s, conf->zone_count + i, &member[i]);
	return err == 0 ? zone_table_index(s->table) : err;
}

/* Of which catalog they are; what the file has is no catalog's. */
static int note_catalogs(struct served *s, struct store *store, const struct conf *conf)
{
	struct memberships noted = { 0 };
	struct store_txn *txn;
	int err = store_read_begin(store, &txn);

	if (err != 0)
		return err;
	err = membership_read(&noted, &s->arena, txn);
	store_read_end(txn);
	for (size_t i = 0; err == 0 && i < noted.count; i++) {
		const struct zone *zone = zone_table_find(s->table, noted.list[i].zone);
		knot_dname_txt_storage_t name;

		if (zone == NULL || zone->index < conf->zone_count ||
		    knot_dname_to_str(name, noted.list[i].catalog, sizeof(name)) == NULL)
			continue;

		size_t size = strlen(name);
		name[size > 1 ? size - 1 : size] = '\0';
		s->zone[zone->index].catalog = arena_text(&s->arena, name);
		if (s->zone[zone->index].catalog == NULL)
			err = -ENOMEM;
	}
	return err;
}

int served_new(struct served **ret, struct store *store, const struct conf *conf,
	       struct text *fault)
{
	struct served *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;

	int err = catalogs_new(&s->catalogs, store, conf, fault);
	if (err == 0)
		err = index_zones(s, conf);
	if (err == 0)
		err = note_catalogs(s, store, conf);
	if (err != 0)
		served_free(s);
	else
		*ret = s;
	return err;
}

void served_free(struct served *s)
{
	if (s == NULL)
		return;
	catalogs_free(s->catalogs);
	zone_table_free(s->table);
	arena_done(&s->arena);
	free(s);
}

const struct served_zone *served_find(const struct served *s, const knot_dname_t *apex)
{
	const struct zone *zone = zone_table_find(s->table, apex);

	return zone != NULL ? &s->zone[zone->index] : NULL;
}

size_t served_count(const struct served *s)
{
	return zone_table_count(s->table);
}

const struct served_zone *served_at(const struct served *s, size_t index)
{
	return &s->zone[index];
}
