/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Comma-separated values (RFC 4180), as a spreadsheet or a provisioning system writes them.
 *
 * RFC 4180 2.6 lets a quoted field hold a line break. Nothing that is published has one, and a
 * quote that somebody forgot to close would swallow the rest of a million lines; so here a record
 * is a line, and the fault is reported for the line that has it.
 */
#include "publish/csv.h"

#include <errno.h>
#include <string.h>

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * The end of a field without quotes; blanks around it go. Returns where the field's comma or end
 * is.
 */
static char *plain_field(char **ret, char *at)
{
	char *stop = at + strcspn(at, ",");
	char *end = stop;

	while (is_blank(*at))
		at++;
	while (end > at && is_blank(end[-1]))
		end--;
	*ret = at;

	bool more = *stop == ',';
	*end = '\0';
	return more ? stop : NULL;
}

/*
 * "a ""b"" c": RFC 4180 2.7, a double quote inside is doubled. *at stands behind the first quote.
 */
static int quoted_field(char **ret, char **at, const char **why)
{
	char *read = *at, *write = *at;

	for (;; read++) {
		if (*read == '\0') {
			*why = "a quote is not closed";
			return -EINVAL;
		}
		if (*read == '"' && *++read != '"')
			break;
		*write++ = *read;
	}
	while (is_blank(*read))
		read++;
	if (*read != ',' && *read != '\0') {
		*why = "something stands between a closing quote and the comma";
		return -EINVAL;
	}

	bool more = *read == ',';
	*write = '\0';
	*ret = *at;
	*at = more ? read : NULL;
	return 0;
}

int csv_split(struct csv_line *ret, char *line, const char **why)
{
	struct csv_line split = { .count = 0 };
	char *at = line;

	line[strcspn(line, "\r\n")] = '\0';
	if (line[strspn(line, " \t")] == '\0') {
		*ret = split;
		return 0;
	}
	while (at != NULL) {
		if (split.count == CSV_FIELDS_MAX) {
			*why = "too many fields";
			return -EINVAL;
		}

		char *quote = at + strspn(at, " \t");
		if (*quote == '"') {
			at = quote + 1;

			int err = quoted_field(&split.field[split.count], &at, why);
			if (err < 0)
				return err;
		} else {
			at = plain_field(&split.field[split.count], at);
		}
		split.count++;
		if (at != NULL)
			at++;
	}
	*ret = split;
	return 0;
}

void csv_format(struct text *out, struct slice field)
{
	bool quote = field.size > 0 &&
		     (is_blank((char)field.data[0]) || is_blank((char)field.data[field.size - 1]));

	for (size_t i = 0; i < field.size; i++)
		quote = quote || memchr(",\"\r\n", field.data[i], 4) != NULL;
	if (!quote) {
		text_add(out, field.data, field.size);
		return;
	}

	text_puts(out, "\"");
	for (size_t i = 0; i < field.size; i++) {
		if (field.data[i] == '"')
			text_puts(out, "\"");
		text_add(out, field.data + i, 1);
	}
	text_puts(out, "\"");
}
