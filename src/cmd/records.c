/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A zone as a sorted list of records. Names compare by their octets from the apex down
 * (libknot's look-up format), so that all that lies below a name follows it.
 */
#include "cmd/records.h"

#include <errno.h>
#include <stdlib.h>

int records_add(struct records *list, const struct record *r, const struct master_place *place)
{
	knot_dname_storage_t storage;

	if (list->count == list->room) {
		size_t room = list->room * 2 + 256;
		struct records_item *at = reallocarray(list->at, room, sizeof(*at));

		if (at == NULL)
			return -ENOMEM;
		list->at = at;
		list->room = room;
	}

	const uint8_t *order = knot_dname_lf(r->owner, storage);
	struct records_item item = { .record = *r };
	if (order == NULL)
		return -ENOMEM;
	item.order = arena_copy(list->arena, order, (size_t)order[0] + 1);
	item.record.owner = arena_copy(list->arena, r->owner, knot_dname_size(r->owner));
	item.record.rdata.data = arena_copy(list->arena, r->rdata.data, r->rdata.size);
	if (item.order == NULL || item.record.owner == NULL || item.record.rdata.data == NULL)
		return -ENOMEM;
	if (place != NULL) {
		/* Files change seldom: one copy of the name for all records in a row. */
		if (list->count > 0 && list->at[list->count - 1].file != NULL &&
		    strcmp(list->at[list->count - 1].file, place->file) == 0)
			item.file = list->at[list->count - 1].file;
		else
			item.file = arena_text(list->arena, place->file);
		item.line = place->line;
		if (item.file == NULL)
			return -ENOMEM;
	}
	list->at[list->count++] = item;
	return 0;
}

static int order_compare(const uint8_t *a, const uint8_t *b)
{
	int sign = memcmp(a + 1, b + 1, a[0] < b[0] ? a[0] : b[0]);

	return sign != 0 ? sign : (int)a[0] - (int)b[0];
}

static int type_rank(uint16_t type)
{
	return type == KNOT_RRTYPE_SOA ? -2 : type == KNOT_RRTYPE_NS ? -1 : (int)type;
}

static int item_compare(const void *a, const void *b)
{
	const struct records_item *x = a, *y = b;
	int sign = order_compare(x->order, y->order);

	if (sign != 0)
		return sign;
	if (x->record.type != y->record.type)
		return type_rank(x->record.type) < type_rank(y->record.type) ? -1 : 1;

	struct slice p = x->record.rdata, q = y->record.rdata;
	sign = memcmp(p.data, q.data, p.size < q.size ? p.size : q.size);
	if (sign == 0 && p.size != q.size)
		sign = p.size < q.size ? -1 : 1;
	if (sign == 0 && x->line != y->line)
		sign = x->line < y->line ? -1 : 1;
	return sign;
}

void records_sort(struct records *list)
{
	if (list->count > 0)
		qsort(list->at, list->count, sizeof(*list->at), item_compare);
}

const struct records_item *records_find(const struct records *list, const knot_dname_t *owner,
					size_t *count)
{
	knot_dname_storage_t storage;
	const uint8_t *order = knot_dname_lf(owner, storage);
	size_t low = 0, high = list->count;

	while (order != NULL && low < high) {
		size_t middle = low + (high - low) / 2;

		if (order_compare(list->at[middle].order, order) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (order == NULL || low == list->count || order_compare(list->at[low].order, order) != 0)
		return NULL;
	*count = records_owner_end(list, low) - low;
	return &list->at[low];
}

size_t records_owner_end(const struct records *list, size_t index)
{
	size_t end = index;

	while (end < list->count && order_compare(list->at[end].order, list->at[index].order) == 0)
		end++;
	return end;
}

size_t records_set_end(const struct records *list, size_t index)
{
	size_t end = index;

	while (end < list->count && list->at[end].record.type == list->at[index].record.type &&
	       order_compare(list->at[end].order, list->at[index].order) == 0)
		end++;
	return end;
}

void records_done(struct records *list)
{
	free(list->at);
	list->at = NULL;
	list->count = list->room = 0;
}
