/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What onnet has to know of the inside of records, on top of libknot's table of types: where names
 * stand in RDATA, so that they compare as names and additional records can be found.
 */
#include "dns/rdata.h"

#include <libknot/libknot.h>
#include <stdlib.h>

#include "base/reader.h"
#include "base/writer.h"

enum { SOA_FIXED = 20, NAPTR_FIXED = 4, NSEC3_FIXED = 4, PRINT_PAST = 512 };

/* What stands between names: order, preference and three strings of a NAPTR record. */
static void skip_naptr_head(struct reader *r)
{
	read_bytes(r, NAPTR_FIXED);
	for (int i = 0; i < 3; i++)
		read_string(r);
}

static void skip_name(struct reader *r)
{
	int size = r->failed ? -1 : knot_dname_wire_check(r->pos, r->end, NULL);

	read_bytes(r, size > 0 ? (size_t)size : read_left(r) + 1);
}

static bool block_is_name(int block)
{
	return block == KNOT_RDATA_WF_FIXED_DNAME || block == KNOT_RDATA_WF_COMPRESSIBLE_DNAME ||
	       block == KNOT_RDATA_WF_DECOMPRESSIBLE_DNAME;
}

/* Steps over one block of the type's form; false where there is no further one. */
static bool skip_block(struct reader *r, int block)
{
	if (block == KNOT_RDATA_WF_END)
		return false;
	if (block_is_name(block))
		skip_name(r);
	else if (block == KNOT_RDATA_WF_NAPTR_HEADER)
		skip_naptr_head(r);
	else if (block == KNOT_RDATA_WF_REMAINDER)
		read_bytes(r, read_left(r));
	else
		read_bytes(r, (size_t)block);
	return true;
}

static const int *type_blocks(uint16_t type)
{
	const knot_rdata_descriptor_t *descriptor = knot_get_rdata_descriptor(type);

	if (descriptor->type_name == NULL)
		descriptor = knot_get_obsolete_rdata_descriptor(type);
	return descriptor->block_types;
}

/* Names have no length octet above 63, so that folding all octets folds none of these. */
static bool folded_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t x = a[i], y = b[i];

		if (x == y)
			continue;
		x = x >= 'A' && x <= 'Z' ? (uint8_t)(x | 0x20) : x;
		y = y >= 'A' && y <= 'Z' ? (uint8_t)(y | 0x20) : y;
		if (x != y)
			return false;
	}
	return true;
}

static bool has_names(uint16_t type)
{
	for (const int *block = type_blocks(type); *block != KNOT_RDATA_WF_END; block++)
		if (block_is_name(*block))
			return true;
	return false;
}

bool rdata_equal(uint16_t type, struct slice a, struct slice b)
{
	if (a.size != b.size)
		return false;
	if (slice_equal(a, b))
		return true;
	if (!has_names(type))
		return false;
	if (!folded_equal(a.data, b.data, a.size))
		return false; /* so most records differ, and nothing has to be taken apart */

	struct reader r = read_begin(a.data, a.size);
	for (const int *block = type_blocks(type);; block++) {
		size_t from = (size_t)(r.pos - r.start);

		if (!skip_block(&r, *block) || r.failed)
			return false; /* what is not of its type's form compares octet for octet */

		size_t size = (size_t)(r.pos - r.start) - from;
		bool equal = block_is_name(*block) ?
				     folded_equal(a.data + from, b.data + from, size) :
				     memcmp(a.data + from, b.data + from, size) == 0;
		if (!equal)
			return false;
		if (read_left(&r) == 0)
			return true;
	}
}

/* Types whose form libknot's table tells in whole; of others it knows the names in them only. */
static bool is_described(uint16_t type)
{
	static const uint16_t described[] = {
		KNOT_RRTYPE_A,     KNOT_RRTYPE_NS,    KNOT_RRTYPE_CNAME, KNOT_RRTYPE_SOA,
		KNOT_RRTYPE_PTR,   KNOT_RRTYPE_MX,    KNOT_RRTYPE_AAAA,  KNOT_RRTYPE_SRV,
		KNOT_RRTYPE_NAPTR, KNOT_RRTYPE_DNAME,
	};

	for (size_t i = 0; i < sizeof(described) / sizeof(described[0]); i++)
		if (described[i] == type)
			return true;
	return false;
}

