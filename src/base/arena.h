/* SPDX-License-Identifier: MIT */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

/*
 * Memory for one request or one file: taken piece by piece, given back all at once. All zeros
 * is an empty arena that is ready for use. What arena_take() gives is aligned for any type and
 * lives until arena_reset() or arena_done().
 */
struct arena {
	struct arena_chunk *chunk;
};

/* size octets, not cleared; NULL where there is no memory. */
void *arena_take(struct arena *arena, size_t size) __attribute__((malloc));

/* The same, cleared. */
void *arena_zero(struct arena *arena, size_t size) __attribute__((malloc));

void *arena_copy(struct arena *arena, const void *data, size_t size);

/* A copy of the text with its final NUL. */
char *arena_text(struct arena *arena, const char *text);

char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Octets of memory that it holds, whether they are taken or not. */
size_t arena_held(const struct arena *arena);

/* Empties the arena, and keeps one chunk for the next request. */
void arena_reset(struct arena *arena);

/* Empties the arena and gives all memory back. */
void arena_done(struct arena *arena);

#endif
