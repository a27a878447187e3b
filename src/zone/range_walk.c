/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A zone with number ranges, name by name, as a server must have it that knows RFC 4592 alone.
 *
 * What range.c decides for each question is decided here for each name. Below a range,
 *
 * - an empty non-terminal gets the records of the range, since it would be answered by them, and
 * - every name A, empty or not, that has no wildcard "*.A" gets one with the records of the range,
 *   since A would be the closest encloser of what is asked below it (RFC 4592 3.3.1).
 *
 * The walk is in canonical order, so that all that is to be known of a name's ancestors stands on a
 * stack: for each level its wildcard, looked up once, when the first name below it comes.
 * Most names have none below them: that shows when the next name comes, and costs no look-up. At
 * and below a delegation, a DNAME or an asterisk nothing is added (RFC 1034 4.2.1, RFC 6672 2.4).
 *
 * Nothing but the stack is kept in memory: its levels are at most as many as a name has labels.
 */
#include <errno.h>
#include <libknot/libknot.h>
#include <stdlib.h>

#include "zone/range.h"

enum step {
	STEP_READ,  /* the next name of the store is to be read */
	STEP_BELOW, /* it is there: level at is its ancestor; does that have a wildcard? */
	STEP_EMPTY, /* level at is an empty non-terminal */
	STEP_NAME,  /* level at is the name itself */
	STEP_END,
};

/* Octets of a node that must outlast the next look-up. */
struct copy {
	uint8_t *data;
	size_t size, room;
};

/* A name from the apex down to the one at hand; level 0 is the apex. */
struct level {
	bool looked;       /* for its wildcard, with the result: */
	bool has_wildcard; /* with records */
	struct copy range; /* these; no octets where they make no range */
	int from;          /* the level above whose range is for this one; -1: none is */
	bool closed;       /* nothing is added below */
};

struct range_walk {
	struct store_txn *txn;
	struct store_zone zone;
	struct store_walk *walk;
	bool spread;

	enum step step;
	knot_dname_storage_t path; /* the name at level depth; its ancestors are the other levels */
	int depth;                 /* -1: nothing was read yet */
	struct level level[KNOT_DNAME_MAXLABELS + 1];

	knot_dname_storage_t name; /* the next one that the store has, and its records */
	struct node node;
	struct copy kept;
	int name_depth;
	int at; /* the level that is being made ready for it */
};

int range_walk_begin(struct range_walk **ret, struct store_txn *txn, const struct store_zone *zone,
		     const knot_dname_t *apex, bool spread)
{
	struct range_walk *walk = calloc(1, sizeof(*walk));

	if (walk == NULL)
		return -ENOMEM;
	walk->txn = txn;
	walk->zone = *zone;
	walk->spread = spread;
	walk->depth = -1;
	int err = store_walk_begin(&walk->walk, txn, zone, apex, apex);
	if (err != 0)
		free(walk);
	else
		*ret = walk;
	return err;
}

void range_walk_end(struct range_walk *walk)
{
	if (walk == NULL)
		return;
	for (size_t i = 0; i < sizeof(walk->level) / sizeof(walk->level[0]); i++)
		free(walk->level[i].range.data);
	free(walk->kept.data);
	store_walk_end(walk->walk);
	free(walk);
}

static int copy_make(struct copy *copy, const struct node *node)
{
	if (node->data == copy->data && node->size == copy->size)
		return 0;
	if (copy->room < node->size) {
		uint8_t *data = realloc(copy->data, node->size);

		if (data == NULL)
			return -ENOMEM;
		copy->data = data;
		copy->room = node->size;
	}
	if (node->size > 0)
		memcpy(copy->data, node->data, node->size);
	copy->size = node->size;
	return 0;
}

/* The level's name, which is an end of name: the path's, or that of the name that comes. */
static const knot_dname_t *level_name(const knot_dname_t *name, int depth, int level)
{
	for (; depth > level; depth--)
		name += *name + 1;
	return name;
}

static bool is_asterisk(const knot_dname_t *name)
{
	return name[0] == 1 && name[1] == '*';
}

/* The wildcard of a name; false where that would be too long. */
static bool wildcard_make(knot_dname_storage_t ret, const knot_dname_t *name)
{
	size_t size = knot_dname_size(name);

	if (size + 2 > KNOT_DNAME_MAXLEN)
		return false;
	ret[0] = 1;
	ret[1] = '*';
	memcpy(ret + 2, name, size);
	return true;
}

/* Gives out the records of the range that is for the level; false where none is. */
static bool put_range(const struct range_walk *walk, const struct level *level, struct node *ret)
{
	if (level->from < 0)
		return false;

	const struct copy *range = &walk->level[level->from].range;
	*ret = (struct node){ .data = range->data, .size = range->size };
	return true;
}

static bool put_wildcard(const struct range_walk *walk, const struct level *level,
			 const knot_dname_t *of, knot_dname_storage_t name, struct node *ret)
{
	return !level->closed && wildcard_make(name, of) && put_range(walk, level, ret);
}

