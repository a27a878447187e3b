/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_FAULT_H
#define CONF_FAULT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/text.h"

/* A place in the file; both count from 1, the column in characters. */
struct mark {
	int line;
	int column;
};

struct fault {
	struct mark mark;
	const char *what;
};

enum { FAULTS_SHOWN = 20 };

/* What is wrong with a file: the first FAULTS_SHOWN that were found, and how many there are. */
struct faults {
	struct arena *arena; /* where the messages live */
	struct fault list[FAULTS_SHOWN];
	size_t count;
};

/* Always an error, so that it can be returned: -EINVAL, or -ENOMEM. */
int fault_add(struct faults *faults, struct mark mark, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One line for each, in the order of the file. */
void faults_format(struct text *text, const char *path, struct faults *faults);

#endif
