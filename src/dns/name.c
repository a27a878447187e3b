/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What libknot's names lack: how they lie to each other whatever the case (RFC 4343). */
#include "dns/name.h"

#include <string.h>

int name_depth(const knot_dname_t *name, const knot_dname_t *top)
{
	size_t labels = knot_dname_labels(name, NULL), above = knot_dname_labels(top, NULL);

	if (labels < above)
		return -1;
	for (size_t i = above; i < labels; i++)
		name += *name + 1;
	return knot_dname_is_case_equal(name, top) ? (int)(labels - above) : -1;
}

size_t name_hash(const knot_dname_t *name, size_t size)
{
	uint64_t hash = size;

	/* The bit that tells upper from lower case is set in all octets: that mixes up little else. */
	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		size_t left = size - i;
		uint64_t word = 0;

		memcpy(&word, name + i, left < sizeof(word) ? left : sizeof(word));
		hash = (hash ^ (word | 0x2020202020202020u)) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return (size_t)hash;
}
