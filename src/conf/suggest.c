/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How far a misspelt word is from a right one: the letters to put in, leave out or change, and
 * neighbours to swap (Damerau and Levenshtein, in the form that moves no letter twice). A
 * candidate is near where at most a third of its letters, and at most three, are wrong.
 */
#include "conf/suggest.h"

#include <string.h>

enum { WORD_MAX = 32 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t word_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t cost[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_size; i++)
		cost[i][0] = i;
	for (size_t k = 0; k <= b_size; k++)
		cost[0][k] = k;
	for (size_t i = 1; i <= a_size; i++) {
		for (size_t k = 1; k <= b_size; k++) {
			size_t change = cost[i - 1][k - 1] + (a[i - 1] != b[k - 1]);

			cost[i][k] = least(change, least(cost[i - 1][k], cost[i][k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				cost[i][k] = least(cost[i][k], cost[i - 2][k - 2] + 1);
		}
	}
	return cost[a_size][b_size];
}

static void nearest_keep(struct suggest *suggest, const char *candidate, size_t size)
{
	size_t word_size = strlen(suggest->word);

	if (word_size > WORD_MAX || size > WORD_MAX)
		return;

	size_t distance = word_distance(suggest->word, word_size, candidate, size);
	if (distance <= least(size / 3, 3) &&
	    (suggest->best == NULL || distance < suggest->distance)) {
		suggest->best = candidate;
		suggest->distance = distance;
	}
}

void suggest_add(struct suggest *suggest, const char *candidate)
{
	size_t size = strlen(candidate);
	size_t comma = suggest->size > 0 ? 2 : 0;

	nearest_keep(suggest, candidate, size);
	if (suggest->full)
		return;
	if (suggest->size + comma + size + sizeof(", ...") > sizeof(suggest->all)) {
		candidate = "...";
		size = strlen(candidate);
		suggest->full = true;
	}
	memcpy(suggest->all + suggest->size, ", ", comma);
	memcpy(suggest->all + suggest->size + comma, candidate, size + 1);
	suggest->size += comma + size;
}
