/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The octets of a node. Numbers in its head are in the machine's own order: a store is never
 * carried to a machine of the other kind. The octets may lie at any address, so they are read
 * with memcpy().
 */
#include "dns/node.h"

#include <errno.h>

struct row {
	uint16_t type;
	uint16_t count;
	uint32_t size;
};

enum { HEAD = sizeof(uint16_t) };

static size_t node_count(const struct node *node)
{
	uint16_t count;

	if (node->size < HEAD)
		return 0;
	memcpy(&count, node->data, sizeof(count));
	return count;
}

static struct row row_at(const struct node *node, size_t index)
{
	struct row row;

	memcpy(&row, node->data + HEAD + index * sizeof(row), sizeof(row));
	return row;
}

/* Where the sets are; an empty node has no octets to point into. */
static const uint8_t *sets_begin(const struct node *node, size_t count)
{
	return count > 0 ? node->data + HEAD + count * sizeof(struct row) : NULL;
}

static void set_make(struct rrset *ret, struct row row, const uint8_t *wire)
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
		struct row row = row_at(node, i);

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

int node_put(struct arena *arena, struct node *node, const struct rrset *set)
{
	size_t count = node_count(node);
	size_t room = node->size + HEAD + sizeof(struct row) + set->size;
	struct row *rows = arena_take(arena, (count + 1) * sizeof(*rows));
	uint8_t *data = arena_take(arena, room);
	struct rrset old;
	uint16_t made = 0;

	if (rows == NULL || data == NULL)
		return -ENOMEM;

	/* The rows first, to know where the sets begin; then the sets in the same order. */
	bool placed = set->count == 0;
	for (size_t i = 0; i <= count; i++) {
		bool end = !node_at(node, i, &old);

		if (!placed && (end || old.type >= set->type)) {
			rows[made++] = (struct row){ set->type, set->count, set->size };
			placed = true;
		}
		if (!end && old.type != set->type)
			rows[made++] = row_at(node, i);
	}
	if (made == 0) {
		*node = (struct node){ 0 };
		return 0;
	}
	memcpy(data, &made, sizeof(made));
	memcpy(data + HEAD, rows, made * sizeof(*rows));

	uint8_t *at = data + HEAD + made * sizeof(*rows);
	for (size_t i = 0; i < made; i++) {
		struct rrset from = *set;

		if (rows[i].type != set->type)
			node_find(node, rows[i].type, &from);
		memcpy(at, from.wire, from.size);
		at += from.size;
	}
	*node = (struct node){ .data = data, .size = (size_t)(at - data) };
	return 0;
}

bool node_identical(const struct node *a, const struct node *b)
{
	return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}
