/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUBLISH_TABLE_H
#define PUBLISH_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/text.h"

enum { TABLE_COLUMNS_MAX = 8 };

/*
 * Rows of texts in columns as wide as they need. Zero but for the arena and columns is an empty
 * table.
 */
struct table {
	struct arena *arena;
	size_t columns;
	const char **cell; /* row after row */
	size_t rows, room;
	bool failed; /* no memory; sticky */
};

/* Adds a row; cell[i] NULL: empty. The texts are not copied. */
void table_row(struct table *table, const char *const *cell);

/*
 * Each line after indent; a column that is empty in all rows but the first (the heads) is left
 * out.
 */
void table_format(struct text *out, const struct table *table, const char *indent);

/*
 * Text from the network for a terminal: octets that would move its cursor or change its colours
 * come out as \DDD, the rest as it is.
 */
void text_visible(struct text *out, struct slice text);

#endif
