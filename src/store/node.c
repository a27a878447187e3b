/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names with their records, one entry each, in canonical order: one move of the cursor finds a
 * name, or shows by its neighbours which of its ancestors exist (RFC 4592 2.2, 3.3.1). An
 * ancestor exists where a name below it does, so the closest encloser is what the name shares
 * with the neighbour before or after it, whichever is more.
 */
#include <errno.h>
#include <libknot/descriptor.h>
#include <stdlib.h>

#include "store/database.h"

void node_key_make(struct node_key *ret, const struct store_zone *zone, const knot_dname_t *name)
{
	for (int i = 0; i < TREE_SIZE; i++)
		ret->octets[i] = (uint8_t)(zone->tree >> (8 * (TREE_SIZE - 1 - i)));
	ret->size = TREE_SIZE + key_write(ret->octets + TREE_SIZE, name, zone->apex_labels);
}

/*
 * How many labels below the apex key shares with an entry; in size their octets. An entry of another
 * tree shares nothing, not even the apex.
 */
static size_t shared_labels(const struct node_key *key, const MDB_val *entry, size_t *size)
{
	const uint8_t *octets = entry->mv_data;

	*size = SIZE_MAX;
	if (memcmp(octets, key->octets, TREE_SIZE) != 0)
		return 0;
	return key_shared_labels(octets + TREE_SIZE, entry->mv_size - TREE_SIZE,
				 key->octets + TREE_SIZE, key->size - TREE_SIZE, size);
}

int store_find(struct store_txn *txn, const struct store_zone *zone, const knot_dname_t *name,
	       struct store_match *ret)
{
	struct node_key wanted;
	MDB_val value, key;
	size_t before = 0, after = 0, size = 0;

	node_key_make(&wanted, zone, name);
	key = node_key_value(&wanted);

	int err = mdb_cursor_get(txn->nodes, &key, &value, MDB_SET_RANGE);
	if (err == 0) {
		if (key.mv_size == wanted.size &&
		    memcmp(key.mv_data, wanted.octets, wanted.size) == 0) {
			ret->status = STORE_FOUND;
			ret->node = (struct node){ .data = value.mv_data, .size = value.mv_size };
			return 0;
		}
		after = shared_labels(&wanted, &key, &size);
		if (size == wanted.size - TREE_SIZE) {
			ret->status = STORE_EMPTY;
			return 0;
		}
		err = mdb_cursor_get(txn->nodes, &key, &value, MDB_PREV);
	} else if (err == MDB_NOTFOUND) {
		err = mdb_cursor_get(txn->nodes, &key, &value, MDB_LAST);
	}
	if (err == 0)
		before = shared_labels(&wanted, &key, &size);
	else if (err != MDB_NOTFOUND)
		return database_error(err);

	ret->status = STORE_ABSENT;
	ret->encloser_labels = zone->apex_labels + (before > after ? before : after);
	return 0;
}

static int node_get(struct store_txn *txn, struct node_key *wanted, struct node *ret)
{
	MDB_val key = node_key_value(wanted), value;
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
	struct node_key key;

	node_key_make(&key, zone, name);
	return node_get(txn, &key, ret);
}

/* Whether answers below this name come from elsewhere: a delegation, or a DNAME (RFC 6672). */
static bool node_cuts(const struct node *node, bool apex)
{
	struct rrset set;

	return (!apex && node_find(node, KNOT_RRTYPE_NS, &set)) ||
	       node_find(node, KNOT_RRTYPE_DNAME, &set);
}

int store_node_put(struct store_txn *txn, struct store_zone *zone, const knot_dname_t *name,
		   const struct node *node)
{
	struct node_key wanted;
	struct node old;

	node_key_make(&wanted, zone, name);

	bool apex = wanted.size == TREE_SIZE;
	int err = node_get(txn, &wanted, &old);
	if (err != 0)
		return err;

	uint64_t names = zone->names + (node->size > 0) - (old.size > 0);
	uint64_t cuts = zone->cuts + node_cuts(node, apex) - node_cuts(&old, apex);
	MDB_val key = node_key_value(&wanted);
	MDB_val value = { .mv_data = (void *)(uintptr_t)node->data, .mv_size = node->size };

	if (node->size > 0)
		err = mdb_put(txn->mdb, txn->store->nodes, &key, &value, 0);
	else if (old.size > 0)
		err = mdb_del(txn->mdb, txn->store->nodes, &key, NULL);
	if (err != 0)
		return database_error(err);
	zone->names = names;
	zone->cuts = cuts;
	return 0;
}
