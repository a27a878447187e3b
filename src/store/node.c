/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names with their records. Plain names have an entry each, in canonical order; numbers lie in packed blocks
 * (number.c). Above this file there are only names: a name is looked for among both, and where it
 * is not there, its neighbours of both kinds show which of its ancestors exist (RFC 4592 2.2, 3.3.1). An
 * ancestor exists where a name below it does, so the closest encloser is what the name shares with
 * the neighbour with which it shares most.
 */
#include <errno.h>
#include <libknot/descriptor.h>
#include <stdlib.h>

#include "store/number.h"

void store_key_count(struct store_key *key)
{
	unsigned labels = 0;

	for (size_t i = LABELS_AT; i < key->size; i++)
		labels += key->octets[i] == 0;
	key->labels = (uint16_t)labels;
	key->slot = (int16_t)(labels >= LENGTH_LABELS ?
				      number_slot(key->octets + LABELS_AT, key->size - LABELS_AT) :
				      -1);
}

void store_key_make(struct store_key *ret, const struct store_zone *zone, const knot_dname_t *name)
{
	for (int i = 0; i < TREE_SIZE; i++)
		ret->octets[i] = (uint8_t)(zone->tree >> (8 * (TREE_SIZE - 1 - i)));
	ret->octets[LENGTH_AT] = 0;
	ret->size =
		(uint16_t)(LABELS_AT + key_write(ret->octets + LABELS_AT, name, zone->apex_labels));
	store_key_count(ret);
}

void look_at(struct look *look, const struct store_key *wanted, const uint8_t *labels, size_t size)
{
	size_t wanted_size = wanted->size - LABELS_AT, shared_size;
	size_t shared = key_shared_labels(labels, size, wanted->octets + LABELS_AT, wanted_size,
					  &shared_size);

	if (shared > look->shared)
		look->shared = shared;
	if (shared_size == wanted_size)
		look->below = true;
}

/* Looks among the plain names. */
static int node_look(struct store_txn *txn, struct store_key *wanted, struct look *look)
{
	MDB_val key = store_key_value(wanted), value;
	int err = mdb_cursor_get(txn->nodes, &key, &value, MDB_SET_RANGE);

	if (err == 0) {
		if (key.mv_size == wanted->size &&
		    memcmp(key.mv_data, wanted->octets, wanted->size) == 0) {
			look->found = true;
			look->node = (struct node){ .data = value.mv_data, .size = value.mv_size };
			return 0;
		}
		if (memcmp(key.mv_data, wanted->octets, LABELS_AT) == 0)
			look_at(look, wanted, (uint8_t *)key.mv_data + LABELS_AT,
				key.mv_size - LABELS_AT);
		if (look->below)
			return 0;
	}
	if (err == 0 || err == MDB_NOTFOUND)
		err = mdb_cursor_get(txn->nodes, &key, &value, err == 0 ? MDB_PREV : MDB_LAST);
	if (err == 0 && memcmp(key.mv_data, wanted->octets, LABELS_AT) == 0)
		look_at(look, wanted, (uint8_t *)key.mv_data + LABELS_AT, key.mv_size - LABELS_AT);
	return err == MDB_NOTFOUND ? 0 : database_error(err);
}

static bool has_length(const struct store_zone *zone, size_t length)
{
	return (zone->lengths[length / 64] >> (length % 64) & 1) != 0;
}

/* Whether the entry at hand is the plain name itself. */
static bool is_aimed_at(const struct store_aim *aim, struct look *look)
{
	look->found = slice_equal(aim->at, slice_make(aim->key.octets, aim->key.size));
	look->node = (struct node){ .data = aim->entry.data, .size = aim->entry.size };
	return look->found;
}

/* Looks where the name itself would be, then, for its neighbours, everywhere else. */
static int look_for(struct store_txn *txn, const struct store_zone *zone, struct store_aim *aim,
		    struct look *look)
{
	struct store_key *key = &aim->key;
	size_t own = key->slot >= 0 && has_length(zone, key->labels) ? key->labels : 0;
	int told = own > 0 ? number_look_in(txn, aim, look) : 1;
	int err = told < 0 ? told : 0;

	if (own == 0 && is_aimed_at(aim, look))
		return 0;

