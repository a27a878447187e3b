/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The longest wildcard above a name, in as few steps as there are names in between.
 *
 * The key of "*.A" is A's key and an asterisk's. Where the labels of a name are greater than an
 * asterisk, as digits are, the keys of the wildcards above it rise with their length, and all are
 * smaller than its own. So one looks for the longest that may be, and where it is not there its
 * neighbour before it tells which is the next: not longer than what the two share.
 */
#include <errno.h>

#include "store/database.h"

static const uint8_t asterisk[] = { '*', 0 };

/* Whether each label of a key comes behind an asterisk. */
static bool is_behind_asterisk(const uint8_t *labels, size_t size)
{
	bool first = true;

	for (size_t i = 0; i < size; i++) {
		if (first && labels[i] <= '*')
			return false;
		first = labels[i] == 0;
	}
	return true;
}

/*
 * The entry before the one that was looked for, if it is a plain name of the same zone: its labels.
 */
static int step_back(struct store_txn *txn, int found, const struct store_key *key,
		     struct slice *ret)
{
	MDB_val at, value;
	int err = mdb_cursor_get(txn->nodes, &at, &value, found == 0 ? MDB_PREV : MDB_LAST);

	if (err != 0)
		return database_error(err);
	if (at.mv_size < LABELS_AT || memcmp(at.mv_data, key->octets, LABELS_AT) != 0)
		return -ENOENT;
	*ret = slice_make((const uint8_t *)at.mv_data + LABELS_AT, at.mv_size - LABELS_AT);
	return 0;
}

/* The wildcard of the name's ancestor with so many octets of key. 0, or what LMDB says. */
static int look_for(struct store_txn *txn, const struct store_key *name, size_t prefix,
		    struct node *ret)
{
	struct store_key key;
	MDB_val at, value;
	size_t size = LABELS_AT + prefix + sizeof(asterisk);

	memcpy(key.octets, name->octets, LABELS_AT + prefix);
	memcpy(key.octets + LABELS_AT + prefix, asterisk, sizeof(asterisk));
	at = (MDB_val){ .mv_data = key.octets, .mv_size = size };

	int err = mdb_cursor_get(txn->nodes, &at, &value, MDB_SET_RANGE);
	if (err == 0 && at.mv_size == size && memcmp(at.mv_data, key.octets, size) == 0)
		*ret = (struct node){ .data = value.mv_data, .size = value.mv_size };
	return err;
}

int store_wildcard_find(struct store_txn *txn, const struct store_zone *zone,
			const knot_dname_t *name, size_t labels, struct node *ret)
{
	struct store_key key;
	struct node node = { .size = 0 };
	size_t depth = labels - (size_t)zone->apex_labels;

	store_key_make(&key, zone, name);

	const uint8_t *own = key.octets + LABELS_AT;
	size_t size = key.size - LABELS_AT;
	bool rises = is_behind_asterisk(own, size);
	for (;;) {
		size_t prefix = key_labels_size(own, size, depth);
		bool fits = prefix + sizeof(asterisk) <= KEY_MAX;
		int found = fits ? look_for(txn, &key, prefix, &node) : 0;

		if (found != 0 && found != MDB_NOTFOUND)
			return database_error(found);
		if (node.size > 0 || depth == 0)
			break;
		depth--;
		if (!rises || !fits)
			continue;

		struct slice before = { 0 };
		size_t shared_size;
		int err = step_back(txn, found, &key, &before);
		if (err == -ENOENT)
			break;
		if (err != 0)
			return err;
		size_t shared =
			key_shared_labels(own, size, before.data, before.size, &shared_size);
		depth = shared < depth ? shared : depth;
	}
	*ret = node;
	return 0;
}
