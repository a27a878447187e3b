/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The consumer of catalog zones (RFC 9432). Zones that a catalog lists are served as if the file had
 * them: each is what "member" says, with the catalog's own primaries where that names none, and the
 * state is made from the file's zones and these. Whenever a catalog has changed, what it says is held
 * against what is noted in the store (zone/membership.h), a new state takes the place of the old one
 * as upon a reload, and then the records of what is gone are taken away: by then nobody serves them. A
 * zone that begins anew is one that goes and then comes.
 */
#include "server/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "server/server.h"
#include "zone/membership.h"

struct catalogs {
	struct arena arena;
	const struct conf *conf;
	struct catalog_source *source;
	const struct conf_zone **by; /* of each source: its zone, */
	const char **why;            /* and why it is broken */
	size_t count;
	struct membership_plan plan;
	struct conf_zone *zone;
	size_t zones;
};

static int read_source(struct catalogs *c, struct store_txn *txn, const struct conf_zone *zone)
{
	struct catalog_source *source = &c->source[c->count];
	const char *why = "the store does not have it yet";
	knot_dname_storage_t name;

	if (knot_dname_from_str(name, zone->domain, sizeof(name)) == NULL)
		return -EINVAL;
	knot_dname_to_lower(name);
	c->by[c->count++] = zone;
	source->apex = arena_copy(&c->arena, name, knot_dname_size(name));
	if (source->apex == NULL)
		return -ENOMEM;

	int err = catalog_read(&source->now, &c->arena, txn, source->apex, &why);
	if (err != -EPROTO && err != -ENOENT)
		return err; /* or 0 */
	source->broken = true;
	c->why[c->count - 1] = why;
	return 0;
}

static int read_sources(struct catalogs *c, struct store_txn *txn)
{
	int err = 0;

	c->source = arena_zero(&c->arena, (c->conf->zone_count + 1) * sizeof(*c->source));
	c->by = arena_zero(&c->arena, (c->conf->zone_count + 1) * sizeof(*c->by));
	c->why = arena_zero(&c->arena, (c->conf->zone_count + 1) * sizeof(*c->why));
	if (c->source == NULL || c->by == NULL || c->why == NULL)
		return -ENOMEM;
	for (size_t i = 0; err == 0 && i < c->conf->zone_count; i++)
		if (c->conf->zone[i].catalog == CONF_CATALOG_CONSUMER)
			err = read_source(c, txn, &c->conf->zone[i]);
	return err;
}

/* The zones that the operator declares. */
static int index_declared(struct zone_table **ret, const struct conf *conf)
{
	struct zone_table *table;
	int err = zone_table_new(&table, conf->zone_count);

	if (err != 0)
		return err;
	for (size_t i = 0; err == 0 && i < conf->zone_count; i++) {
		struct zone *zone = zone_table_at(table, i);

		if (knot_dname_from_str(zone->apex, conf->zone[i].domain, sizeof(zone->apex)) ==
		    NULL)
			err = -EINVAL;
	}
	if (err == 0)
		err = zone_table_index(table);
	if (err != 0)
		zone_table_free(table);
	else
		*ret = table;
	return err;
}

static int make_plan(struct catalogs *c, struct store_txn *txn)
{
	struct memberships noted;
	struct zone_table *declared = NULL;
	int err = membership_read(&noted, &c->arena, txn);

	if (err == 0)
		err = index_declared(&declared, c->conf);
	if (err == 0)
		err = membership_plan(&c->plan, &c->arena, &noted, c->source, c->count, declared);
	zone_table_free(declared);
	return err;
}

/* The entry of "member" for one of these groups, else the one for all; NULL: neither is there. */
static const struct conf_zone *choose_entry(const struct conf_zone *catalog, struct slice groups)
{
	const struct conf_zone *all = NULL;

	for (size_t i = 0; i < catalog->member_count; i++) {
		const struct conf_zone *entry = &catalog->member[i];

		if (entry->catalog_group == NULL)
			all = all != NULL ? all : entry;
		else if (catalog_has_group(groups, entry->catalog_group))
			return entry;
	}
	return all;
}

/* One that is to begin anew is not served for now: when all have let it go, it comes as a new one. */
static bool is_served(const struct membership_step *step)
{
	return step->fate == MEMBER_KEPT || step->fate == MEMBER_CHANGED ||
	       step->fate == MEMBER_NEW;
}

static int make_zone(struct catalogs *c, const struct membership_step *step)
{
	const struct conf_zone *catalog = c->by[step->source];
	const struct conf_zone *entry = choose_entry(catalog, step->now.groups);
	knot_dname_txt_storage_t name;

	if (knot_dname_to_str(name, step->now.zone, sizeof(name)) == NULL)
		return -EINVAL;
	if (entry == NULL)
		return 0;

	struct conf_zone *zone = &c->zone[c->zones++];
	*zone = *entry;
	zone->catalog_group = NULL;
	zone->domain = arena_text(&c->arena, name);
	if (zone->primary_count == 0) {
		zone->primary = catalog->primary;
		zone->primary_count = catalog->primary_count;
	}
	return zone->domain != NULL ? 0 : -ENOMEM;
}