	if (told == 0)
		err = number_look(txn, key, own, look);
	/*
	 * where the apex is the only plain name, it is this one, or a neighbour that tells nothing;
	 * that it has records, and so is the one that is no number, store_find() relies on
	 */
	if (err == 0 && !look->found && (zone->names > zone->numbers + 1 || key->labels == 0))
		err = node_look(txn, key, look);
	for (size_t i = 0; i < STORE_LENGTHS && !look->found; i++) {
		uint64_t lengths = zone->lengths[i];

		for (; err == 0 && lengths != 0 && !look->below; lengths &= lengths - 1) {
			size_t length = i * 64 + (size_t)__builtin_ctzll(lengths);

			if (length != own)
				err = number_look(txn, key, length, look);
		}
	}
	return err;
}

void store_aim(struct store_aim *ret, const struct store_zone *zone, const knot_dname_t *name)
{
	store_key_make(&ret->key, zone, name);
	ret->at = ret->entry = (struct slice){ 0 };
}

int store_find_aimed(struct store_txn *txn, const struct store_zone *zone, struct store_aim *aim,
		     struct store_match *ret)
{
	struct look look = { 0 };
	int err = number_flush(txn);

	if (err == 0)
		err = look_for(txn, zone, aim, &look);
	if (err != 0)
		return err;
	ret->status = look.found ? STORE_FOUND : look.below ? STORE_EMPTY : STORE_ABSENT;
	ret->node = look.node;
	ret->encloser_labels = zone->apex_labels + look.shared;
	return 0;
}

int store_find(struct store_txn *txn, const struct store_zone *zone, const knot_dname_t *name,
	       struct store_match *ret)
{
	struct store_aim aim;

	store_aim(&aim, zone, name);
	return store_find_aimed(txn, zone, &aim, ret);
}

static int node_get(struct store_txn *txn, struct store_key *wanted, struct node *ret)
{
	MDB_val key = store_key_value(wanted), value;

	if (wanted->slot >= 0)
		return number_get(txn, wanted, ret);

	int err = mdb_get(txn->mdb, txn->store->nodes, &key, &value);
	if (err == MDB_NOTFOUND)
		*ret = (struct node){ 0 };
	else if (err == 0)
		*ret = (struct node){ .data = value.mv_data, .size = value.mv_size };
	else
		return database_error(err);
	return 0;
}

int store_node_get(struct store_txn *txn, const struct store_zone *zone, const knot_dname_t *name,
		   struct node *ret)
{
	struct store_key key;

	store_key_make(&key, zone, name);
	return node_get(txn, &key, ret);
}

bool node_cuts(const struct node *node, bool apex)
{
	struct rrset set;

	return (!apex && node_find(node, KNOT_RRTYPE_NS, &set)) ||
	       node_find(node, KNOT_RRTYPE_DNAME, &set);
}

int node_write(struct store_txn *txn, struct store_key *wanted, const struct node *node)
{
	MDB_val key = store_key_value(wanted);
	MDB_val value = { .mv_data = (void *)(uintptr_t)node->data, .mv_size = node->size };

	if (wanted->slot >= 0)
		return number_put(txn, wanted, node);
	if (node->size > 0)
		return database_error(mdb_put(txn->mdb, txn->store->nodes, &key, &value, 0));

	int err = mdb_del(txn->mdb, txn->store->nodes, &key, NULL);
	return err == MDB_NOTFOUND ? 0 : database_error(err);
}

/*
 * Whether a name makes a wildcard of its zone: it is one, or it is below one, which is there for its sake
 * (RFC 4592 2.2.2).
 */
static bool is_wildcard(const knot_dname_t *name, size_t labels)
{
	for (; labels > 0; labels--, name += *name + 1)
		if (name[0] == 1 && name[1] == '*')
			return true;
	return false;
}

int store_node_put(struct store_txn *txn, struct store_zone *zone, const knot_dname_t *name,
		   const struct node *node)
{
	struct store_key key;
	struct node old;

	store_key_make(&key, zone, name);

	bool apex = key.labels == 0;
	int err = node_get(txn, &key, &old);
	if (err != 0)
		return err;

	int more = (node->size > 0) - (old.size > 0);
	uint64_t cuts = zone->cuts + node_cuts(node, apex) - node_cuts(&old, apex);
	if (more != 0 || node->size > 0)
		err = note_node(txn, &key, node);
	if (err == 0 && (more != 0 || node->size > 0))
		err = node_write(txn, &key, node);
	if (err != 0)
		return err;
	zone->names += (uint64_t)more;
	zone->cuts = cuts;
	if (key.slot >= 0) {
		zone->numbers += (uint64_t)more;
		zone->lengths[key.labels / 64] |= UINT64_C(1) << (key.labels % 64);
	}
	if (more != 0 && is_wildcard(name, key.labels))
		zone->wildcards += (uint64_t)more;
	return 0;
}
