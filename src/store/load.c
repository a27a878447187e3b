/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading. Trees are numbered in rising order, so all keys of a new one lie behind all that the
 * database has, and LMDB fills its pages one after another without looking for places. (If another tree was
 * begun in the meantime the places are looked for.) Each slice is a transaction: updates and queries go on
 * between them, and the memory of the transaction stays small.
 *
 * The switch is one transaction: what the zone leads to is another tree from its commit on. Where
 * numbers alone are replaced, the plain names of the old tree are copied in that very transaction, so that
 * no update of them is lost.
 */
#include "store/load.h"

#include <errno.h>
#include <libknot/descriptor.h>
#include <stdlib.h>

#include "store/pack_run.h"

enum { READ_ROOM = 1 << 18 };

struct store_load {
	struct pack_reader reader[PACK_FILES];
	size_t at; /* the reader that is read */
	uint64_t done, size;
	bool cuts;
	bool switched;          /* the tree is left to that transaction */
	bool kept;              /* a commit has made the tree's number its own */
	uint64_t begun;         /* the transaction that took the number */
	struct store *store;    /* that has the tree */
	struct store_zone zone; /* tree, and what is counted */
	struct store_key key;   /* of the entry appended last */
	struct arena arena;
};

int store_load_new(struct store_load **ret, const struct pack_result *packed, size_t apex_labels)
{
	struct store_load *load = calloc(1, sizeof(*load));

	if (load == NULL)
		return -ENOMEM;
	load->cuts = packed->cuts;
	load->zone.apex_labels = apex_labels;
	for (size_t i = 0; i < PACK_FILES; i++) {
		struct pack_run run = { 0, (off_t)packed->size[i] };

		pack_reader_begin(&load->reader[i], packed->fd[i], run, READ_ROOM);
		load->size += packed->size[i];
	}
	*ret = load;
	return 0;
}

void store_load_free(struct store_load *load)
{
	if (load == NULL)
		return;
	for (size_t i = 0; i < PACK_FILES; i++)
		pack_reader_done(&load->reader[i]);
	/* else its number may be the next tree's; a lone slice is swept by the next process */
	if (load->kept && !load->switched) {
		struct trees trees = { .tree = &load->zone.tree, .count = 1 };

		sweep_add(&load->store->sweep, &trees);
	}
	arena_done(&load->arena);
	free(load);
}

uint64_t store_load_done(const struct store_load *load)
{
	return load->done;
}

uint64_t store_load_size(const struct store_load *load)
{
	return load->size;
}

/* Whether a label of the key is "*"; node.c says why names below a wildcard count. */
static bool has_asterisk(struct slice key)
{
	for (size_t i = 1; i + 1 < key.size; i++)
		if (key.data[i] == '*' && key.data[i + 1] == 0 && (i == 1 || key.data[i - 1] == 0))
			return true;
	return false;
}

static int count_cuts(struct store_zone *zone, struct slice block)
{
	struct block_room room = { 0 };
	struct node node;
	int there = 0;

	for (int slot = block_next(block, 0); there >= 0 && slot >= 0;
	     slot = block_next(block, slot + 1)) {
		there = block_node(block, slot, &room, &node);
		zone->cuts += there > 0 && node_cuts(&node, false);
	}
	block_room_done(&room);
	return there < 0 ? there : 0;
}

static void count_plain(struct store_zone *zone, struct slice key, struct slice value)
{
	struct node node = { .data = value.data, .size = value.size };

	zone->names++;
	zone->cuts += node_cuts(&node, key.size == 1);
	zone->wildcards += has_asterisk(key);
}

static int count_entry(struct store_load *load, const struct pack_entry *entry)
{
	struct store_zone *zone = &load->zone;
	size_t length = entry->key.data[0], count;

	if (!pack_is_number(entry)) {
		count_plain(zone, entry->key, entry->value);
		return 0;
	}
	if (length >= STORE_LENGTHS * 64 || entry->key.size < 1 + SLOT_SIZE)
		return -EBADMSG;
	count = block_count(entry->value);
	zone->names += count;
	zone->numbers += count;
	zone->wildcards += has_asterisk(entry->key) ? count : 0;
	zone->lengths[length / 64] |= UINT64_C(1) << (length % 64);
	return load->cuts ? count_cuts(zone, entry->value) : 0;
}

