/* SPDX-License-Identifier: MIT */
/*
 * A list of chunks, the newest in front. A piece that is larger than a chunk gets a chunk of its
 * own. arena_reset() keeps one ordinary chunk, so that a worker that answers request
 * after request settles at no allocation at all.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 16 * 1024, ALIGN = _Alignof(max_align_t) };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	size_t used;
	_Alignas(max_align_t) unsigned char data[];
};

void *arena_take(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunk;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (chunk == NULL || chunk->size - chunk->used < size) {
		size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

		chunk = malloc(sizeof(*chunk) + room);
		if (chunk == NULL)
			return NULL;
		chunk->size = room;
		chunk->used = 0;
		chunk->next = arena->chunk;
		arena->chunk = chunk;
	}

	void *piece = chunk->data + chunk->used;
	chunk->used += size;
	return piece;
}

void *arena_zero(struct arena *arena, size_t size)
{
	void *piece = arena_take(arena, size);

	if (piece != NULL)
		memset(piece, 0, size);
	return piece;
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
	void *piece = arena_take(arena, size);

	if (piece != NULL && size > 0)
		memcpy(piece, data, size);
	return piece;
}

char *arena_text(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text) + 1);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);

	char *text = size < 0 ? NULL : arena_take(arena, (size_t)size + 1);
	if (text == NULL)
		return NULL;

	va_start(args, format);
	vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	return text;
}

size_t arena_held(const struct arena *arena)
{
	size_t held = 0;

	for (const struct arena_chunk *chunk = arena->chunk; chunk != NULL; chunk = chunk->next)
		held += sizeof(*chunk) + chunk->size;
	return held;
}

void arena_reset(struct arena *arena)
{
	struct arena_chunk *keep = NULL;

	while (arena->chunk != NULL) {
		struct arena_chunk *chunk = arena->chunk;

		arena->chunk = chunk->next;
		if (keep == NULL && chunk->size == CHUNK_SIZE)
			keep = chunk;
		else
			free(chunk);
	}
	if (keep != NULL) {
		keep->next = NULL;
		keep->used = 0;
	}
	arena->chunk = keep;
}

void arena_done(struct arena *arena)
{
	while (arena->chunk != NULL) {
		struct arena_chunk *chunk = arena->chunk;

		arena->chunk = chunk->next;
		free(chunk);
	}
}
