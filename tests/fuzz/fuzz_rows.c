/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * publish/rows.h: any lines. What is taken is a node that is whole, of one NAPTR record, under a name of
 * the zone; and a line that is read again, when its pattern is known, makes the same.
 */
#include <libknot/libknot.h>
#include <stdlib.h>

#include "dns/key.h"
#include "fuzz/fuzz.h"
#include "publish/rows.h"

static const uint8_t apex[] = "\4e164\7example";

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rows_place place = {
		.apex = apex, .e164 = "e164.example", .isn = "e164.example", .ttl = 60
	};
	char *text = malloc(size + 1), *again = malloc(size + 1);
	struct rows *rows;
	bool heading = true;

	require(text != NULL && again != NULL && rows_new(&rows, &place) == 0);
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *at = text, *stop = text + size; at < stop;) {
		char *end = memchr(at, '\n', (size_t)(stop - at));
		struct row row;

		end = end != NULL ? end : stop;
		*end = '\0';
		memcpy(again, at, (size_t)(end - at) + 1);

		int there = rows_read(rows, at, (size_t)(end - at), heading, &row);
		require(there == 1 || there == 0 || there == -EINVAL);
		if (there == 1) {
			knot_dname_storage_t name;
			struct rrset set;
			uint8_t *copy = malloc(row.node.size);
			size_t copied = row.node.size;

			require(copy != NULL && node_valid(&row.node));
			require(node_at(&row.node, 0, &set) && set.count == 1 &&
				set.type == KNOT_RRTYPE_NAPTR && !node_at(&row.node, 1, &set));
			require(key_name(name, row.key.data, row.key.size, apex) > 0);
			memcpy(copy, row.node.data, copied);
			rows_restart(rows);
			require(rows_read(rows, again, (size_t)(end - at), heading, &row) == 1);
			require(row.node.size == copied);
			free(copy);
		}
		heading = false;
		at = end + 1;
	}
	rows_free(rows);
	free(text);
	free(again);
	return 0;
}
