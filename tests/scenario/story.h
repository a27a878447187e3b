/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stories of tests/scenario as steps, and what a step expects compared with what is. */
#ifndef TESTS_SCENARIO_STORY_H
#define TESTS_SCENARIO_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { STORY_WORDS = 5, STORY_LINES = 64, STORY_STEPS = 32, STORY_ZONES = 16, STORY_SET = 512 };

struct story_zone {
	const char *name; /* with its last dot */
	char *text;       /* its lines */
	bool unchecked, ranges;
	uint32_t serial_written;
	uint32_t serial; /* at the story's last "serial" step */
};

struct story_step {
	char where[64];                /* FILE:LINE */
	const char *word[STORY_WORDS]; /* NULL past the last */
	const char *line[STORY_LINES]; /* without the tab */
	size_t line_count;
};

struct story {
	const char *title;
	struct story_file *file;
	struct story_step *step;
	size_t step_count;
};

/* A file; it lives until the program ends. */
struct story_file {
	struct story_zone zone[STORY_ZONES];
	size_t zone_count;
	struct story *story;
	size_t story_count;
};

/* Ends the program where the file can't be read or its form is wrong. */
struct story_file *story_file_read(const char *path);

struct story_zone *story_zone_find(struct story_file *file, const char *name);

/* Records in text form. */
struct story_set {
	char *record[STORY_SET];
	size_t count;
};

/* Adds the records of a message's lines that begin so (show.h) and do not have without in them. */
void story_set_take(struct story_set *set, struct slice message, const char *begin,
		    const char *without);

/* These fail the test with the step's place; what is in a set is gone afterwards. */
void story_compare_response(const struct story_step *step, struct slice response);
void story_compare_rcode(const struct story_step *step, struct slice response);
void story_compare_content(const struct story_step *step, struct story_set *is);
void story_compare_serial(const struct story_step *step, struct story_zone *zone,
			  struct story_set *soa);

#endif
