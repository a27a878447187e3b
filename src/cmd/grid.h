/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_GRID_H
#define CMD_GRID_H

#include "base/text.h"

enum { GRID_COLUMNS = 8, GRID_ROWS_MAX = 4096 };

/* A table for people; all zeros is an empty one. Its cells live elsewhere. */
struct grid {
	const char *cell[GRID_ROWS_MAX][GRID_COLUMNS];
	size_t rows;
};

/* One more row; NULL is an empty cell. Those beyond the last that there is room for are left out. */
void grid_row(struct grid *grid, const char *const cell[GRID_COLUMNS]);

/* Added to out. Columns at the end that are empty take no room. */
void grid_format(struct text *out, const struct grid *grid);

#endif
