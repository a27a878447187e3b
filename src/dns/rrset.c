/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading record sets as octets; dns/edit.h changes them.
 */
#include "dns/rrset.h"

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

bool rrset_identical(const struct rrset *a, const struct rrset *b)
{
	return a->type == b->type && a->size == b->size &&
	       (a->size == 0 || memcmp(a->wire, b->wire, a->size) == 0);
}

bool rrset_is_single(uint16_t type)
{
	return type == KNOT_RRTYPE_CNAME || type == KNOT_RRTYPE_SOA || type == KNOT_RRTYPE_DNAME;
}
