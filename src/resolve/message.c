/* SPDX-License-Identifier: MIT */
/*
 * Responses as libunbound hands them over: whole DNS messages (RFC 1035 4.1), with names compressed.
 *
 * The question's name is followed along CNAMEs (RFC 1034 3.6.2; those that a DNAME stands for are
 * in the message as CNAMEs, too, RFC 6672 3.1) to the records of the type asked for. Their RDATA is
 * copied with the names in it expanded, so that nothing above here knows of compression. A record
 * that does not parse is left out, the others count.
 *
 * Bounds: MESSAGE_RECORDS_MAX records are looked at, MESSAGE_ALIASES_MAX CNAMEs are followed, and a
 * compression pointer must point before the place where the name began or the last pointer led,
 * so that a name ends after at most as many steps as the message has octets.
 */
#include <errno.h>

#include "base/reader.h"
#include "resolve/message.h"
#include "resolve/name.h"

enum {
	TYPE_A = 1,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_NAPTR = 35,

	CLASS_IN = 1,
	FLAG_RESPONSE = 0x8000,
	RCODE_MASK = 0x000f,
	POINTER = 0xc0, /* RFC 1035 4.1.4 */
};

/* A record, where it stands. */
struct record {
	struct reader owner; /* from its first octet to the end of the message */
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	struct reader rdata;
};

/*
 * Reads a name that may be compressed and steps over it. message is all of it, since pointers count
 * from there.
 */
static int name_expand(struct name *ret, struct reader *r, const struct reader *message)
{
	const uint8_t *before = r->pos; /* pointers lead to places before this one only */
	struct reader jumped;
	struct reader *at = r;
	size_t used = 0;

	for (;;) {
		uint8_t length = read_u8(at);
		struct slice label;

		if (at->failed)
			return -EBADMSG;
		if ((length & POINTER) == POINTER) {
			size_t offset = (size_t)(length & ~POINTER) << 8;

			offset |= read_u8(at);
			if (at->failed || offset >= (size_t)(before - message->start))
				return -EBADMSG;
			before = message->start + offset;
			jumped = *message;
			jumped.pos = before;
			at = &jumped;
			continue;
		}
		label = read_bytes(at, length);
		if (length & POINTER || at->failed || used + length + 1 > NAME_OCTETS)
			return -EBADMSG;
		ret->wire[used++] = length;
		memcpy(ret->wire + used, label.data, length);
		used += length;
		if (length == 0) {
			ret->size = (uint8_t)used;
			return 0;
		}
	}
}

static int record_read(struct record *ret, struct reader *r)
{
	struct reader message = *r;
	struct name owner;
	uint16_t size;

	message.pos = message.start;
	ret->owner = *r;
	if (name_expand(&owner, r, &message) < 0)
		return -EBADMSG;
	ret->type = read_u16(r);
	ret->class = read_u16(r);
	ret->ttl = read_u32(r);
	size = read_u16(r);
	ret->rdata = read_sub(r, size);
	return r->failed ? -EBADMSG : 0;
}

/* How RDATA that has names in it is made. */
static const struct layout {
	uint16_t type;
	uint8_t fixed;   /* octets in front */
	uint8_t strings; /* character-strings behind them */
	bool name;       /* a name behind those */
} layouts[] = {
	{ TYPE_A, 4, 0, false },     /* RFC 1035 3.4.1 */
	{ TYPE_AAAA, 16, 0, false }, /* RFC 3596 2.2 */
	{ TYPE_SRV, 6, 0, true },    /* RFC 2782 */
	{ TYPE_NAPTR, 4, 3, true },  /* RFC 3403 4.1 */
};

static const struct layout *layout_find(uint16_t type)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

/* The RDATA with the name in it expanded. -EBADMSG, -ENOMEM */
static int rdata_expand(struct slice *ret, const struct record *record,
			const struct reader *message, struct arena *arena)
{
	const struct layout *layout = layout_find(record->type);
	struct reader r = record->rdata;
	struct name name = { .size = 0 };
	size_t front;
	uint8_t *copy;

	if (layout) {
		read_bytes(&r, layout->fixed);
		for (int i = 0; i < layout->strings; i++)
			read_string(&r);
	} else {
		read_bytes(&r, read_left(&r));
	}
	front = (size_t)(r.pos - r.start);
	if (!r.failed && layout && layout->name && name_expand(&name, &r, message) < 0)
		return -EBADMSG;
	if (read_end(&r) < 0)
		return -EBADMSG;
	copy = arena_take(arena, front + name.size + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, r.start, front);
	memcpy(copy + front, name.wire, name.size);
	*ret = slice_make(copy, front + name.size);
	return 0;
}

