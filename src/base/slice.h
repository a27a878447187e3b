/* SPDX-License-Identifier: MIT */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A run of octets that somebody else owns; lives as long as they do. Any octet may be in it. */
struct slice {
	const uint8_t *data;
	size_t size;
};

static inline struct slice slice_make(const void *data, size_t size)
{
	return (struct slice){ .data = data, .size = size };
}

static inline struct slice slice_text(const char *text)
{
	return slice_make(text, strlen(text));
}

static inline int slice_equal(struct slice a, struct slice b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