/*
 * RFC 5155 3.2, 4.2: salt and hash lie within. libknot's printer trusts their lengths, and so it does
 * with those in TSIG and TKEY, which are no data of a zone.
 */
static bool is_safe_to_print(uint16_t type, struct slice rdata)
{
	struct reader r = read_begin(rdata.data, rdata.size);

	if (type == KNOT_RRTYPE_TSIG || type == KNOT_RRTYPE_TKEY)
		return false;
	if (type != KNOT_RRTYPE_NSEC3 && type != KNOT_RRTYPE_NSEC3PARAM)
		return true;
	read_bytes(&r, NSEC3_FIXED);
	read_string(&r);
	if (type == KNOT_RRTYPE_NSEC3)
		read_string(&r);
	return !r.failed;
}

/*
 * Whether libknot's printer, which knows the whole form of each type, can make sense of it. It looks some
 * octets past the end before it sees that this is the end, so zeros stand there.
 */
static bool is_printable(uint16_t type, struct slice rdata)
{
	static const knot_dump_style_t style = { .show_ttl = false };
	size_t room = rdata.size * 8 + 1024;
	size_t size = sizeof(knot_rdata_t) + rdata.size + PRINT_PAST;

	if (!is_safe_to_print(type, rdata))
		return false;

	char *text = malloc(room);
	knot_rdata_t *copy = calloc(1, size);
	bool good = text != NULL && copy != NULL;
	if (good) {
		knot_rrset_t set;

		knot_rrset_init(&set, NULL, type, KNOT_CLASS_IN, 0);
		copy->len = (uint16_t)rdata.size;
		if (rdata.size > 0)
			memcpy(copy->data, rdata.data, rdata.size);
		set.rrs = (knot_rdataset_t){ .count = 1, .size = (uint32_t)size, .rdata = copy };
		good = knot_rrset_txt_dump_data(&set, 0, text, room, &style) >= 0;
	}
	free(copy);
	free(text);
	return good;
}

bool rdata_valid(uint16_t type, struct slice rdata)
{
	struct reader r = read_begin(rdata.data, rdata.size);

	for (const int *block = type_blocks(type); skip_block(&r, *block); block++)
		;
	if (read_end(&r) != 0)
		return false;
	/* RFC 8659 4.1: a tag of one character at least; the printer does without */
	if (type == KNOT_RRTYPE_CAA && (rdata.size < 2 || rdata.data[1] == 0))
		return false;
	return is_described(type) || is_printable(type, rdata);
}

const knot_dname_t *rdata_target(uint16_t type, struct slice rdata)
{
	struct reader r = read_begin(rdata.data, rdata.size);

	switch (type) {
	case KNOT_RRTYPE_NS:
	case KNOT_RRTYPE_CNAME:
	case KNOT_RRTYPE_DNAME:
	case KNOT_RRTYPE_PTR:
		break;
	case KNOT_RRTYPE_MX:
	case KNOT_RRTYPE_KX:
	case KNOT_RRTYPE_RT:
	case KNOT_RRTYPE_AFSDB:
		read_bytes(&r, 2);
		break;
	case KNOT_RRTYPE_SRV:
		read_bytes(&r, 6);
		break;
	case KNOT_RRTYPE_NAPTR:
		skip_naptr_head(&r);
		break;
	default:
		return NULL;
	}
	return !r.failed && knot_dname_wire_check(r.pos, r.end, NULL) > 0 ? r.pos : NULL;
}

struct slice rdata_naptr_flags(struct slice rdata)
{
	struct reader r = read_begin(rdata.data, rdata.size);

	read_bytes(&r, NAPTR_FIXED);
	return read_string(&r);
}

size_t rdata_soa_serial_at(struct slice rdata)
{
	return rdata.size - SOA_FIXED;
}

uint32_t rdata_soa_serial(struct slice rdata)
{
	return get_u32(rdata.data + rdata_soa_serial_at(rdata));
}

uint32_t rdata_soa_minimum(struct slice rdata)
{
	return get_u32(rdata.data + rdata.size - 4);
}
