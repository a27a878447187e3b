/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changing a name's records: each set in a buffer that grows by doubling, changed where it lies.
 * What the buffers outgrow stays in the arena, which doubling bounds by what is in use.
 *
 * A set of many records has a table by which each is found; so that the others stay where they
 * are, a record that is taken out of such a set is only marked by another owner, until somebody
 * wants the octets.
 */
#include "dns/edit.h"

#include <errno.h>
#include <libknot/descriptor.h>

#include "base/writer.h"
#include "dns/rrset_index.h"

static const uint32_t TTL_MAX = 0x7fffffff;

struct edit_set {
	struct edit_set *next;
	struct rrset set; /* its wire is buffer; count is of those that are not marked */
	uint8_t *buffer;
	size_t room;
	size_t marked; /* octets of records that are taken out, yet still there */
	struct rrset_index index;
	uint32_t ttl; /* of all records, where same_ttl */
	bool same_ttl;
};

static struct edit_set **find_place(const struct node_edit *edit, uint16_t type)
{
	struct edit_set **place = (struct edit_set **)(uintptr_t)&edit->first;

	while (*place != NULL && (*place)->set.type < type)
		place = &(*place)->next;
	return place;
}

static struct edit_set *find_set(const struct node_edit *edit, uint16_t type)
{
	struct edit_set *found = *find_place(edit, type);

	return found != NULL && found->set.type == type ? found : NULL;
}

static void mark(struct edit_set *set, size_t at, size_t size)
{
	put_u16(set->buffer + at, 0);
	set->marked += size;
}

/* Takes marked records out of the buffer; what the table says is wrong then. */
static void set_compact(struct edit_set *set)
{
	struct rrset_record record;
	size_t kept = 0;

	if (set->marked == 0)
		return;
	for (size_t pos = 0, at = 0; rrset_next(&set->set, &pos, &record); at = pos) {
		if (get_u16(record.wire) != RRSET_OWNER)
			continue;
		memmove(set->buffer + kept, set->buffer + at, pos - at);
		kept += pos - at;
	}
	set->set.size = (uint32_t)kept;
	set->marked = 0;
	rrset_index_clear(&set->index);
}

/* Makes room for size octets in all. */
static int set_grow(struct node_edit *edit, struct edit_set *set, size_t size)
{
	size_t room = set->room * 2 > size ? set->room * 2 : size;

	if (size <= set->room)
		return 0;

	uint8_t *buffer = arena_take(edit->arena, room);
	if (buffer == NULL)
		return -ENOMEM;
	if (set->set.size > 0)
		memcpy(buffer, set->buffer, set->set.size);
	set->buffer = buffer;
	set->set.wire = buffer;
	set->room = room;
	return 0;
}

/* An empty set of this type, put in its place once it is filled. */
static struct edit_set *set_new(struct node_edit *edit, uint16_t type)
{
	struct edit_set *set = arena_zero(edit->arena, sizeof(*set));

	if (set != NULL) {
		set->set.type = type;
		rrset_index_begin(&set->index, edit->arena, &set->set);
	}
	return set;
}

static void set_link(struct node_edit *edit, struct edit_set *set)
{
	struct edit_set **place = find_place(edit, set->set.type);

	set->next = *place;
	*place = set;
}

int edit_begin(struct node_edit *edit, struct arena *arena, const struct node *node)
{
	struct rrset from;

	*edit = (struct node_edit){ .arena = arena };
	for (size_t i = 0; node_at(node, i, &from); i++) {
		struct edit_set *set = set_new(edit, from.type);

		if (set == NULL || set_grow(edit, set, from.size) != 0)
			return -ENOMEM;
		memcpy(set->buffer, from.wire, from.size);
		set->set = from;
		set->set.wire = set->buffer;
		set_link(edit, set);
	}
	return 0;
}

bool edit_find(const struct node_edit *edit, uint16_t type, struct rrset *ret)
{
	struct edit_set *set = find_set(edit, type);

	if (set == NULL)
		return false;
	set_compact(set);
	*ret = set->set;
	return true;
}

static struct edit_set *set_at(const struct node_edit *edit, size_t index)
{
	struct edit_set *set = edit->first;

	while (set != NULL && index-- > 0)
		set = set->next;
	return set;
}

bool edit_at(const struct node_edit *edit, size_t index, struct rrset *ret)
{
	struct edit_set *set = set_at(edit, index);

	if (set == NULL)
		return false;
	set_compact(set);
	*ret = set->set;
	return true;
}

