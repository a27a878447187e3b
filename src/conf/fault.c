/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Faults are collected rather than returned one by one, so that a person mends a file once. They
 * are found section by section and shown by place. What a file quotes is shown with control
 * characters as '?': a fault is one line, whatever the file holds.
 */
#include "conf/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int fault_add(struct faults *faults, struct mark mark, const char *format, ...)
{
	char what[1024];
	va_list args;

	if (faults->count >= FAULTS_SHOWN) {
		faults->count++;
		return -EINVAL;
	}

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	for (char *c = what; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';

	char *copy = arena_text(faults->arena, what);
	if (copy == NULL)
		return -ENOMEM;
	faults->list[faults->count++] = (struct fault){ .mark = mark, .what = copy };
	return -EINVAL;
}

static int fault_compare(const void *left, const void *right)
{
	const struct fault *a = left;
	const struct fault *b = right;

	if (a->mark.line != b->mark.line)
		return a->mark.line < b->mark.line ? -1 : 1;
	return (a->mark.column > b->mark.column) - (a->mark.column < b->mark.column);
}

void faults_format(struct text *text, const char *path, struct faults *faults)
{
	size_t shown = faults->count < FAULTS_SHOWN ? faults->count : FAULTS_SHOWN;

	qsort(faults->list, shown, sizeof(faults->list[0]), fault_compare);
	for (size_t i = 0; i < shown; i++)
		text_printf(text, "%s:%d:%d: %s\n", path, faults->list[i].mark.line,
			    faults->list[i].mark.column, faults->list[i].what);
	if (faults->count > shown)
		text_printf(text, "%s: and %zu more\n", path, faults->count - shown);
}
