/* SPDX-License-Identifier: MIT */
/*
 * The one place where octets that came from outside are taken apart. All bounds are checked in
 * read_bytes(); everything else is built on it.
 */
#include "base/reader.h"

#include <errno.h>

enum { LABEL_MAX = 63, NAME_MAX_OCTETS = 255 };

static const uint8_t zeros[8];

struct reader read_begin(const void *data, size_t size)
{
	const uint8_t *start = data != NULL ? data : zeros;

	return (struct reader){ .start = start, .pos = start, .end = start + size };
}

struct slice read_bytes(struct reader *r, size_t size)
{
	if (r->failed || size > read_left(r)) {
		r->failed = true;
		return (struct slice){ .data = zeros, .size = 0 };
	}

	struct slice s = { .data = r->pos, .size = size };
	r->pos += size;
	return s;
}

struct reader read_sub(struct reader *r, size_t size)
{
	struct slice s = read_bytes(r, size);
	struct reader sub = read_begin(s.data, s.size);

	sub.failed = r->failed;
	return sub;
}

static uint64_t read_integer(struct reader *r, size_t size)
{
	struct slice s = read_bytes(r, size);
	uint64_t value = 0;

	for (size_t i = 0; i < s.size; i++)
		value = value << 8 | s.data[i];
	return value;
}

uint8_t read_u8(struct reader *r)
{
	return (uint8_t)read_integer(r, 1);
}

uint16_t read_u16(struct reader *r)
{
	return (uint16_t)read_integer(r, 2);
}

uint32_t read_u32(struct reader *r)
{
	return (uint32_t)read_integer(r, 4);
}

uint64_t read_u64(struct reader *r)
{
	return read_integer(r, 8);
}

struct slice read_string(struct reader *r)
{
	uint8_t size = read_u8(r);

	return read_bytes(r, size);
}

struct slice read_name(struct reader *r)
{
	const uint8_t *at = r->pos;
	const uint8_t *end = read_left(r) < NAME_MAX_OCTETS ? r->end : at + NAME_MAX_OCTETS;

	while (at<end && * at> 0 && *at <= LABEL_MAX && *at < end - at)
		at += *at + 1;
	if (at >= end || *at > 0)
		r->failed = true;
	return read_bytes(r, r->failed ? 0 : (size_t)(at - r->pos) + 1);
}

int read_end(const struct reader *r)
{
	return r->failed || r->pos != r->end ? -EBADMSG : 0;
}