static int make_zones(struct catalogs *c)
{
	int err = 0;

	c->zone = arena_take(&c->arena, (c->plan.count + 1) * sizeof(*c->zone));
	if (c->zone == NULL)
		return -ENOMEM;
	for (size_t i = 0; err == 0 && i < c->plan.count; i++)
		if (is_served(&c->plan.step[i]))
			err = make_zone(c, &c->plan.step[i]);
	return err;
}

int catalogs_new(struct catalogs **ret, struct store *store, const struct conf *conf,
		 struct text *fault)
{
	struct catalogs *c = calloc(1, sizeof(*c));
	struct store_txn *txn = NULL;
	int err = c != NULL ? store_read_begin(store, &txn) : -ENOMEM;

	if (err == 0) {
		c->conf = conf;
		err = read_sources(c, txn);
	}
	if (err == 0)
		err = make_plan(c, txn);
	store_read_end(txn);
	if (err == 0)
		err = make_zones(c);
	if (err == 0) {
		*ret = c;
		return 0;
	}
	text_printf(fault, "catalogs can't be read from the store: %s\n", strerror(-err));
	catalogs_free(c);
	return err;
}

void catalogs_free(struct catalogs *catalogs)
{
	if (catalogs == NULL)
		return;
	arena_done(&catalogs->arena);
	free(catalogs);
}

bool catalogs_differ(const struct catalogs *c)
{
	for (size_t i = 0; i < c->plan.count; i++)
		if (c->plan.step[i].fate != MEMBER_KEPT && c->plan.step[i].fate != MEMBER_CLASHES)
			return true;
	return false;
}

const struct conf_zone *catalogs_zones(const struct catalogs *c, size_t *count)
{
	*count = c->zones;
	return c->zone;
}

static void log_step(const struct membership_step *step)
{
	static const char *const words[] = {
		[MEMBER_KEPT] = NULL,
		[MEMBER_CHANGED] = "is another one's or of other groups now",
		[MEMBER_NEW] = "is new",
		[MEMBER_RESET] = "begins anew, without its records",
		[MEMBER_GONE] = "is gone, and so are its records",
		[MEMBER_DECLARED] = "is the configuration's now",
		[MEMBER_CLASHES] = NULL,
	};
	knot_dname_txt_storage_t zone = "", catalog = "";

	knot_dname_to_str(zone, step->now.zone, sizeof(zone));
	knot_dname_to_str(catalog, step->now.catalog, sizeof(catalog));
	if (words[step->fate] != NULL)
		log_info("catalog %s: zone %s %s", catalog, zone, words[step->fate]);
}

/* What of the catalogs is not done, and why; said when all else is. */
static void log_rest(const struct catalogs *c)
{
	knot_dname_txt_storage_t zone = "";

	for (size_t i = 0; i < c->count; i++)
		if (c->source[i].broken)
			log_warning("catalog %s is not followed: %s; its zones stay as they were",
				    c->by[i]->domain, c->why[i]);
	for (size_t i = 0; i < c->plan.count; i++) {
		const struct membership_step *step = &c->plan.step[i];
		const char *why = NULL;

		if (step->fate == MEMBER_CLASHES)
			why = "left alone: it is served already";
		else if (is_served(step) &&
			 choose_entry(c->by[step->source], step->now.groups) == NULL)
			why = "not served: no entry of 'member' is for it";
		if (why == NULL)
			continue;
		knot_dname_to_str(zone, step->now.zone, sizeof(zone));
		log_warning("catalog %s: zone %s is %s", c->by[step->source]->domain, zone, why);
	}
}

static int apply_step(struct store_txn *txn, struct arena *arena,
		      const struct membership_step *step)
{
	struct slice note = { 0 };
	int err = 0;

	if (step->fate == MEMBER_KEPT || step->fate == MEMBER_CLASHES)
		return 0;
	if (step->fate == MEMBER_RESET || step->fate == MEMBER_GONE)
		err = store_zone_drop(txn, step->now.zone);
	if (err == -ENOENT)
		err = 0; /* it never came here */
	if (err == 0 && is_served(step))
		err = membership_format(&note, arena, &step->now);
	return err == 0 ? store_member_put(txn, step->now.zone, note) : err;
}

int catalogs_apply(const struct catalogs *c, struct store *store)
{
	struct arena arena = { 0 };
	struct store_txn *txn;
	int err = 0;

	if (!catalogs_differ(c)) {
		log_rest(c);
		return 0;
	}
	for (size_t i = 0; i < c->plan.count; i++)
		log_step(&c->plan.step[i]);
	err = store_write_begin(store, &txn);
	if (err != 0)
		return err;
	for (size_t i = 0; err == 0 && i < c->plan.count; i++)
		err = apply_step(txn, &arena, &c->plan.step[i]);
	arena_done(&arena);
	if (err == 0)
		return store_write_commit(txn);
	store_write_abort(txn);
	return err;
}

void catalog_changed(const struct zone *zone)
{
	if (zone->consumed)
		kill(getpid(), SERVER_FOLLOW);
}
