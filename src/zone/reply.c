/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Record sets into a message. Stored sets carry the pointer to the question's name as owner, so
 * that the common answer is one memcpy(); for any other owner that stands within reach of a
 * pointer (RFC 1035 4.1.4: 14 bits) two octets of each record are changed; beyond that reach the
 * name is written out.
 */
#include "zone/reply.h"

enum { POINTER_REACH = 0x4000, POINTER = 0xc000, OWNER_SIZE = 2 };

static void remember(struct reply *reply, enum reply_section section, const knot_dname_t *owner,
		     const struct rrset *set, size_t owner_size)
{
	if (reply->placed_count == REPLY_PLACED_MAX)
		return;
	reply->placed[reply->placed_count++] = (struct reply_placed){
		.type = set->type,
		.section = section,
		.owner = owner,
		.wire = reply->wire + reply->size + owner_size,
		.size = set->size + set->count * (owner_size - OWNER_SIZE) - owner_size,
		.owner_size = owner_size,
	};
}

static void put_pointed(struct reply *reply, size_t target, const struct rrset *set)
{
	uint8_t *at = reply->wire + reply->size;

	memcpy(at, set->wire, set->size);
	if (target != REPLY_QNAME_AT) {
		struct rrset placed = { .type = set->type, .size = set->size, .wire = at };
		struct rrset_record record;

		for (size_t pos = 0, from = 0; rrset_next(&placed, &pos, &record); from = pos)
			put_u16(at + from, (uint16_t)(POINTER | target));
	}
	reply->size += set->size;
}

static void put_written(struct reply *reply, const knot_dname_t *owner, size_t owner_size,
			const struct rrset *set)
{
	struct rrset_record record;

	for (size_t pos = 0; rrset_next(set, &pos, &record);) {
		size_t rest = RRSET_RECORD_HEAD - OWNER_SIZE + record.rdata.size;

		memcpy(reply->wire + reply->size, owner, owner_size);
		memcpy(reply->wire + reply->size + owner_size, record.wire + OWNER_SIZE, rest);
		reply->size += owner_size + rest;
	}
}

bool reply_put(struct reply *reply, enum reply_section section, const knot_dname_t *owner,
	       const struct rrset *set)
{
	bool pointed = owner >= reply->wire && owner < reply->wire + POINTER_REACH &&
		       owner < reply->wire + reply->size;
	size_t owner_size = pointed ? OWNER_SIZE : knot_dname_size(owner);
	size_t size = set->size + set->count * (owner_size - OWNER_SIZE);

	if (reply->truncated || size > reply->max - reply->size) {
		reply->truncated = reply->truncated || section != REPLY_ADDITIONAL;
		return false;
	}
	remember(reply, section, pointed ? owner : reply->wire + reply->size, set, owner_size);
	if (pointed)
		put_pointed(reply, (size_t)(owner - reply->wire), set);
	else
		put_written(reply, owner, owner_size, set);
	reply->count[section] = (uint16_t)(reply->count[section] + set->count);
	return true;
}

bool reply_put_ttl(struct reply *reply, enum reply_section section, const knot_dname_t *owner,
		   const struct rrset *set, uint32_t ttl)
{
	uint8_t *at = reply->wire + reply->size;

	if (!reply_put(reply, section, owner, set))
		return false;
	while (at < reply->wire + reply->size) {
		/* the owner is a pointer, or a name written out */
		at += *at >= POINTER >> 8 ? OWNER_SIZE : knot_dname_size(at);
		put_u32(at + 4, ttl);
		at += RRSET_RECORD_HEAD - OWNER_SIZE + get_u16(at + 8);
	}
	return true;
}

bool reply_placed_next(const struct reply_placed *placed, size_t *pos, struct slice *rdata)
{
	const uint8_t *at = placed->wire + *pos;

	if (*pos >= placed->size)
		return false;
	*rdata = slice_make(at + RRSET_RECORD_HEAD - OWNER_SIZE, get_u16(at + 8));
	*pos += RRSET_RECORD_HEAD - OWNER_SIZE + rdata->size + placed->owner_size;
	return true;
}
