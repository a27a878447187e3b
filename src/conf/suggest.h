/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_SUGGEST_H
#define CONF_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

/* What could stand in the place of a word that is wrong: all candidates, and the nearest one. */
struct suggest {
	const char *word;
	const char *best; /* NULL: none is near */
	size_t distance;
	size_t size;
	bool full;
	char all[512]; /* "listen, storage", and "..." where it is full */
};

void suggest_add(struct suggest *suggest, const char *candidate);

#endif