int edit_type(const struct node_edit *edit, size_t index)
{
	const struct edit_set *set = set_at(edit, index);

	return set != NULL ? set->set.type : -1;
}

size_t edit_count(const struct node_edit *edit, uint16_t type)
{
	const struct edit_set *set = find_set(edit, type);

	return set != NULL ? set->set.count : 0;
}

/* Whether any record had another TTL. */
static bool set_ttl(struct edit_set *set, uint32_t ttl)
{
	struct rrset_record record;
	bool changed = false;

	if (set->same_ttl && set->ttl == ttl)
		return false;
	for (size_t pos = 0, at = 0; rrset_next(&set->set, &pos, &record); at = pos) {
		changed = changed || record.ttl != ttl;
		put_u32(set->buffer + at + 6, ttl);
	}
	set->same_ttl = true;
	set->ttl = ttl;
	return changed;
}

static void set_append(struct edit_set *set, uint32_t ttl, struct slice rdata)
{
	struct writer w = write_begin(set->buffer + set->set.size, set->room - set->set.size);

	write_u16(&w, RRSET_OWNER);
	write_u16(&w, set->set.type);
	write_u16(&w, KNOT_CLASS_IN);
	write_u32(&w, ttl);
	write_u16(&w, (uint16_t)rdata.size);
	write_bytes(&w, rdata.data, rdata.size);
	set->set.size += (uint32_t)write_size(&w);
	set->set.count++;
}

/* A record more; room is there. */
static void set_add(struct edit_set *set, uint32_t ttl, struct slice rdata)
{
	size_t at = set->set.size;

	set_ttl(set, ttl);
	set_append(set, ttl, rdata);
	rrset_index_add(&set->index, at);
}

static void set_empty(struct edit_set *set)
{
	set->set.size = 0;
	set->set.count = 0;
	set->marked = 0;
	rrset_index_clear(&set->index);
}

int edit_add(struct node_edit *edit, uint16_t type, uint32_t ttl, struct slice rdata)
{
	struct edit_set *set = find_set(edit, type);
	bool is_new = set == NULL, replace = rrset_is_single(type);
	size_t at;

	if (ttl > TTL_MAX)
		ttl = 0; /* RFC 2181 8: 31 bits; more counts as none */
	if (!is_new && rrset_index_find(&set->index, rdata, &at))
		return set_ttl(set, ttl);
	if (!is_new && set->set.size + RRSET_RECORD_HEAD + rdata.size > set->room &&
	    set->marked >= set->set.size / 4)
		set_compact(set); /* rather than grow */

	size_t size = (is_new || replace ? 0 : set->set.size) + RRSET_RECORD_HEAD + rdata.size;
	if (size - (is_new || replace ? 0 : set->marked) > RRSET_SIZE_MAX)
		return -EMSGSIZE;
	if (is_new)
		set = set_new(edit, type);
	if (set == NULL || set_grow(edit, set, size) != 0)
		return -ENOMEM;
	if (is_new)
		set_link(edit, set);
	if (replace)
		set_empty(set);
	set_add(set, ttl, rdata);
	return 1;
}

bool edit_remove(struct node_edit *edit, uint16_t type, struct slice rdata)
{
	struct edit_set *set = find_set(edit, type);
	size_t at, size = RRSET_RECORD_HEAD + rdata.size;

	if (set == NULL || !rrset_index_find(&set->index, rdata, &at))
		return false;
	if (rrset_index_is_table(&set->index)) {
		mark(set, at, size);
	} else {
		memmove(set->buffer + at, set->buffer + at + size, set->set.size - at - size);
		set->set.size -= (uint32_t)size;
	}
	if (--set->set.count == 0)
		edit_clear(edit, type);
	return true;
}

void edit_clear(struct node_edit *edit, uint16_t type)
{
	struct edit_set **place = find_place(edit, type);

	if (*place != NULL && (*place)->set.type == type)
		*place = (*place)->next;
}

int edit_end(const struct node_edit *edit, struct node *ret)
{
	size_t count = 0;

	for (struct edit_set *set = edit->first; set != NULL; set = set->next)
		count++;

	struct rrset *sets = arena_take(edit->arena, count * sizeof(*sets));
	if (sets == NULL)
		return -ENOMEM;
	count = 0;
	for (struct edit_set *set = edit->first; set != NULL; set = set->next) {
		set_compact(set);
		sets[count++] = set->set;
	}
	return node_make(edit->arena, sets, count, ret);
}
