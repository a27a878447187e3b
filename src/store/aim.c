/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking ahead for a batch of names: their way down the tree is made together (page.c). */
#include "store/database.h"

static bool take_tree(struct store_txn *txn)
{
	uint64_t id = mdb_txn_id(txn->mdb);

	if (txn->tree_id != id) {
		txn->tree_id = id;
		if (page_tree_find(&txn->tree, txn->mdb, txn->store->main, "nodes") != 0)
			txn->tree = (struct page_tree){ 0 };
	}
	return txn->tree.depth > 0;
}

void store_aim_all(struct store_txn *txn, struct store_aim *const aim[], size_t count)
{
	struct page_seek seek[STORE_AIMS_MAX];

	if (count > STORE_AIMS_MAX || !take_tree(txn))
		return;
	for (size_t i = 0; i < count; i++) {
		struct store_key *key = &aim[i]->key;

		key->octets[LENGTH_AT] = key->slot >= 0 ? (uint8_t)key->labels : 0;
		seek[i].wanted = store_key_value(key);
	}
	page_seek_all(&txn->tree, seek, count);
	for (size_t i = 0; i < count; i++) {
		aim[i]->key.octets[LENGTH_AT] = 0;
		if (!seek[i].found)
			continue;
		aim[i]->at = slice_make(seek[i].key.mv_data, seek[i].key.mv_size);
		aim[i]->entry = slice_make(seek[i].value.mv_data, seek[i].value.mv_size);
	}
}
