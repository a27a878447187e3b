/* SPDX-License-Identifier: MIT */
/*
 * Domain names between text and wire form (RFC 1035 3.1, 5.1), as far as look-ups need them: hosts
 * of URIs and owners of numbers go in, targets and replacements come out. Letter case is kept, and
 * means nothing (RFC 4343). Any octet may be in a label; in text \DDD stands for those that do not
 * print.
 */
#include "resolve/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_MAX = 63 };

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* One octet of text at *at, escapes resolved; negative: a backslash with nothing behind it. */
static int octet_parse(struct slice text, size_t *at)
{
	size_t i = *at;

	if (text.data[i] != '\\') {
		*at = i + 1;
		return text.data[i];
	}
	if (i + 1 >= text.size)
		return -1;
	if (!is_digit(text.data[i + 1])) {
		*at = i + 2;
		return text.data[i + 1];
	}
	if (i + 3 >= text.size || !is_digit(text.data[i + 2]) || !is_digit(text.data[i + 3]))
		return -1;

	int value = (text.data[i + 1] - '0') * 100 + (text.data[i + 2] - '0') * 10 +
		    (text.data[i + 3] - '0');
	*at = i + 4;
	return value <= UINT8_MAX ? value : -1;
}

int name_parse(struct name *ret, struct slice text)
{
	struct name n;
	size_t label = 0; /* where its length goes */
	size_t size = 1;

	if (text.size == 1 && text.data[0] == '.')
		text.size = 0;
	for (size_t at = 0; at < text.size;) {
		bool dot = text.data[at] == '.';
		int c = octet_parse(text, &at);

		if (c < 0 || (dot && size == label + 1) || size >= NAME_OCTETS)
			return -EINVAL;
		if (!dot) {
			if (size - label > LABEL_MAX)
				return -EINVAL;
			n.wire[size++] = (uint8_t)c;
			continue;
		}
		n.wire[label] = (uint8_t)(size - label - 1);
		label = size++;
	}
	if (size > label + 1) { /* the final dot is missing */
		if (size >= NAME_OCTETS)
			return -EINVAL;
		n.wire[label] = (uint8_t)(size - label - 1);
		label = size++;
	}
	n.wire[label] = 0;
	n.size = (uint8_t)size;
	*ret = n;
	return 0;
}

int name_below(struct name *ret, const char *labels, struct slice name)
{
	struct name n;

	if (name_parse(&n, slice_text(labels)) < 0 || n.size - 1u + name.size > NAME_OCTETS)
		return -ENAMETOOLONG;
	memcpy(n.wire + n.size - 1, name.data, name.size);
	n.size = (uint8_t)(n.size - 1 + name.size);
	*ret = n;
	return 0;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

bool name_equal(struct slice a, struct slice b)
{
	if (a.size != b.size)
		return false;
	/* A length octet is no letter, so lengths need no care. */
	for (size_t i = 0; i < a.size; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

bool name_is_root(struct slice name)
{
	return name.size == 1;
}

void name_format(char ret[NAME_TEXT_ROOM], struct slice name)
{
	char *to = ret;

	for (size_t at = 0; at < name.size && name.data[at] > 0; at += 1u + name.data[at]) {
		if (at > 0)
			*to++ = '.';
		for (size_t i = at + 1; i <= at + name.data[at]; i++) {
			uint8_t c = name.data[i];

			if (c <= ' ' || c > '~') {
				to += snprintf(to, 5, "\\%03u", (unsigned)c);
				continue;
			}
			if (strchr(".\\\"();@$", c) != NULL)
				*to++ = '\\';
			*to++ = (char)c;
		}
	}
	if (to == ret)
		*to++ = '.';
	*to = '\0';
}
