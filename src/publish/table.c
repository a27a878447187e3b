/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables for people: left-aligned columns, two blanks between them, none at the end of a line.
 */
#include "publish/table.h"

#include <string.h>

void text_visible(struct text *out, struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if (c < 0x20 || c == 0x7f)
			text_printf(out, "\\%03u", c);
		else
			text_add(out, &c, 1);
	}
}

void table_row(struct table *table, const char *const *cell)
{
	if (table->rows == table->room && !table->failed) {
		size_t row_size = table->columns * sizeof(*table->cell);
		size_t room = table->room * 2 + 16;
		const char **grown = arena_take(table->arena, room * row_size);

		if (grown == NULL) {
			table->failed = true;
			return;
		}
		if (table->rows > 0)
			memcpy(grown, table->cell, table->rows * row_size);
		table->cell = grown;
		table->room = room;
	}
	if (table->failed)
		return;
	for (size_t i = 0; i < table->columns; i++)
		table->cell[table->rows * table->columns + i] = cell[i] != NULL ? cell[i] : "";
	table->rows++;
}

/*
 * How many places the text takes: a control octet comes out as four, and UTF-8 is counted by
 * character.
 */
static size_t cell_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++) {
		uint8_t c = (uint8_t)*text;

		if (c < 0x20 || c == 0x7f)
			width += 4;
		else
			width += (c & 0xc0) != 0x80;
	}
	return width;
}

void table_format(struct text *out, const struct table *table, const char *indent)
{
	size_t width[TABLE_COLUMNS_MAX] = { 0 };
	bool used[TABLE_COLUMNS_MAX] = { false };

	for (size_t row = 0; row < table->rows; row++)
		for (size_t i = 0; i < table->columns; i++) {
			size_t w = cell_width(table->cell[row * table->columns + i]);

			width[i] = w > width[i] ? w : width[i];
			used[i] |= row > 0 && w > 0;
		}
	for (size_t row = 0; row < table->rows; row++) {
		size_t pad = 0;

		text_puts(out, indent);
		for (size_t i = 0; i < table->columns; i++) {
			const char *cell = table->cell[row * table->columns + i];

			if (!used[i])
				continue;
			if (*cell != '\0') {
				text_printf(out, "%*s", (int)pad, "");
				text_visible(out, slice_text(cell));
				pad = 0;
			}
			pad += width[i] - cell_width(cell) + 2;
		}
		text_puts(out, "\n");
	}
}
