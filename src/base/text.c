/* SPDX-License-Identifier: MIT */
/*
 * Text put together piece by piece: output of the tool, messages, JSON. Not for the answer path.
 */
#include "base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static char *text_grow(struct text *text, size_t size)
{
	if (text->failed || size > SIZE_MAX / 4) {
		text->failed = true;
		return NULL;
	}
	if (text->room - text->size <= size) {
		size_t room = text->room * 2 + size + 64;
		char *data = realloc(text->data, room);

		if (data == NULL) {
			text->failed = true;
			return NULL;
		}
		text->data = data;
		text->room = room;
	}
	return text->data + text->size;
}

void text_add(struct text *text, const void *data, size_t size)
{
	char *at = text_grow(text, size);

	if (at == NULL)
		return;
	if (size > 0)
		memcpy(at, data, size);
	at[size] = '\0';
	text->size += size;
}

void text_puts(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0) {
		text->failed = true;
		return;
	}

	char *at = text_grow(text, (size_t)size);
	if (at == NULL)
		return;
	va_start(args, format);
	vsnprintf(at, (size_t)size + 1, format, args);
	va_end(args);
	text->size += (size_t)size;
}

/* The size of the UTF-8 sequence at the start of s (RFC 3629 4), 0 where there is none. */
static size_t utf8_size(struct slice s)
{
	static const struct {
		uint8_t first_low, first_high, second_low, second_high, size;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (s.data[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s.data[0] < forms[i].first_low || s.data[0] > forms[i].first_high ||
		    s.size < forms[i].size || s.data[1] < forms[i].second_low ||
		    s.data[1] > forms[i].second_high)
			continue;
		for (size_t k = 2; k < forms[i].size; k++)
			if ((s.data[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].size;
	}
	return 0;
}

void text_json(struct text *text, struct slice string)
{
	text_puts(text, "\"");
	while (string.size > 0) {
		size_t size = utf8_size(string);
		uint8_t c = string.data[0];

		if (size == 0 || c < 0x20 || c == 0x7f)
			text_printf(text, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			text_printf(text, "\\%c", c);
		else
			text_add(text, string.data, size);
		size = size == 0 ? 1 : size;
		string = slice_make(string.data + size, string.size - size);
	}
	text_puts(text, "\"");
}

const char *text_get(const struct text *text)
{
	return text->data != NULL ? text->data : "";
}

void text_reset(struct text *text)
{
	text->size = 0;
	text->failed = false;
	if (text->data != NULL)
		text->data[0] = '\0';
}

void text_done(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}
