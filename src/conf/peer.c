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
	return section_read(r, PEER, node, peer);
}

const struct kind kind_peer = { .read = peer_read,
				.size = sizeof(struct conf_peer),
				.nested = true };
