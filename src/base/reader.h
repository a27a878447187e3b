/* SPDX-License-Identifier: MIT */
#ifndef BASE_READER_H
#define BASE_READER_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * A cursor over octets with a sticky error: reading past the end gives zeros and marks the
 * reader as failed, so that a run of fields reads as a run of assignments and is checked once.
 * Integers are in network order. Never read in an initializer or an argument list: C leaves
 * that order open.
 */
struct reader {
	const uint8_t *start;
	const uint8_t *pos;
	const uint8_t *end;
	bool failed;
};

struct reader read_begin(const void *data, size_t size);

/* A reader over the next size octets, which r steps over; failed where there are fewer. */
struct reader read_sub(struct reader *r, size_t size);

uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);

/* The next size octets, not copied. */
struct slice read_bytes(struct reader *r, size_t size);

/* A DNS character-string (RFC 1035 3.3): a length octet and as many octets. */
struct slice read_string(struct reader *r);

/* A domain name with its final zero octet, not compressed (RFC 1035 3.1): at most 255 octets. */
struct slice read_name(struct reader *r);

static inline size_t read_left(const struct reader *r)
{
	return (size_t)(r->end - r->pos);
}

/* 0 where all went well and nothing is left over, else -EBADMSG. */
int read_end(const struct reader *r);

#endif
