/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the words of onnet.yaml to what the answer path works with. */
#include "server/state.h"

#include <errno.h>
#include <stdlib.h>

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
	return 0;
}

static int make_zones(struct state *state, struct text *fault)
{
	const struct conf *conf = state->conf;
	int err = zone_table_new(&state->zones, conf->zone_count);

	for (size_t i = 0; err == 0 && i < conf->zone_count; i++)
		err = make_zone(zone_table_at(state->zones, i), &conf->zone[i], conf, fault);
	if (err == 0)
		err = zone_table_index(state->zones);
	if (err == -EEXIST)
		text_printf(fault, "%s: a zone is there twice\n", conf->path);
	for (size_t i = 0; err == 0 && i < conf->zone_count; i++)
		err = access_make(&state->access[i], state, zone_table_at(state->zones, i), fault);
	return err;
}

int state_new(struct state **ret, struct conf *conf, struct text *fault)
{
	struct state *state = calloc(1, sizeof(*state));
	int err = 0;

	if (state == NULL) {
		conf_free(conf);
		return -ENOMEM;
	}
	state->conf = conf;
	state->key = arena_zero(&state->arena, conf->key_count * sizeof(*state->key));
	state->access = arena_zero(&state->arena, conf->zone_count * sizeof(*state->access));
	if (state->key == NULL || state->access == NULL)
		err = -ENOMEM;
	if (err == 0)
		err = cookie_secrets_make(&state->cookies, conf);
	for (size_t i = 0; err == 0 && i < conf->key_count; i++)
		err = make_key(&state->key[i], &conf->key[i], conf, fault);
	if (err == 0 && conf->tls.certificate != NULL)
		err = tls_credentials_new(&state->tls, &conf->tls, fault);
	if (err == 0)
		err = make_zones(state, fault);
	if (err != 0)
		state_free(state);
	else
		*ret = state;
	return err;
}

void state_free(struct state *state)
{
	if (state == NULL)
		return;
	for (size_t i = 0; state->key != NULL && i < state->conf->key_count; i++)
		knot_tsig_key_deinit(&state->key[i].tsig);
	tls_credentials_release(state->tls);
	zone_table_free(state->zones);
	conf_free(state->conf);
	arena_done(&state->arena);
	free(state);
}

const struct server_key *state_key_find(const struct state *state, const knot_dname_t *name)
{
	for (size_t i = 0; i < state->conf->key_count; i++)
		if (knot_dname_is_case_equal(state->key[i].tsig.name, name))
			return &state->key[i];
	return NULL;
}
