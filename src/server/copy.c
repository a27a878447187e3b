/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies as the secondary minds them: who their primaries are, and what there is of them. */
#include "server/copy.h"

#include <errno.h>
#include <stdlib.h>

#include "base/writer.h"
#include "zone/group.h"

enum {
	TIMEOUT_MS = 2000,
	TRIES = 2,
	TIMERS_SIZE = 5 * 4,
	REFRESH_AT = 4,
	RETRY_AT = 8,
	EXPIRE_AT = 12
};

/* Whose certificates count for its primaries; NULL: none of them shows one. */
static struct client_trust *find_trust(const struct state *state, const struct conf_zone *zone)
{
	for (size_t i = 0; i < zone->primary_count; i++)
		if (zone->primary[i].tls != NULL)
			return state->trust;
	return NULL;
}

static int make_peer(struct copy_peer *ret, const struct state *state, const struct conf_peer *from)
{
	const struct server_key *key = state_key(state, from->key);

	ret->address = from->address;
	peer_format(ret->name, (const struct sockaddr *)&from->address.socket);
	if (from->tls != NULL) {
		ret->tls = strdup(from->tls);
		if (ret->tls == NULL)
			return -ENOMEM;
	}
	if (key != NULL && knot_tsig_key_copy(&ret->key, &key->tsig) != KNOT_EOK)
		return -ENOMEM;
	return 0;
}

int copy_new(struct copy **ret, const struct state *state, size_t index)
{
	const struct conf_zone *conf = &state->conf->zone[index];
	struct copy *copy = calloc(1, sizeof(*copy));
	int err = 0;

	if (copy == NULL)
		return -ENOMEM;
	copy->zone = *zone_table_at(state->zones, index);
	copy->zone.closed = NULL;
	copy->max_size = conf->max_size;
	copy->text = strdup(conf->domain);
	copy->gate = &state->gate[index];
	copy->peer = calloc(conf->primary_count, sizeof(*copy->peer));
	copy->trust = client_trust_hold(find_trust(state, conf));
	if (copy->text == NULL || copy->peer == NULL)
		err = -ENOMEM;
	while (err == 0 && copy->peer_count < conf->primary_count) {
		struct copy_peer *peer = &copy->peer[copy->peer_count];

		err = make_peer(peer, state, &conf->primary[copy->peer_count++]);
		peer->trust = copy->trust;
	}
	if (err == 0)
		*ret = copy;
	else
		copy_free(copy);
	return err;
}

void copy_free(struct copy *copy)
{
	if (copy == NULL)
		return;
	for (size_t i = 0; i < copy->peer_count; i++) {
		knot_tsig_key_deinit(&copy->peer[i].key);
		free(copy->peer[i].tls);
		free(copy->peer[i].told);
	}
	client_trust_free(copy->trust);
	free(copy->peer);
	free(copy->text);
	free(copy);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_key(const knot_tsig_key_t *a, const struct server_key *b)
{
	if (a->name == NULL || b == NULL)
		return a->name == NULL && b == NULL;
	return a->algorithm == b->tsig.algorithm && knot_dname_is_equal(a->name, b->tsig.name) &&
	       a->secret.size == b->tsig.secret.size &&
	       memcmp(a->secret.data, b->tsig.secret.data, a->secret.size) == 0;
}

bool copy_follows(const struct copy *copy, const struct state *state, size_t index)
{
	const struct conf_zone *conf = &state->conf->zone[index];

	if (copy->trust != find_trust(state, conf) || copy->peer_count != conf->primary_count ||
	    copy->max_size != conf->max_size || copy->zone.number_ranges != conf->number_ranges ||
	    copy->zone.consumed != (conf->catalog == CONF_CATALOG_CONSUMER))
		return false;
	for (size_t i = 0; i < conf->primary_count; i++) {
		const struct copy_peer *peer = &copy->peer[i];
		const struct conf_peer *from = &conf->primary[i];

		if (!conf_address_equal(&peer->address, &from->address) ||
		    !same_text(peer->tls, from->tls) ||
		    !same_key(&peer->key, state_key(state, from->key)))
			return false;
	}
	return true;
}

/* RFC 1035 3.3.13: serial, refresh, retry, expire and minimum end the record. */
static void read_soa(struct copy_version *ret, struct slice rdata)
{
	const uint8_t *fields = rdata.data + rdata.size - TIMERS_SIZE;

	ret->there = true;
	ret->serial = get_u32(fields);
	ret->timers = (struct refresh_timers){ .refresh = get_u32(fields + REFRESH_AT),
					       .retry = get_u32(fields + RETRY_AT),
					       .expire = get_u32(fields + EXPIRE_AT) };
}

/* The time is kept as one number, of which it leaves most bits alone. */
static const uint64_t with_ranges = UINT64_C(1) << 63;

int copy_version_keep(struct store_txn *txn, const struct zone *zone, uint64_t checked, bool ranges)
{
	return store_checked_put(txn, zone->apex, checked | (ranges ? with_ranges : 0));
}

static int read_kept(struct copy_version *ret, struct store_txn *txn, const struct zone *zone)
{
	uint64_t kept = 0;
	int err = store_checked_get(txn, zone->apex, &kept);

	ret->checked = kept & ~with_ranges;
	ret->ranges = (kept & with_ranges) != 0;
	if (err == -ENOENT) /* it comes from a file of ours */
		ret->ranges = zone->number_ranges;
	return err == -ENOENT ? 0 : err;
}

int copy_version_get(struct copy_version *ret, struct store_txn *txn, const struct zone *zone)
{
	struct copy_version version = { 0 };
	struct store_zone record;
	struct rrset_record soa;
	int err = store_zone_get(txn, zone->apex, &record);

	if (err == 0)
		err = apex_soa_get(txn, &record, zone->apex, &soa);
	if (err == 0 && soa.rdata.size > TIMERS_SIZE)
		read_soa(&version, soa.rdata);
	if (err == -ENOENT)
		err = 0;
	if (err == 0 && version.there)
		err = read_kept(&version, txn, zone);
	if (err == 0)
		*ret = version;
	return err;
}

struct client_options copy_peer_options(const struct copy_peer *peer)
{
	return (struct client_options){ .address = peer->address.socket,
					.key = peer->key.name != NULL ? &peer->key : NULL,
					.tls = peer->tls,
					.trust = peer->trust,
					.timeout_ms = TIMEOUT_MS,
					.tries = TRIES };
}
