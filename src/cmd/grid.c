/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables for people: columns as wide as what is in them. */
#include "cmd/grid.h"

#include <string.h>

void grid_row(struct grid *grid, const char *const cell[GRID_COLUMNS])
{
	if (grid->rows == GRID_ROWS_MAX)
		return;
	for (size_t i = 0; i < GRID_COLUMNS; i++)
		grid->cell[grid->rows][i] = cell[i] != NULL ? cell[i] : "";
	grid->rows++;
}

/* The first column begins on the left, the others end on the right. */
void grid_format(struct text *out, const struct grid *grid)
{
	int width[GRID_COLUMNS] = { 0 };

	for (size_t i = 0; i < grid->rows; i++)
		for (size_t k = 0; k < GRID_COLUMNS; k++) {
			int size = (int)strlen(grid->cell[i][k]);

			width[k] = size > width[k] ? size : width[k];
		}
	for (size_t i = 0; i < grid->rows; i++) {
		text_printf(out, "%-*s", width[0], grid->cell[i][0]);
		for (size_t k = 1; k < GRID_COLUMNS && width[k] > 0; k++)
			text_printf(out, "  %*s", width[k], grid->cell[i][k]);
		text_puts(out, "\n");
	}
}
