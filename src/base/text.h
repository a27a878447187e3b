/* SPDX-License-Identifier: MIT */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * Text that grows, with a sticky error: where memory ran out, failed is set and nothing is added
 * any more. All zeros is an empty text. data ends in NUL once anything was added; free it with
 * text_done().
 */
struct text {
	char *data;
	size_t size; /* octets without the NUL */
	size_t room;
	bool failed;
};

void text_add(struct text *text, const void *data, size_t size);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes (RFC 8259 7). Octets that are no UTF-8 go out as \u00XX. */
void text_json(struct text *text, struct slice string);

/* The text so far; "" where there is none. */
const char *text_get(const struct text *text);

void text_reset(struct text *text);
void text_done(struct text *text);

#endif
