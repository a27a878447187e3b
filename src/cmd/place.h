/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_PLACE_H
#define CMD_PLACE_H

#include "cmd/lookup.h"
#include "cmd/session.h"
#include "publish/entry.h"

/* Where a number or a range is published, or would be. */
struct place {
	struct entry_place entry;
	const knot_dname_t *owner;
	const char *owner_text; /* without the final dot */
};

/* The suffixes for this kind of number. An exit code. */
int place_suffixes(struct session *s, enum number_kind kind, const char *const **ret,
		   size_t *count);

/* The place under the first suffix. An exit code. */
int place_first(struct session *s, const struct number *n, bool range, unsigned digits,
		struct place *ret);

/* Under this suffix. An exit code. */
int place_at(struct session *s, const struct entry_place *entry, struct place *ret);

/* NUMBER or PREFIX as a person wrote it. An exit code. */
int place_number(const char *text, bool prefix, struct number *ret);

/* Who answers for a number. */
enum found_kind { FOUND_NOTHING, FOUND_OWN, FOUND_RANGE };

struct found {
	enum found_kind kind;
	struct place place;          /* of FOUND_RANGE: the range's */
	const struct record *record; /* what is answered, NAPTR */
	size_t count;
	bool ranges; /* the server takes wildcards for number ranges: see onnet.yaml(5) */
};

/*
 * What the server answers at this place of a number, and whether the records are its own or those
 * of a range. 0, or a negative errno of lookup_records().
 */
int place_find(struct lookup *l, const struct place *place, struct found *ret);

/*
 * The range that begins at just this place: FOUND_RANGE or FOUND_NOTHING. Returns as
 * place_find().
 */
int place_find_range(struct lookup *l, const struct place *place, struct found *ret);

/* "+1202555, 4 more digits" */
const char *place_range_text(struct arena *arena, const struct entry_place *range);

#endif
