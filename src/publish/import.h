/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUBLISH_IMPORT_H
#define PUBLISH_IMPORT_H

#include "publish/csv.h"
#include "publish/entry.h"

/* A line of an import file: NUMBER,URI[,TTL[,SERVICE[,ORDER[,PREFERENCE]]]]. */
struct import_row {
	struct number number;
	struct entry entry; /* its texts point into the line */
	bool preference_given;
};

/* ttl: of lines that give none. -EINVAL and in why what is wrong. */
int import_row_read(struct import_row *ret, const struct csv_line *line, uint32_t ttl,
		    const char **why);

/* Whether the line is one of headings: nothing in its first field is a digit. */
bool import_is_heading(const struct csv_line *line);

/* What is remembered of a number between its lines. */
struct import_number {
	const char *text;
	uint32_t uris;  /* lines so far */
	uint32_t batch; /* the user's */
};

/* All numbers of a file, millions of them. All zeros is an empty one. */
struct import_numbers {
	struct arena arena;
	struct import_number *slot;
	size_t room, count;
};

/*
 * The number of this text, remembered from now on with zeros; valid until the next call. NULL: no
 * memory.
 */
struct import_number *import_number(struct import_numbers *numbers, const char *text);

void import_numbers_done(struct import_numbers *numbers);

#endif
