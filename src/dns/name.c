/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What libknot's names lack: how they lie to each other whatever the case (RFC 4343). */
#include "dns/name.h"

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
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

	for (size_t i = 0; i < size; i++) {
		uint8_t octet = name[i];

		if (octet >= 'A' && octet <= 'Z')
			octet |= 0x20;
		hash = (hash ^ octet) * 0x100000001b3u;
	}
	return (size_t)(hash ^ hash >> 32);
}