static int append(struct store_load *load, struct store_txn *txn, const struct pack_entry *entry)
{
	struct store_key *key = &load->key;
	struct slice before = slice_make(key->octets + TREE_SIZE,
					 key->size > 0 ? (size_t)key->size - TREE_SIZE : 0);

	if (before.size > 0 && pack_compare(before, entry->key) >= 0)
		return -EBADMSG;

	int err = count_entry(load, entry);
	if (err != 0)
		return err;
	tree_write(key->octets, load->zone.tree);
	memcpy(key->octets + TREE_SIZE, entry->key.data, entry->key.size);
	key->size = (uint16_t)(TREE_SIZE + entry->key.size);

	MDB_val place = store_key_value(key);
	MDB_val value = { .mv_data = (void *)(uintptr_t)entry->value.data,
			  .mv_size = entry->value.size };
	err = mdb_cursor_put(txn->nodes, &place, &value, MDB_APPEND);
	if (err == MDB_KEYEXIST)
		err = mdb_cursor_put(txn->nodes, &place, &value, 0);
	return database_error(err);
}

/* Sees to it that there is a tree. */
static int tree_take(struct store_load *load, struct store_txn *txn)
{
	uint64_t id = mdb_txn_id(txn->mdb);

	load->store = txn->store;
	if (load->zone.tree != 0) {
		load->kept = load->kept || id != load->begun;
		return 0;
	}
	load->begun = id;
	return zone_number_take(txn, &load->zone.tree);
}

int store_load_some(struct store_load *load, struct store_txn *txn, size_t budget)
{
	uint64_t end = load->done + budget;
	int err = tree_take(load, txn);

	while (err == 0 && load->at < PACK_FILES && load->done < end) {
		struct pack_entry entry;
		int there = pack_reader_next(&load->reader[load->at], &entry);

		if (there == 0)
			load->at++;
		else if (there < 0 || pack_is_number(&entry) != (load->at > 0))
			err = there < 0 ? there : -EBADMSG;
		else
			err = append(load, txn, &entry);
		if (there > 0)
			load->done += PACK_HEAD + entry.key.size + entry.value.size;
	}
	return err != 0 ? err : load->at < PACK_FILES;
}

/* Copies one plain name of another tree; a name that was loaded stays what it is. */
static int copy_plain(struct store_load *load, struct store_txn *txn, const MDB_val *from,
		      const MDB_val *value)
{
	struct store_key key = { .size = (uint16_t)from->mv_size, .slot = -1 };
	struct node node;
	MDB_val there;

	/* a put may move what lies in the same page */
	arena_reset(&load->arena);
	node.data = arena_copy(&load->arena, value->mv_data, value->mv_size);
	node.size = value->mv_size;
	if (node.data == NULL)
		return -ENOMEM;
	memcpy(key.octets, from->mv_data, from->mv_size);
	tree_write(key.octets, load->zone.tree);

	MDB_val place = store_key_value(&key);
	int err = mdb_get(txn->mdb, txn->store->nodes, &place, &there);
	if (err != MDB_NOTFOUND)
		return database_error(err);
	count_plain(&load->zone, slice_make(key.octets + TREE_SIZE, key.size - (size_t)TREE_SIZE),
		    slice_make(node.data, node.size));
	err = note_node(txn, &key, &node);
	return err == 0 ? node_write(txn, &key, &node) : err;
}

static int copy_plain_names(struct store_load *load, struct store_txn *txn, uint32_t tree)
{
	uint8_t octets[STORE_KEY_MAX + 1] = { 0 };
	MDB_val key = { .mv_data = octets, .mv_size = LABELS_AT }, value;
	int err;

	/* The cursor is set anew each time: what it gives out does not outlive a put. */
	tree_write(octets, tree);
	while ((err = mdb_cursor_get(txn->nodes, &key, &value, MDB_SET_RANGE)) == 0) {
		uint8_t prefix[LABELS_AT] = { 0 };

		tree_write(prefix, tree);
		if (memcmp(key.mv_data, prefix, sizeof(prefix)) != 0)
			return 0;

		size_t size = key.mv_size;
		memcpy(octets, key.mv_data, size);
		err = copy_plain(load, txn, &key, &value);
		if (err != 0)
			return err;
		octets[size] = 0; /* the next key there could be */
		key = (MDB_val){ .mv_data = octets, .mv_size = size + 1 };
	}
	return err == MDB_NOTFOUND ? 0 : database_error(err);
}

int store_load_switch(struct store_load *load, struct store_txn *txn, bool numbers_only,
		      struct store_zone *zone)
{
	int err = number_flush(txn);

	if (err == 0)
		err = tree_take(load, txn);
	if (err == 0 && numbers_only && zone->tree != 0)
		err = copy_plain_names(load, txn, zone->tree);
	if (err == 0 && zone->tree != 0)
		err = trees_add(&txn->gone, zone->tree);
	if (err == 0 && zone->id == 0)
		err = zone_number_take(txn, &zone->id);
	if (err == 0 && load->kept)
		err = trees_add(&txn->given, load->zone.tree);
	if (err != 0)
		return err;
	load->zone.id = zone->id;
	load->zone.log_first = zone->log_first;
	load->zone.log_next = zone->log_next;
	load->zone.log_size = zone->log_size;
	load->switched = true;
	*zone = load->zone;
	return 0;
}
