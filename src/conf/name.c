/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Domain names as a person writes them (RFC 1035 5.1): labels between dots, "\." for a dot inside
 * a label and "\DDD" for any octet. The final dot may be left out; no name here is relative.
 */
#include "conf/name.h"

#include <errno.h>
#include <string.h>

enum { LABEL_MAX = 63 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The octet at *text, which moves behind it. */
static int octet_read(uint8_t *ret, const char **text, const char **why)
{
	const char *t = *text;
	unsigned value = (unsigned char)t[0];

	*why = "it holds a character that must be written \\DDD (a name in another script: its xn-- form)";
	if (value <= 0x20 || value >= 0x7f)
		return -EINVAL;
	if (t[0] != '\\') {
		t++;
	} else if (is_digit(t[1])) {
		*why = "it has \\ before what is no number of three digits from 000 to 255";
		if (!is_digit(t[2]) || !is_digit(t[3]))
			return -EINVAL;
		value = (unsigned)((t[1] - '0') * 100 + (t[2] - '0') * 10 + (t[3] - '0'));
		if (value > 255)
			return -EINVAL;
		t += 4;
	} else {
		*why = "it has \\ before what can't be written so";
		value = (unsigned char)t[1];
		if (value <= 0x20 || value >= 0x7f)
			return -EINVAL;
		t += 2;
	}
	*ret = (uint8_t)(value >= 'A' && value <= 'Z' ? value + 0x20 : value);
	*text = t;
	return 0;
}

int name_wire(uint8_t ret[NAME_SIZE], const char *text, const char **why)
{
	uint8_t wire[NAME_SIZE];
	size_t size = 0;

	*why = "it is empty";
	if (text[0] == '\0')
		return -EINVAL;
	if (strcmp(text, ".") == 0)
		text++;

	while (*text != '\0') {
		size_t label = size++; /* where its length goes */

		while (*text != '\0' && *text != '.') {
			uint8_t octet;
			int err = octet_read(&octet, &text, why);

			if (err < 0)
				return err;
			*why = "it is longer than 255 octets";
			if (size >= NAME_SIZE - 1)
				return -EINVAL;
			wire[size++] = octet;
		}
		*why = "it has an empty label";
		if (size - label - 1 == 0)
			return -EINVAL;
		*why = "it has a label of more than 63 octets";
		if (size - label - 1 > LABEL_MAX)
			return -EINVAL;
		wire[label] = (uint8_t)(size - label - 1);
		if (*text == '.')
			text++;
	}
	wire[size++] = 0;
	if (ret != NULL)
		memcpy(ret, wire, size);
	return (int)size;
}

bool name_equal(const char *a, const char *b)
{
	uint8_t a_wire[NAME_SIZE];
	uint8_t b_wire[NAME_SIZE];
	const char *why;
	int a_size = name_wire(a_wire, a, &why);
	int b_size = name_wire(b_wire, b, &why);

	return a_size > 0 && a_size == b_size && memcmp(a_wire, b_wire, (size_t)a_size) == 0;
}
