/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the words of onnet.yaml to what the answer path works with. */
#include "server/state.h"

#include <errno.h>
#include <stdlib.h>

#include "client/trust.h"
#include "server/tls.h"

static int make_key(struct server_key *ret, const struct conf_key *key, const struct conf *conf,
		    struct text *fault)
{
	int err = knot_tsig_key_init(&ret->tsig, key->algorithm, key->id, key->secret);

	if (err != KNOT_EOK) {
		text_printf(fault, "%s: key '%s': %s\n", conf->path, key->id, knot_strerror(err));
		return err == KNOT_ENOMEM ? -ENOMEM : -EINVAL;
	}
	knot_dname_to_lower(ret->tsig.name);
	ret->id = key->id;
	return 0;
}

static int make_zone(struct zone *ret, const struct conf_zone *zone, const struct conf *conf,
		     struct text *fault)
{
	if (knot_dname_from_str(ret->apex, zone->domain, sizeof(ret->apex)) == NULL) {
		text_printf(fault, "%s:%d: '%s' is no domain name\n", conf->path, zone->line,
			    zone->domain);
		return -EINVAL;
	}
	ret->naptr_check = zone->naptr_check;
	ret->number_ranges = zone->number_ranges;
	ret->log_size = zone->log_size;
	ret->log_age = zone->log_age;
	ret->consumed = zone->catalog == CONF_CATALOG_CONSUMER;
	return 0;
}

static int make_zones(struct state *state, struct text *fault)
{
	const struct conf *conf = state->conf;
	int err = zone_table_new(&state->zones, conf->zone_count);

	for (size_t i = 0; err == 0 && i < conf->zone_count; i++)
		err = make_zone(zone_table_at(state->zones, i), &conf->zone[i], conf, fault);
	for (size_t i = 0; err == 0 && i < conf->zone_count; i++)
		if (conf->zone[i].primary_count > 0)
			zone_table_at(state->zones, i)->closed = &state->gate[i].closed;
	if (err == 0)
		err = zone_table_index(state->zones);
	if (err == -EEXIST)
		text_printf(fault, "%s: a zone is there twice\n", conf->path);
	for (size_t i = 0; err == 0 && i < conf->zone_count; i++)
		err = access_make(&state->access[i], state, zone_table_at(state->zones, i), fault);
	return err;
}

/* The configuration as if its file had these zones, too; what it points to stays the file's. */
static int add_members(struct state *state, const struct conf_zone *member, size_t count)
{
	size_t own = state->file->zone_count;
	struct conf_zone *zone = arena_zero(&state->arena, (own + count) * sizeof(*zone));
	struct conf *conf = arena_zero(&state->arena, sizeof(*conf));

	if (zone == NULL || conf == NULL)
		return -ENOMEM;
	memcpy(conf, state->file, sizeof(*conf));
	if (own > 0)
		memcpy(zone, state->file->zone, own * sizeof(*zone));
	for (size_t i = 0; i < count; i++) {
		zone[own + i] = member[i];
		zone[own + i].domain = arena_text(&state->arena, member[i].domain);
		if (zone[own + i].domain == NULL)
			return -ENOMEM;
	}
	conf->zone = zone;
	conf->zone_count = own + count;
	state->conf = conf;
	return 0;
}

static int make(struct state *state, struct text *fault)
{
	const struct conf *conf = state->conf;
	int err = 0;

	state->key = arena_zero(&state->arena, conf->key_count * sizeof(*state->key));
	state->access = arena_zero(&state->arena, conf->zone_count * sizeof(*state->access));
	state->gate = arena_zero(&state->arena, conf->zone_count * sizeof(*state->gate));
	if (state->key == NULL || state->access == NULL || state->gate == NULL)
		return -ENOMEM;
	err = cookie_secrets_make(&state->cookies, conf);
	for (size_t i = 0; err == 0 && i < conf->key_count; i++)
		err = make_key(&state->key[i], &conf->key[i], conf, fault);
	return err == 0 ? make_zones(state, fault) : err;
}

/* Whether another server is to show a certificate. */
static bool speaks_tls(const struct conf_zone *zone, size_t count)
{
	bool does = false;

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < zone[i].primary_count; k++)
			does |= zone[i].primary[k].tls != NULL;
		for (size_t k = 0; k < zone[i].notify_count; k++)
			does |= zone[i].notify[k].tls != NULL;
		does |= speaks_tls(zone[i].member, zone[i].member_count);
	}
	return does;
}

/* Reads the files that TLS needs. */
static int load_tls(struct state *state, struct text *fault)
{
	const struct conf *conf = state->file;
	int err = 0;

	if (conf->tls.certificate != NULL)
		err = tls_credentials_new(&state->tls, &conf->tls, fault);
	if (err == 0 && (conf->tls.authorities != NULL || speaks_tls(conf->zone, conf->zone_count)))
		err = client_trust_new(&state->trust, conf->tls.authorities, fault);
	return err;
}

/* conf is taken over; from: it shares with this one what was read from files; NULL: that is to be read. */
static int make_whole(struct state **ret, struct conf *conf, const struct state *from,
		      const struct conf_zone *member, size_t count, struct text *fault)
{
	struct state *state = calloc(1, sizeof(*state));

	if (state == NULL) {
		conf_free(conf);
		return -ENOMEM;
	}
	state->file = conf;

	int err = add_members(state, member, count);
	if (err == 0 && from == NULL)
		err = load_tls(state, fault);
	if (from != NULL) {
		state->tls = tls_credentials_hold(from->tls);
		state->trust = client_trust_hold(from->trust);
	}
	if (err == 0)
		err = make(state, fault);
	if (err != 0)
		state_free(state);
	else
		*ret = state;
	return err;
}

int state_with(struct state **ret, struct conf *conf, const struct conf_zone *member, size_t count,
	       struct text *fault)
{
	return make_whole(ret, conf, NULL, member, count, fault);
}

int state_again(struct state **ret, const struct state *from, const struct conf_zone *member,
		size_t count, struct text *fault)
{
	return make_whole(ret, conf_share(from->file), from, member, count, fault);
}

int state_new(struct state **ret, struct conf *conf, struct text *fault)
{
	return state_with(ret, conf, NULL, 0, fault);
}

void state_free(struct state *state)
{
	if (state == NULL)
		return;
	for (size_t i = 0; state->key != NULL && i < state->file->key_count; i++)
		knot_tsig_key_deinit(&state->key[i].tsig);
	tls_credentials_release(state->tls);
	client_trust_free(state->trust);
	zone_table_free(state->zones);
	conf_free(state->file);
	arena_done(&state->arena);
	free(state);
}

const struct server_key *state_key(const struct state *state, const struct conf_key *key)
{
	return key != NULL ? &state->key[key - state->conf->key] : NULL;
}

const struct server_key *state_key_find(const struct state *state, const knot_dname_t *name)
{
	for (size_t i = 0; i < state->conf->key_count; i++)
		if (knot_dname_is_case_equal(state->key[i].tsig.name, name))
			return &state->key[i];
	return NULL;
}
