/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUBLISH_CSV_H
#define PUBLISH_CSV_H

#include <stddef.h>

#include "base/slice.h"
#include "base/text.h"

enum { CSV_FIELDS_MAX = 8 };

struct csv_line {
	char *field[CSV_FIELDS_MAX]; /* inside the line that was split */
	size_t count;                /* 0: the line was empty */
};

/*
 * Splits one line (RFC 4180 2) in place; a line break at its end is cut off. Fields lose their
 * quotes and, where they have none, the blanks around them. -EINVAL and in why what is wrong.
 */
int csv_split(struct csv_line *ret, char *line, const char **why);

/* Adds one field, in quotes where it needs them. */
void csv_format(struct text *out, struct slice field);

#endif
