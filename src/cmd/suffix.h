/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_SUFFIX_H
#define CMD_SUFFIX_H

#include "server/state.h"

/* What onnetd import and onnetd export ask alike. */

/* The zone of this name, in text form; NULL: the configuration has none. */
const struct zone *suffix_zone(const struct state *state, const char *domain);

/* The first of these suffixes that names of the zone can lie under; otherwise, where none does. */
const char *suffix_find(const struct zone *zone, const char *const *suffix, size_t count,
			const char *otherwise);

/* Whether a file of this name has lines of numbers. */
bool suffix_is_csv(const char *path);

#endif
