/* SPDX-License-Identifier: MIT */
#ifndef TEL_PATTERN_H
#define TEL_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum {
	PATTERN_MAX = 255, /* octets of a pattern */
	PATTERN_SUBJECT_MAX = 255,
	PATTERN_GROUPS = 10,      /* groups that can be asked for: 1..9, and 0, the whole */
	PATTERN_REPEAT_MAX = 255, /* RE_DUP_MAX of POSIX; also for repetitions inside one another */
	PATTERN_NODES_MAX = 2 * PATTERN_MAX,
	PATTERN_SETS_MAX = PATTERN_MAX / 3,
};

enum pattern_kind {
	PATTERN_EMPTY,    /* () */
	PATTERN_OCTET,    /* value: the octet */
	PATTERN_ANY,      /* . */
	PATTERN_SET,      /* [...], value: which of sets */
	PATTERN_START,    /* ^ */
	PATTERN_END,      /* $ */
	PATTERN_GROUP,    /* (left), value: its number */
	PATTERN_SEQUENCE, /* left, then right; left is a single piece */
	PATTERN_EITHER,   /* left|right */
	PATTERN_REPEAT,   /* left{low,high} */
};

struct pattern_node {
	uint8_t kind;
	uint8_t value;
	uint8_t low;
	uint8_t high;
	bool open; /* no upper bound: *, + and {low,} */
	uint16_t left;
	uint16_t right;
};

/*
 * A POSIX extended regular expression as a tree. A node stands behind those below it, the root
 * is the last. Plain data, no ownership; about 10 kilobytes.
 */
struct pattern {
	struct pattern_node nodes[PATTERN_NODES_MAX];
	uint16_t count;
	uint8_t sets[PATTERN_SETS_MAX][32]; /* a bit for each octet */
	uint8_t set_count;
	uint8_t groups; /* pairs of parentheses */
};

/* The octets [start, end) of the subject. */
struct span {
	uint16_t start;
	uint16_t end;
};

/*
 * Reads the pattern of a substitution expression; a backslash makes the delimiter, too, an
 * ordinary octet. What POSIX leaves undefined is an error, for it means one thing here and another
 * there. -EINVAL: *why is a sentence about it (static storage), and *ret is of no use.
 */
int pattern_read(struct pattern *ret, struct slice text, uint8_t delimiter, const char **why);

/*
 * Finds the leftmost match, the longest one there, and the groups in it; a group that took no part
 * is an empty span. Time and memory grow with the sizes of pattern and subject only; at worst
 * some 4 megabytes.
 * -ENOENT: no match; -EMSGSIZE: the subject is longer than PATTERN_SUBJECT_MAX; -ENOMEM.
 */
int pattern_match(const struct pattern *p, struct slice subject, bool icase,
		  struct span ret[PATTERN_GROUPS]);

#endif
