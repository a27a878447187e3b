/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names as keys. Labels may hold any octet, so 0 and 1 are escaped (1 1 and 1 2), which leaves
 * the order as it is: the closing 0 is smaller than anything within a label, as canonical order
 * wants it, where a label that ends comes before one that goes on (RFC 4034 6.1).
 *
 * A name of 255 octets has at most 250 octets of label data in four labels; escaped that is 504,
 * within the 511 octets of an LMDB key with room for the number of its tree in front.
 */
#include "dns/key.h"

#include <string.h>

enum { ESCAPE = 1, ESCAPED_ZERO = 1, ESCAPED_ONE = 2 };

static const uint8_t lower[256] = {
#define ROW(n)                                                                                    \
	n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8, n + 9, n + 10, n + 11, n + 12, \
		n + 13, n + 14, n + 15
	ROW(0x00), ROW(0x10), ROW(0x20), ROW(0x30), 0x40,      'a',       'b',       'c',
	'd',       'e',       'f',       'g',       'h',       'i',       'j',       'k',
	'l',       'm',       'n',       'o',       'p',       'q',       'r',       's',
	't',       'u',       'v',       'w',       'x',       'y',       'z',       0x5b,
	0x5c,      0x5d,      0x5e,      0x5f,      ROW(0x60), ROW(0x70), ROW(0x80), ROW(0x90),
	ROW(0xa0), ROW(0xb0), ROW(0xc0), ROW(0xd0), ROW(0xe0), ROW(0xf0),
#undef ROW
};

size_t key_write(uint8_t ret[KEY_MAX], const knot_dname_t *name, size_t apex_labels)
{
	const uint8_t *label[KNOT_DNAME_MAXLABELS];
	size_t count = 0;
	uint8_t *at = ret;

	for (; *name != 0; name += *name + 1)
		label[count++] = name;

	for (size_t i = count > apex_labels ? count - apex_labels : 0; i > 0; i--) {
		const uint8_t *octets = label[i - 1];

		for (size_t k = 1; k <= octets[0]; k++) {
			if (octets[k] <= ESCAPE) {
				*at++ = ESCAPE;
				*at++ = octets[k] == 0 ? ESCAPED_ZERO : ESCAPED_ONE;
			} else {
				*at++ = lower[octets[k]];
			}
		}
		*at++ = 0;
	}
	return (size_t)(at - ret);
}

/* One label of a key, unescaped behind its length octet; returns the octets read, 0 on damage. */
static size_t label_read(uint8_t ret[1 + KNOT_DNAME_MAXLABELLEN], const uint8_t *key, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		uint8_t octet = key[i];

		if (octet == 0) {
			ret[0] = (uint8_t)length;
			return length > 0 ? i + 1 : 0;
		}
		if (octet == ESCAPE) {
			if (++i == size)
				return 0;
			octet = key[i] == ESCAPED_ZERO ? 0 : 1;
		}
		if (length == KNOT_DNAME_MAXLABELLEN)
			return 0;
		ret[1 + length++] = octet;
	}
	return 0;
}

size_t key_name(knot_dname_storage_t ret, const uint8_t *key, size_t size, const knot_dname_t *apex)
{
	uint8_t buffer[KNOT_DNAME_MAXLEN];
	size_t apex_size = knot_dname_size(apex);
	size_t start = sizeof(buffer) - apex_size;

	memcpy(buffer + start, apex, apex_size);
	while (size > 0) {
		uint8_t label[1 + KNOT_DNAME_MAXLABELLEN];
		size_t used = label_read(label, key, size);

		if (used == 0 || (size_t)label[0] + 1 > start)
			return 0;
		start -= (size_t)label[0] + 1;
		memcpy(buffer + start, label, (size_t)label[0] + 1);
		key += used;
		size -= used;
	}
	memcpy(ret, buffer + start, sizeof(buffer) - start);
	return sizeof(buffer) - start;
}

size_t key_labels_size(const uint8_t *key, size_t size, size_t count)
{
	size_t i = 0;

	while (count > 0 && i < size)
		if (key[i++] == 0)
			count--;
	return i;
}

size_t key_shared_labels(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
			 size_t *shared_size)
{
	size_t size = a_size < b_size ? a_size : b_size;
	size_t labels = 0;

	*shared_size = 0;
	for (size_t i = 0; i < size && a[i] == b[i]; i++) {
		if (a[i] == 0) {
			labels++;
			*shared_size = i + 1;
		}
	}
	return labels;
}
