/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef STORE_BLOCK_FOLD_H
#define STORE_BLOCK_FOLD_H

#include "store/block_pool.h"

/*
 * Inside store/block*.c only: a node taken apart into records in which the number's own digits
 * do not show.
 */
struct block_fold {
	uint8_t prefix[BLOCK_PREFIX_MAX];
	size_t prefix_size;
};

/* The numbers of the records of slot's node. -EBADMSG: no node; -ENOMEM. */
int fold_node(const struct block_fold *fold, struct block_pool *pool, int slot,
	      const struct node *node, uint32_t ret[FORM_BUNDLE_MAX], size_t *count);

#endif
