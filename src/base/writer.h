/* SPDX-License-Identifier: MIT */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * The other direction: a cursor that fills a buffer of fixed size and remembers that something
 * did not fit. What did not fit is left out whole. Integers go out in network order.
 */
struct writer {
	uint8_t *start;
	uint8_t *pos;
	uint8_t *end;
	bool full;
};

static inline struct writer write_begin(void *buffer, size_t size)
{
	uint8_t *start = buffer;

	return (struct writer){ .start = start, .pos = start, .end = start + size };
}

static inline size_t write_size(const struct writer *w)
{
	return (size_t)(w->pos - w->start);
}

static inline size_t write_room(const struct writer *w)
{
	return (size_t)(w->end - w->pos);
}

static inline void write_bytes(struct writer *w, const void *data, size_t size)
{
	if (w->full || size > write_room(w)) {
		w->full = true;
		return;
	}
	if (size > 0)
		memcpy(w->pos, data, size);
	w->pos += size;
}

static inline void write_u8(struct writer *w, uint8_t value)
{
	write_bytes(w, &value, 1);
}

static inline void write_u16(struct writer *w, uint16_t value)
{
	uint8_t b[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	write_bytes(w, b, sizeof(b));
}

static inline void write_u32(struct writer *w, uint32_t value)
{
	uint8_t b[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
			 (uint8_t)value };

	write_bytes(w, b, sizeof(b));
}

static inline void write_u64(struct writer *w, uint64_t value)
{
	write_u32(w, (uint32_t)(value >> 32));
	write_u32(w, (uint32_t)value);
}

/* Network-order integers at a place that is known to lie inside a buffer. */
static inline void put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void put_u32(uint8_t *at, uint32_t value)
{
	put_u16(at, (uint16_t)(value >> 16));
	put_u16(at + 2, (uint16_t)value);
}

static inline uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)get_u16(at) << 16 | get_u16(at + 2);
}

#endif