/* Looks for the wildcard of a level that has names below it. */
static int look_for_wildcard(struct range_walk *walk, struct level *level, const knot_dname_t *of)
{
	knot_dname_storage_t wildcard;
	struct node node = { .size = 0 };
	int err = copy_make(&walk->kept, &walk->node);

	if (err == 0 && wildcard_make(wildcard, of))
		err = store_node_get(walk->txn, &walk->zone, wildcard, &node);
	walk->node = (struct node){ .data = walk->kept.data, .size = walk->kept.size };
	if (err != 0)
		return err;
	level->looked = true;
	level->has_wildcard = node.size > 0;
	if (!range_is(&node))
		node.size = 0;
	return copy_make(&level->range, &node);
}

/* Level depth below the one above it, of a name that ends there or goes on. */
static struct level *push(struct range_walk *walk, int depth)
{
	struct level *level = &walk->level[depth];

	level->looked = false;
	level->has_wildcard = false;
	level->range.size = 0;
	level->from = -1;
	level->closed = false;
	if (depth > 0) {
		const struct level *above = &walk->level[depth - 1];

		level->closed = above->closed;
		if (above->has_wildcard)
			level->from = above->range.size > 0 ? depth - 1 : -1;
		else
			level->from = above->from;
	}
	return level;
}

/* How many levels below the apex two names share; they lie in one zone. */
static int shared_depth(const struct range_walk *walk)
{
	return (int)knot_dname_matched_labels(walk->path, walk->name) - (int)walk->zone.apex_labels;
}

/*
 * Reads the next name. 1: the name before it has none below it, and this is the wildcard that it
 * needs.
 */
static int read_name(struct range_walk *walk, knot_dname_storage_t name, struct node *ret)
{
	int more = store_walk_next(walk->walk, walk->name, &walk->node);

	if (more < 0)
		return more;
	walk->step = more > 0 ? STEP_BELOW : STEP_END;
	walk->at = 0;
	if (more > 0) {
		walk->name_depth =
			(int)(knot_dname_labels(walk->name, NULL) - walk->zone.apex_labels);
		if (walk->depth >= 0)
			walk->at = shared_depth(walk);
		else if (walk->name_depth == 0)
			walk->step = STEP_NAME;
		else
			walk->step = STEP_EMPTY;
	}
	return walk->depth >= 0 && (more == 0 || walk->at < walk->depth) &&
	       put_wildcard(walk, &walk->level[walk->depth], walk->path, name, ret);
}

/*
 * The level that the name shares with the one before: known from others, or it is the one before.
 */
static int step_below(struct range_walk *walk, knot_dname_storage_t name, struct node *ret)
{
	struct level *level = &walk->level[walk->at];
	const knot_dname_t *of = level_name(walk->name, walk->name_depth, walk->at);

	walk->at++;
	walk->step = walk->at < walk->name_depth ? STEP_EMPTY : STEP_NAME;
	if (level->looked || level->closed)
		return 0;

	int err = look_for_wildcard(walk, level, of);
	if (err != 0)
		return err;
	return !level->has_wildcard && put_wildcard(walk, level, of, name, ret);
}

static int step_empty(struct range_walk *walk, knot_dname_storage_t name, struct node *ret)
{
	const knot_dname_t *of = level_name(walk->name, walk->name_depth, walk->at);
	struct level *level = push(walk, walk->at);
	bool open = !level->closed;

	/*
	 * then its wildcard; an asterisk has got its records already, as the wildcard of its parent
	 */
	walk->step = STEP_BELOW;
	if (is_asterisk(of)) {
		level->closed = true;
		return 0;
	}
	if (!open || !put_range(walk, level, ret))
		return 0;
	memcpy(name, of, knot_dname_size(of));
	return 1;
}

static int step_name(struct range_walk *walk, knot_dname_storage_t name, struct node *ret)
{
	struct level *level = push(walk, walk->at);
	size_t size = knot_dname_size(walk->name);
	struct rrset set;

	if ((walk->at > 0 &&
	     (is_asterisk(walk->name) || node_find(&walk->node, KNOT_RRTYPE_NS, &set))) ||
	    node_find(&walk->node, KNOT_RRTYPE_DNAME, &set))
		level->closed = true;
	memcpy(walk->path, walk->name, size);
	walk->depth = walk->at;
	walk->step = STEP_READ;
	memcpy(name, walk->name, size);
	*ret = walk->node;
	return 1;
}

int range_walk_next(struct range_walk *walk, knot_dname_storage_t name, struct node *ret)
{
	int done = 0;

	if (!walk->spread)
		return store_walk_next(walk->walk, name, ret);
	while (done == 0 && walk->step != STEP_END) {
		switch (walk->step) {
		case STEP_READ:
			done = read_name(walk, name, ret);
			break;
		case STEP_BELOW:
			done = step_below(walk, name, ret);
			break;
		case STEP_EMPTY:
			done = step_empty(walk, name, ret);
			break;
		case STEP_NAME:
			done = step_name(walk, name, ret);
			break;
		case STEP_END:
			break;
		}
	}
	return done;
}
