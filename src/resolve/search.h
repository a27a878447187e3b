/* SPDX-License-Identifier: MIT */
#ifndef RESOLVE_SEARCH_H
#define RESOLVE_SEARCH_H

#include "resolve/input.h"
#include "resolve/lookup.h"
#include "resolve/rules.h"

/* A number that is looked for under one suffix after the other. */
struct search {
	struct input input;
	const char *subject; /* what expressions are applied to */
	const char *const *suffixes;
	size_t suffix; /* where it is */
	struct rules *rules;
	struct onnet_uri *uris;
	size_t uri_count;
	enum onnet_error error;
	const char *reason;
};

/* Begins; input's slices live as long as the machine. NULL: no memory. */
struct search *search_begin(struct machine *m, const struct input *input);

/* As far as the answers go; true: done. */
bool search_step(struct machine *m, struct search *s);

#endif