/* What is left to find out, while a message is read. */
struct search {
	struct reader message;
	struct record *records; /* of the answer section */
	size_t count;
	struct name name; /* where the chain is */
	uint16_t type;
	uint32_t ttl;
};

static bool record_is(const struct record *record, uint16_t type, const struct search *search)
{
	struct reader r = record->owner;
	struct name owner;

	if (record->type != type || record->class != CLASS_IN)
		return false;
	return name_expand(&owner, &r, &search->message) == 0 &&
	       name_equal(name_slice(&owner), name_slice(&search->name));
}

/* A TTL with the top bit set counts as zero (RFC 2181 8). */
static void ttl_lower(uint32_t *ttl, uint32_t other)
{
	if (other > INT32_MAX)
		other = 0;
	if (other < *ttl)
		*ttl = other;
}

/* On to the target of the CNAME that the name has, if it has one. */
static bool alias_follow(struct search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		const struct record *record = &search->records[i];
		struct reader r = record->rdata;
		struct name target;

		if (!record_is(record, TYPE_CNAME, search) ||
		    name_expand(&target, &r, &search->message) < 0 || read_end(&r) < 0)
			continue;
		ttl_lower(&search->ttl, record->ttl);
		search->name = target;
		return true;
	}
	return false;
}

static int records_collect(struct message *ret, struct search *search, struct arena *arena)
{
	struct slice *found = arena_take(arena, (search->count + 1) * sizeof(struct slice));
	size_t count = 0;

	if (!found)
		return -ENOMEM;
	for (size_t i = 0; i < search->count; i++) {
		const struct record *record = &search->records[i];
		int err;

		if (!record_is(record, search->type, search))
			continue;
		err = rdata_expand(&found[count], record, &search->message, arena);
		if (err == -ENOMEM)
			return err;
		if (err < 0)
			continue;
		ttl_lower(&search->ttl, record->ttl);
		count++;
	}
	ret->records = found;
	ret->count = count;
	return 0;
}

/* RFC 2308 5: "the minimum of the SOA MINIMUM field and the SOA's TTL". */
static void negative_ttl(struct search *search, struct reader *r, unsigned authority_count)
{
	for (unsigned i = 0; i < authority_count; i++) {
		struct record record;
		struct name name;

		if (record_read(&record, r) < 0)
			break;
		if (record.type != TYPE_SOA)
			continue;
		if (name_expand(&name, &record.rdata, &search->message) < 0 ||
		    name_expand(&name, &record.rdata, &search->message) < 0)
			break;
		read_bytes(&record.rdata, 16); /* serial, refresh, retry, expire */
		ttl_lower(&search->ttl, record.ttl);
		ttl_lower(&search->ttl, read_u32(&record.rdata));
		if (read_end(&record.rdata) == 0)
			return;
	}
	search->ttl = 0;
}

/* The header and the question. -EBADMSG */
static int head_read(struct search *search, struct reader *r, uint16_t *flags, uint16_t counts[3])
{
	uint16_t questions;

	read_u16(r); /* ID */
	*flags = read_u16(r);
	questions = read_u16(r);
	for (int i = 0; i < 3; i++)
		counts[i] = read_u16(r);
	if (r->failed || questions != 1 || !(*flags & FLAG_RESPONSE))
		return -EBADMSG;
	if (name_expand(&search->name, r, &search->message) < 0)
		return -EBADMSG;
	search->type = read_u16(r);
	read_u16(r);
	return r->failed ? -EBADMSG : 0;
}

int message_read(struct message *ret, struct slice packet, struct arena *arena)
{
	struct reader r = read_begin(packet.data, packet.size);
	struct search search = { .message = r, .ttl = INT32_MAX };
	struct message found = { 0 };
	uint16_t counts[3];
	uint16_t flags;
	size_t room;
	int err = head_read(&search, &r, &flags, counts);

	if (err < 0)
		return err;
	room = counts[0] < MESSAGE_RECORDS_MAX ? counts[0] : MESSAGE_RECORDS_MAX;
	search.records = arena_take(arena, (room + 1) * sizeof(struct record));
	if (!search.records)
		return -ENOMEM;
	for (unsigned i = 0; i < counts[0]; i++) {
		struct record record;

		if (record_read(&record, &r) < 0)
			return -EBADMSG;
		if (search.count < room)
			search.records[search.count++] = record;
	}
	found.rcode = flags & RCODE_MASK;
	for (int i = 0; i < MESSAGE_ALIASES_MAX && alias_follow(&search); i++)
		found.alias = true;
	err = records_collect(&found, &search, arena);
	if (err < 0)
		return err;
	if (found.count == 0)
		negative_ttl(&search, &r, counts[1]);
	found.ttl = search.ttl;
	*ret = found;
	return 0;
}
