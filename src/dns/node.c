/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The octets of a node. Numbers in its head are in the machine's own order: a store is never
 * carried to a machine of the other kind. The octets may lie at any address, so they are read
 * with memcpy().
 */
#include "dns/node.h"

#include <errno.h>
#include <libknot/descriptor.h>

#include "base/writer.h"

static size_t node_count(const struct node *node)
{
	uint16_t count;

	if (node->size < NODE_HEAD)
		return 0;
	memcpy(&count, node->data, sizeof(count));
	return count;
}

static struct node_row row_at(const struct node *node, size_t index)
{
	struct node_row row;

	memcpy(&row, node->data + NODE_HEAD + index * sizeof(row), sizeof(row));
	return row;
}

/* Where the sets are; an empty node has no octets to point into. */
static const uint8_t *sets_begin(const struct node *node, size_t count)
{
	return count > 0 ? node->data + NODE_HEAD + count * sizeof(struct node_row) : NULL;
}

static void set_make(struct rrset *ret, struct node_row row, const uint8_t *wire)
{
	*ret = (struct rrset){
		.type = row.type, .count = row.count, .size = row.size, .wire = wire
	};
}

bool node_find(const struct node *node, uint16_t type, struct rrset *ret)
{
	size_t count = node_count(node);
	const uint8_t *wire = sets_begin(node, count);

	for (size_t i = 0; i < count; i++) {
		struct node_row row = row_at(node, i);

		if (row.type == type) {
			set_make(ret, row, wire);
			return true;
		}
		wire += row.size;
	}
	return false;
}

bool node_at(const struct node *node, size_t index, struct rrset *ret)
{
	size_t count = node_count(node);
	const uint8_t *wire = sets_begin(node, count);

	if (index >= count)
		return false;
	for (size_t i = 0; i < index; i++)
		wire += row_at(node, i).size;
	set_make(ret, row_at(node, index), wire);
	return true;
}

int node_make(struct arena *arena, const struct rrset *set, size_t count, struct node *ret)
{
	size_t room = NODE_HEAD + count * sizeof(struct node_row);
	uint16_t made = (uint16_t)count;

	for (size_t i = 0; i < count; i++)
		room += set[i].size;

	uint8_t *data = arena_take(arena, room);
	if (data == NULL)
		return -ENOMEM;
	if (count == 0) {
		*ret = (struct node){ 0 };
		return 0;
	}
	memcpy(data, &made, sizeof(made));

	uint8_t *rows = data + NODE_HEAD, *at = rows + count * sizeof(struct node_row);
	for (size_t i = 0; i < count; i++) {
		struct node_row row = { set[i].type, set[i].count, set[i].size };

		memcpy(rows + i * sizeof(row), &row, sizeof(row));
		memcpy(at, set[i].wire, set[i].size);
		at += set[i].size;
	}
	*ret = (struct node){ .data = data, .size = room };
	return 0;
}

/* Whether the set's records fill it, one behind the other. */
static bool set_valid(const struct rrset *set)
{
	struct rrset_record record;
	size_t pos = 0, count = 0;

	while (rrset_next(set, &pos, &record) && pos <= set->size)
		count++;
	return count == set->count && pos == set->size;
}

bool node_valid(const struct node *node)
{
	size_t count = node_count(node), used = NODE_HEAD + count * sizeof(struct node_row);
	struct rrset set;

	if (count == 0 || used > node->size)
		return node->size == 0;
	for (size_t i = 0; i < count; i++) {
		size_t size = row_at(node, i).size;

		if (size > node->size - used)
			return false;
		used += size;
	}
	for (size_t i = 0; node_at(node, i, &set); i++)
		if (set.count == 0 || !set_valid(&set))
			return false;
	return used == node->size;
}

size_t node_write_one(uint8_t *buffer, size_t room, uint16_t type, uint32_t ttl, struct slice rdata)
{
	const struct node_row row = { type, 1, (uint32_t)(RRSET_RECORD_HEAD + rdata.size) };
	const uint16_t count = 1;
	struct writer w = write_begin(buffer, room);

	write_bytes(&w, &count, sizeof(count));
	write_bytes(&w, &row, sizeof(row));
	write_u16(&w, RRSET_OWNER);
	write_u16(&w, type);
	write_u16(&w, KNOT_CLASS_IN);
	write_u32(&w, ttl);
	write_u16(&w, (uint16_t)rdata.size);
	write_bytes(&w, rdata.data, rdata.size);
	return w.full ? 0 : write_size(&w);
}

bool node_identical(const struct node *a, const struct node *b)
{
	return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}
