/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Record sets as octets. A set is never changed in place: adding and removing make a new one in
 * the arena of the transaction, so that the old one can be compared with it afterwards.
 */
#include "dns/rrset.h"

#include <errno.h>
#include <libknot/descriptor.h>

#include "base/writer.h"
#include "dns/rdata.h"

bool rrset_next(const struct rrset *set, size_t *pos, struct rrset_record *ret)
{
	if (*pos + RRSET_RECORD_HEAD > set->size)
		return false;

	const uint8_t *wire = set->wire + *pos;
	uint16_t size = get_u16(wire + 10);

	ret->wire = wire;
	ret->ttl = get_u32(wire + 6);
	ret->rdata = slice_make(wire + RRSET_RECORD_HEAD, size);
	*pos += RRSET_RECORD_HEAD + (size_t)size;
	return true;
}

uint32_t rrset_ttl(const struct rrset *set)
{
	return set->size >= RRSET_RECORD_HEAD ? get_u32(set->wire + 6) : 0;
}

bool rrset_has(const struct rrset *set, struct slice rdata)
{
	struct rrset_record record;

	for (size_t pos = 0; rrset_next(set, &pos, &record);)
		if (rdata_equal(set->type, record.rdata, rdata))
			return true;
	return false;
}

bool rrset_same(const struct rrset *a, const struct rrset *b)
{
	struct rrset_record record;

	if (a->type != b->type || a->count != b->count)
		return false;
	for (size_t pos = 0; rrset_next(a, &pos, &record);)
		if (!rrset_has(b, record.rdata))
			return false;
	return true;
}

bool rrset_identical(const struct rrset *a, const struct rrset *b)
{
	return a->type == b->type && a->size == b->size &&
	       (a->size == 0 || memcmp(a->wire, b->wire, a->size) == 0);
}

static void record_write(struct writer *w, uint16_t type, uint32_t ttl, struct slice rdata)
{
	write_u16(w, RRSET_OWNER);
	write_u16(w, type);
	write_u16(w, KNOT_CLASS_IN);
	write_u32(w, ttl);
	write_u16(w, (uint16_t)rdata.size);
	write_bytes(w, rdata.data, rdata.size);
}

bool rrset_is_single(uint16_t type)
{
	return type == KNOT_RRTYPE_CNAME || type == KNOT_RRTYPE_SOA || type == KNOT_RRTYPE_DNAME;
}

int rrset_add(struct arena *arena, struct rrset *set, uint32_t ttl, struct slice rdata)
{
	bool replace = rrset_is_single(set->type);
	size_t size = (replace ? 0 : set->size) + RRSET_RECORD_HEAD + rdata.size;
	struct rrset_record record;

	uint8_t *wire = arena_take(arena, size);
	if (wire == NULL)
		return -ENOMEM;

	struct writer w = write_begin(wire, size);
	struct rrset made = { .type = set->type, .wire = wire };
	bool there = false;

	for (size_t pos = 0; !replace && rrset_next(set, &pos, &record); made.count++) {
		there = there || rdata_equal(set->type, record.rdata, rdata);
		record_write(&w, set->type, ttl, record.rdata);
	}
	if (!there) {
		record_write(&w, set->type, ttl, rdata);
		made.count++;
	}
	made.size = (uint32_t)write_size(&w);
	if (made.size > RRSET_SIZE_MAX)
		return -EMSGSIZE;
	if (rrset_identical(&made, set))
		return 0;
	*set = made;
	return 1;
}

int rrset_remove(struct arena *arena, struct rrset *set, struct slice rdata)
{
	struct rrset_record record;
	uint8_t *wire = arena_take(arena, set->size);

	if (wire == NULL)
		return -ENOMEM;

	struct writer w = write_begin(wire, set->size);
	struct rrset made = { .type = set->type, .wire = wire };

	for (size_t pos = 0; rrset_next(set, &pos, &record);) {
		if (rdata_equal(set->type, record.rdata, rdata))
			continue;
		write_bytes(&w, record.wire, RRSET_RECORD_HEAD + record.rdata.size);
		made.count++;
	}
	made.size = (uint32_t)write_size(&w);
	if (made.count == set->count)
		return 0;
	*set = made;
	return 1;
}
