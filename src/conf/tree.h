/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONF_TREE_H
#define CONF_TREE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/slice.h"
#include "conf/fault.h"

enum node_type {
	NODE_NOTHING, /* a word with no value, or an empty file */
	NODE_WORD,
	NODE_LIST,
	NODE_MAPPING,
};

/* A value of a YAML file and where it stands. Everything lives in the arena given to tree_read(). */
struct node {
	enum node_type type;
	struct mark mark;
	const char *text;        /* of a NODE_WORD: what it says */
	const struct node *name; /* of a value in a mapping: the word in front of it */
	struct node *child;      /* of a list or mapping: the values in it, joined by next */
	struct node *next;
	size_t count; /* of these */
};

/* 0 and the only document of the text; -EINVAL with faults, -ENOMEM. */
int tree_read(const struct node **ret, struct slice yaml, struct arena *arena,
	      struct faults *faults);

/* The value of this name in a mapping; NULL: there is none. */
const struct node *tree_find(const struct node *mapping, const char *name);

#endif
