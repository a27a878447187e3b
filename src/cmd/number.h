/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_NUMBER_H
#define CMD_NUMBER_H

#include "cmd/place.h"

/* What "number" and "range" share. All that return int return an exit code. */

struct entry_options {
	bool range; /* set before entry_options(): --digits is taken, --add is not */
	const char *service;
	uint32_t order, preference, ttl, digits;
	bool preference_given, add;
	char **argument; /* the number or prefix, then URIs */
	size_t arguments;
};

int entry_options(struct session *s, int argc, char **argv, struct entry_options *ret);

/* The URIs of the options with rising preferences. */
int entry_list(struct session *s, const struct entry_options *o, const struct entry **ret);

/* Sends, or prints, what publishes the URIs at the place. */
int entry_publish(struct session *s, const struct place *place, const struct entry *entry,
		  size_t count, bool replace);

/* The records as views, in the order in which clients try them. number NULL: not applied. */
int entry_views(struct session *s, const struct record *record, size_t count,
		const struct number *number, struct entry_view **ret, size_t *ret_count);

/* The views as a table on stdout. */
int entry_table(struct session *s, const struct entry_view *view, size_t count);

/* A number, or a range by its prefix, and its URIs as a JSON object without a line end. */
void entry_group_json(struct text *out, const char *number, const struct entry_place *place,
		      const struct entry_view *view, size_t count);

int range_list_run(struct session *s, int argc, char **argv);
int number_list_run(struct session *s, int argc, char **argv);
int number_export_run(struct session *s, int argc, char **argv);
int number_import_run(struct session *s, int argc, char **argv);

#endif
