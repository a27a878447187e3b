/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Other name servers that a zone is copied from or whose copies are told of changes: an address alone, or a mapping. */
#include "conf/peer.h"

#include "conf/value.h"

static const struct row bare_address = { .word = "address" };

static int peer_read(struct reading *r, const struct row *row, const struct node *node, void *ret)
{
	struct conf_peer *peer = ret;

	(void)row;
	peer->line = node->mark.line;
	if (node->type == NODE_WORD)
		return kind_address.read(r, &bare_address, node, &peer->address);

	int err = section_read(r, PEER, node, peer);
	if (err != 0 || peer->tls == NULL)
		return err;
	return kind_address_tls.read(r, &bare_address, tree_find(node, "address"), &peer->address);
}

const struct kind kind_peer = { .read = peer_read,
				.size = sizeof(struct conf_peer),
				.nested = true };
